#include "transfer/channel.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <variant>

#include "base/unique_fd.h"

using namespace std::chrono_literals;

namespace {

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    worker_.reset(ends[0]);
    program_.reset(ends[1]);
  }
  void write(const std::string& bytes) {
    ASSERT_EQ(::send(worker_.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  static std::string framed(const std::string& text) {
    return std::string{static_cast<char>(text.size()), 0, 0, 0} + text;
  }

  base::UniqueFd worker_;
  base::UniqueFd program_;
};

}  // namespace

TEST_F(ChannelTest, PutsFramesTogetherFromPieces) {
  transfer::Channel channel(program_.get());
  const std::string frame = framed(R"({"id":3,"do":"cancel"})");
  for (const char byte : frame) {
    EXPECT_FALSE(channel.next());
    write(std::string(1, byte));
    EXPECT_TRUE(channel.fill());
  }
  const auto request = channel.next();
  ASSERT_TRUE(request && *request);
  EXPECT_EQ((*request)->id, 3U);
  EXPECT_TRUE(std::holds_alternative<transfer::Cancel>((*request)->what));
  EXPECT_FALSE(channel.next());
}

TEST_F(ChannelTest, TakesSeveralFramesAtOnceAndAnswersProbes) {
  transfer::Channel channel(program_.get());
  write(framed("") + framed(R"({"id":1,"do":"cancel"})"));
  EXPECT_TRUE(channel.fill());
  EXPECT_TRUE(std::holds_alternative<transfer::Probe>((*channel.next())->what));
  EXPECT_TRUE(std::holds_alternative<transfer::Cancel>((*channel.next())->what));
}

TEST_F(ChannelTest, RefusesAFrameAboveTheLimit) {
  transfer::Channel channel(program_.get());
  write(std::string("\xFF\xFF\xFF\xFF", 4));
  EXPECT_TRUE(channel.fill());
  EXPECT_FALSE(*channel.next());
}

TEST_F(ChannelTest, NoticesTheEndOfTheWorker) {
  transfer::Channel channel(program_.get());
  worker_.reset();
  EXPECT_FALSE(channel.fill());
}

TEST_F(ChannelTest, KeepsWhatTheSocketDoesNotTake) {
  transfer::Channel channel(program_.get());
  const std::string large(4 * base::kMiB, 'l');
  channel.send(large);
  EXPECT_TRUE(channel.flush());
  EXPECT_TRUE(channel.wants_to_write());
  std::string got;
  std::string chunk(1 << 20, '\0');
  while (got.size() < large.size() + 4) {
    const ssize_t size = ::recv(worker_.get(), chunk.data(), chunk.size(), 0);
    ASSERT_GT(size, 0);
    got.append(chunk.data(), static_cast<std::size_t>(size));
    EXPECT_TRUE(channel.flush());
  }
  EXPECT_EQ(got, std::string("\0\0\x40\0", 4) + large);
  EXPECT_FALSE(channel.wants_to_write());
}

TEST(TransferRequest, IsReadFieldByField) {
  const auto upload = transfer::decode_request(
      R"({"id":7,"do":"upload","url":"https://h/x","ca_file":"/ca.pem","bearer":"t","stall_limit":1500,)"
      R"("parts":[{"name":"image","text":"","file":"/r.png","filename":"j.png","content_type":"image/png",)"
      R"("xxh128":"cd"},)"
      R"({"name":"ext","text":"png","file":"","filename":"","content_type":"","xxh128":""}]})");
  ASSERT_TRUE(upload);
  EXPECT_EQ(upload->id, 7U);
  const auto& form = std::get<transfer::Upload>(upload->what);
  EXPECT_EQ(form.to.url, "https://h/x");
  EXPECT_EQ(form.to.bearer.reveal(), "t");
  EXPECT_EQ(form.to.ca_file, "/ca.pem");
  EXPECT_EQ(form.stall_limit, 1500ms);
  ASSERT_EQ(form.parts.size(), 2U);
  EXPECT_EQ(form.parts[0].file, "/r.png");
  EXPECT_EQ(form.parts[0].xxh128, "cd");
  EXPECT_EQ(form.parts[1].text, "png");
  EXPECT_EQ(form.parts[1].xxh128, "");

  const auto download = transfer::decode_request(
      R"({"id":8,"do":"download","url":"u","destination":"/d","max_bytes":5,"limit":60000,"user_agent":"a"})");
  ASSERT_TRUE(download);
  const auto& get = std::get<transfer::Download>(download->what);
  EXPECT_EQ(get.destination, "/d");
  EXPECT_EQ(get.max_bytes, 5U);
  EXPECT_EQ(get.limit, 60s);
  EXPECT_EQ(get.user_agent, "a");

  const auto send = transfer::decode_request(
      R"({"id":9,"do":"send","url":"u","bearer":"","method":"POST","content_type":"c","body":"b","limit":1})");
  ASSERT_TRUE(send);
  EXPECT_EQ(std::get<transfer::Send>(send->what).method, "POST");
  EXPECT_EQ(std::get<transfer::Send>(send->what).body, "b");
}

TEST(TransferRequest, IsRefusedWhenItMakesNoSense) {
  for (const char* frame : {"{", "[]", R"({"id":1})", R"({"id":1,"do":"dance"})", R"({"id":1,"do":"upload"})",
                            R"({"id":1,"do":"upload","parts":[1]})"}) {
    EXPECT_FALSE(transfer::decode_request(frame)) << frame;
  }
}

TEST(TransferAnswer, IsWrittenWithOrWithoutAnError) {
  transfer::Answer good;
  good.status = 200;
  good.body = "b";
  good.retry_after = 2s;
  good.sha256 = "ab";
  good.bytes = 3;
  EXPECT_EQ(transfer::encode_answer(4, good),
            R"({"id":4,"status":200,"content_type":"","body":"b","retry_after":2000,"sha256":"ab","bytes":3})");
  transfer::Answer bad;
  bad.error = base::Error{base::Code::kTimeout, "late"};
  EXPECT_EQ(transfer::encode_answer(5, bad), R"({"id":5,"error":"timeout","message":"late"})");
}
