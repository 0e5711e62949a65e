#include "engine_sdk/frames.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <thread>

#include "base/unique_fd.h"

namespace engine_sdk {
namespace {

namespace json = boost::json;

class Frames : public testing::Test {
 protected:
  Frames() {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    near_.reset(pair[0]);
    far_.reset(pair[1]);
  }

  void write(std::string_view bytes) {
    ASSERT_EQ(::send(near_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  base::UniqueFd near_;
  base::UniqueFd far_;
};

std::string frame_of(std::string_view text) {
  std::string bytes;
  for (std::size_t shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((text.size() >> shift) & 0xff);
  return bytes.append(text);
}

TEST_F(Frames, AMessageIsALittleEndianLengthAndItsText) {
  ASSERT_TRUE(FrameWriter(near_.get()).send(json::object{{"type", "quit"}}));
  std::array<char, 64> bytes{};
  const ssize_t got = ::read(far_.get(), bytes.data(), bytes.size());
  ASSERT_EQ(got, 19);
  EXPECT_EQ(std::string_view(bytes.data(), 19), frame_of(R"({"type":"quit"})"));
}

TEST_F(Frames, SeveralFramesInOneReadComeOutOneByOne) {
  write(frame_of("first") + frame_of("") + frame_of("third"));
  FrameReader reader(far_.get());
  EXPECT_EQ(reader.read().text, "first");
  const Frame empty = reader.read();
  EXPECT_EQ(empty.status, ReadStatus::kFrame);
  EXPECT_EQ(empty.text, "");
  EXPECT_EQ(reader.read().text, "third");
}

TEST_F(Frames, AFrameMayArriveByteByByte) {
  const std::string bytes = frame_of("slowly");
  std::thread sender([&] {
    for (const char byte : bytes) write({&byte, 1});
  });
  FrameReader reader(far_.get());
  EXPECT_EQ(reader.read().text, "slowly");
  sender.join();
}

TEST_F(Frames, FramesAroundTheBufferSizeKeepTheirContentAndOrder) {
  constexpr std::array<std::size_t, 6> kSizes{65'531, 65'532, 65'533, 65'536, 200'000, 1};
  std::thread sender([&] {
    for (const std::size_t size : kSizes) write(frame_of(std::string(size, 'a')) + frame_of("after"));
  });
  FrameReader reader(far_.get());
  for (const std::size_t size : kSizes) {
    const Frame frame = reader.read();
    ASSERT_EQ(frame.status, ReadStatus::kFrame);
    EXPECT_EQ(frame.text, std::string(size, 'a'));
    EXPECT_EQ(reader.read().text, "after");
  }
  sender.join();
}

TEST_F(Frames, ALargeMessageSurvivesTheWay) {
  const std::string text(20'000'000, 'q');
  std::thread sender([&] { EXPECT_TRUE(FrameWriter(near_.get()).send(json::object{{"text", text}})); });
  FrameReader reader(far_.get());
  const Frame frame = reader.read();
  sender.join();
  ASSERT_EQ(frame.status, ReadStatus::kFrame);
  EXPECT_EQ(frame.text.size(), text.size() + 11);
  EXPECT_EQ(frame.text.substr(9, text.size()), text);
}

TEST_F(Frames, ALengthBeyondTheLimitIsRefusedWithoutReadingOn) {
  write(std::string_view("\x01\0\0\x04", 4));
  FrameReader reader(far_.get());
  EXPECT_EQ(reader.read().status, ReadStatus::kTooLarge);
}

TEST_F(Frames, AMessageBeyondTheLimitIsNotSent) {
  FrameWriter writer(near_.get());
  EXPECT_FALSE(writer.send(json::value(std::string(kMaxFrame, 'x'))));
  ASSERT_TRUE(writer.send(json::value("next")));
  FrameReader reader(far_.get());
  EXPECT_EQ(reader.read().text, "\"next\"");
}

TEST_F(Frames, ACutFrameIsTheEndOfTheConversation) {
  write(frame_of("complete").substr(0, 7));
  near_.reset();
  FrameReader reader(far_.get());
  EXPECT_EQ(reader.read().status, ReadStatus::kClosed);
}

TEST_F(Frames, TheWriterNoticesThatNobodyReads) {
  far_.reset();
  FrameWriter writer(near_.get());
  EXPECT_FALSE(writer.closed());
  EXPECT_TRUE(writer.send(json::value("lost")));
  EXPECT_TRUE(writer.closed());
}

TEST_F(Frames, WritersOfManyThreadsNeverMixTheirFrames) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  FrameWriter writer(near_.get());
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&writer, t] {
      const std::string text(5'000, static_cast<char>('a' + t));
      for (int i = 0; i < kEach; ++i) writer.send(json::value(text));
    });
  }
  FrameReader reader(far_.get());
  for (int i = 0; i < kThreads * kEach; ++i) {
    const Frame frame = reader.read();
    ASSERT_EQ(frame.text.size(), 5'002U);
    EXPECT_EQ(frame.text.find_first_not_of(frame.text[1], 1), 5'001U);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace engine_sdk
