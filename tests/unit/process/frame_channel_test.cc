#include "process/frame_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>

#include "loop.h"

namespace process {
namespace {

using std::chrono::milliseconds;

/// A channel_ and the other end as a bare socket.
class FrameChannelTest : public testing::Test {
 protected:
  FrameChannelTest() {
    std::array<int, 2> ends{};
    STUDIO_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    peer_.reset(ends[1]);
    channel_ = std::make_unique<FrameChannel>(loop_.executor(), base::UniqueFd(ends[0]));
  }

  static std::string framed(std::string_view payload) {
    std::string bytes;
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(payload.size() >> shift & 255);
    return bytes.append(payload);
  }
  void peer_writes(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Everything that is in the socket now.
  std::string peer_reads() const {
    std::string bytes;
    std::array<char, 65536> chunk{};
    for (;;) {
      const ssize_t got = ::recv(peer_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
      if (got <= 0) return bytes;
      bytes.append(chunk.data(), static_cast<std::size_t>(got));
    }
  }
  void read_into(std::vector<std::string>& frames, std::size_t count) {
    static constexpr auto kRead = [](FrameChannel& from, std::vector<std::string>& into,
                                     std::size_t wanted) -> asio::awaitable<void> {
      while (into.size() < wanted) {
        const auto frame = co_await from.read();
        into.push_back(frame ? *frame : "error: " + frame.error().message);
      }
    };
    task_ = loop_.tasks().spawn("reader", kRead(*channel_, frames, count));
  }

  Loop loop_;
  base::UniqueFd peer_;
  std::unique_ptr<FrameChannel> channel_;
  base::TaskGroup::TaskId task_ = 0;
};

TEST_F(FrameChannelTest, WritesLengthAndPayload) {
  ASSERT_TRUE(channel_->send("hello"));
  ASSERT_TRUE(channel_->send(""));
  EXPECT_EQ(peer_reads(), std::string("\5\0\0\0hello\0\0\0\0", 13));
}

TEST_F(FrameChannelTest, PutsAFrameTogetherFromSingleBytes) {
  std::vector<std::string> frames;
  read_into(frames, 3);
  const std::string bytes = framed("one") + framed("") + framed("three");
  for (const char byte : bytes) {
    peer_writes({&byte, 1});
    loop_.turn();
  }
  EXPECT_EQ(frames, (std::vector<std::string>{"one", "", "three"}));
}

TEST_F(FrameChannelTest, TakesManyFramesOfOneWrite) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += framed(std::to_string(i));
  peer_writes(bytes);
  std::vector<std::string> frames;
  read_into(frames, 1000);
  loop_.turn();
  ASSERT_EQ(frames.size(), 1000U);
  EXPECT_EQ(frames.back(), "999");
}

TEST_F(FrameChannelTest, RefusesAnOversizeFrameFromItsLengthAlone) {
  peer_writes(std::string("\1\0\0\4", 4));
  std::vector<std::string> frames;
  read_into(frames, 1);
  loop_.turn();
  EXPECT_EQ(frames, std::vector<std::string>{"error: a frame of 67108865 bytes exceeds the limit"});
  const auto again = channel_->read_now();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->error().code, base::Code::kCorrupt);
}

TEST_F(FrameChannelTest, SendsNoOversizeFrame) {
  ASSERT_FALSE(channel_->send_large(std::string(kMaxFrameBytes + 1, 'x')));
  const auto sent = channel_->send(std::string(kMaxFrameBytes + 1, 'x'));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, base::Code::kInvalid);
  EXPECT_EQ(peer_reads(), "");
}

TEST_F(FrameChannelTest, KeepsTheOrderWhileTheReaderIsSlow) {
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    const std::string payload(100'000, static_cast<char>('a' + i % 26));
    expected += framed(payload);
    ASSERT_TRUE(i % 2 == 0 ? channel_->send(payload) : channel_->send_large(payload));
  }
  std::string received;
  while (received.size() < expected.size()) {
    const std::string piece = peer_reads();
    received += piece;
    loop_.turn();
    ASSERT_FALSE(piece.empty() && peer_reads().empty()) << "stuck after " << received.size();
  }
  EXPECT_TRUE(received == expected);
}

TEST_F(FrameChannelTest, CarriesTheLargestFrameBothWays) {
  const std::string payload(kMaxFrameBytes, 'x');
  std::thread mirror([&] {
    std::string bytes(kMaxFrameBytes + 4, '\0');
    ASSERT_EQ(::recv(peer_.get(), bytes.data(), bytes.size(), MSG_WAITALL), static_cast<ssize_t>(bytes.size()));
    peer_writes(bytes);
  });
  ASSERT_TRUE(channel_->send(payload));
  std::vector<std::string> frames;
  static constexpr auto kRead = [](FrameChannel& from, std::vector<std::string>& into) -> asio::awaitable<void> {
    auto frame = co_await from.read();
    if (frame) into.push_back(std::move(*frame));
  };
  loop_.run(kRead(*channel_, frames));
  mirror.join();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(frames[0] == payload);
}

TEST_F(FrameChannelTest, LosesNothingWhenAReadIsCancelled) {
  std::vector<std::string> first;
  read_into(first, 1);
  peer_writes(framed("whole").substr(0, 6));
  loop_.turn();
  loop_.tasks().cancel(task_);
  loop_.turn();
  EXPECT_EQ(loop_.tasks().size(), 0U);
  peer_writes(framed("whole").substr(6));
  std::vector<std::string> second;
  read_into(second, 1);
  loop_.turn();
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second, std::vector<std::string>{"whole"});
}

TEST_F(FrameChannelTest, GivesTheLastFramesOfAPeerThatEnded) {
  peer_writes(framed("last words") + framed("cut short").substr(0, 7));
  peer_.reset();
  std::vector<std::string> frames;
  read_into(frames, 2);
  loop_.turn();
  EXPECT_EQ(frames, (std::vector<std::string>{"last words", "error: the child program closed its channel"}));
  EXPECT_FALSE(channel_->left_unread());
}

TEST_F(FrameChannelTest, KnowsThatThePeerEndedWithoutReadingAll) {
  ASSERT_TRUE(channel_->send("never read"));
  peer_writes(framed("bye"));
  peer_.reset();
  std::vector<std::string> frames;
  read_into(frames, 2);
  loop_.turn();
  EXPECT_EQ(frames.size(), 2U);
  EXPECT_TRUE(channel_->left_unread());
}

TEST_F(FrameChannelTest, SaysWhenThePeerIsGone) {
  peer_.reset();
  const auto sent = channel_->send("to nobody");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, base::Code::kUnavailable);
  EXPECT_TRUE(channel_->left_unread());
}

TEST_F(FrameChannelTest, GathersNoFramesForAPeerThatWentAwayMeanwhile) {
  ASSERT_TRUE(channel_->send(std::string(10 * base::kMiB, 'x'))) << "most of it waits";
  peer_.reset();
  loop_.turn();
  EXPECT_FALSE(channel_->send_large("more"));
  EXPECT_FALSE(channel_->send("more"));
}

TEST_F(FrameChannelTest, TakesWhatHasArrivedWithoutWaiting) {
  EXPECT_FALSE(channel_->read_now().has_value());
  peer_writes(framed("x").substr(0, 3));
  EXPECT_FALSE(channel_->read_now().has_value());
  peer_writes(framed("x").substr(3));
  const auto frame = channel_->read_now();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->value(), "x");
}

TEST_F(FrameChannelTest, ReadsDirectlyWithinALimit) {
  const auto late = channel_->read_directly(milliseconds(1));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Code::kTimeout);
  std::thread writer([&] { peer_writes(framed("in time")); });
  const auto frame = channel_->read_directly(std::chrono::seconds(20));
  writer.join();
  ASSERT_TRUE(frame);
  EXPECT_EQ(*frame, "in time");
  peer_.reset();
  EXPECT_EQ(channel_->read_directly(std::chrono::seconds(20)).error().code, base::Code::kUnavailable);
}

TEST_F(FrameChannelTest, EndsAPendingReadWhenItIsClosed) {
  std::vector<std::string> frames;
  read_into(frames, 1);
  loop_.turn();
  channel_->close();
  loop_.turn();
  EXPECT_EQ(frames, std::vector<std::string>{"error: the child program closed its channel"});
  EXPECT_FALSE(channel_->send("x"));
  EXPECT_EQ(channel_->read_now()->error().code, base::Code::kUnavailable);
}

TEST_F(FrameChannelTest, KeepsUpWithAPeerThatWritesWithoutEnd) {
  std::atomic<bool> enough = false;
  std::thread flood([&] {
    const std::string bytes = framed(std::string(60'000, 'x'));
    while (!enough && ::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const auto frame = channel_->read_directly(std::chrono::seconds(20));
    ASSERT_TRUE(frame);
    ASSERT_EQ(frame->size(), 60'000U);
  }
  enough = true;
  channel_->close();
  flood.join();
}

}  // namespace
}  // namespace process
