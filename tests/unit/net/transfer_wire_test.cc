#include "net/transfer_wire.h"

#include <gtest/gtest.h>
#include <string>

using namespace std::chrono_literals;

TEST(TransferWire, EncodesWhatTheProgramReads) {
  net::UploadRequest request;
  request.url = "https://studio.example/complete";
  request.bearer = base::Secret("t");
  request.parts.push_back({"image", "", "/tmp/a b.png", "j.png", "image/png", "cd"});
  request.stall_limit = 1500ms;
  EXPECT_EQ(net::encode_request(7, request, "/ca.pem").reveal(),
            R"({"id":7,"do":"upload","url":"https://studio.example/complete","ca_file":"/ca.pem","bearer":"t",)"
            R"("stall_limit":1500,"parts":[{"name":"image","text":"","file":"/tmp/a b.png","filename":"j.png",)"
            R"("content_type":"image/png","xxh128":"cd"}]})");
  EXPECT_EQ(net::encode_cancel(8), R"({"id":8,"do":"cancel"})");
}

TEST(TransferWire, DecodesAnswers) {
  const auto good = net::decode_answer(
      R"({"id":9,"status":503,"content_type":"text/plain","body":"b","retry_after":2500,"sha256":"ab","bytes":12})");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->id, 9U);
  ASSERT_TRUE(good->outcome);
  EXPECT_EQ(good->outcome->status, 503);
  EXPECT_EQ(good->outcome->body, "b");
  EXPECT_EQ(good->outcome->retry_after, 2500ms);
  EXPECT_EQ(good->outcome->sha256, "ab");
  EXPECT_EQ(good->outcome->bytes, 12U);

  const auto bad = net::decode_answer(R"({"id":9,"error":"rejected","message":"too large"})");
  ASSERT_TRUE(bad);
  ASSERT_FALSE(bad->outcome);
  EXPECT_EQ(bad->outcome.error().code, base::Code::kRejected);
  EXPECT_EQ(bad->outcome.error().message, "too large");
}

TEST(TransferWire, BoundsNumbersThatNothingOfOursHolds) {
  const auto answer = net::decode_answer(
      R"({"id":18446744073709551615,"status":4294967496,"retry_after":9223372036854775807,"bytes":-1})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->id, UINT64_MAX);
  ASSERT_TRUE(answer->outcome);
  EXPECT_EQ(answer->outcome->status, INT32_MAX);
  EXPECT_EQ(answer->outcome->retry_after, std::chrono::hours(24 * 365));
  EXPECT_EQ(answer->outcome->bytes, 0U);
}

TEST(TransferWire, RefusesNonsense) {
  for (const char* frame : {"", "[]", "{", "null"}) {
    const auto answer = net::decode_answer(frame);
    ASSERT_FALSE(answer) << frame;
    EXPECT_EQ(answer.error().code, base::Code::kCorrupt);
  }
}
