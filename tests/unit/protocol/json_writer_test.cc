#include "protocol/json_writer.h"

#include <gmock/gmock.h>
#include <limits>
#include <string>

#include "protocol/frames.h"
#include "protocol/json_view.h"

namespace {

std::string text_of(std::string_view value) {
  protocol::JsonWriter out;
  return std::move(out.text(value)).take();
}

std::string real_of(double value) {
  protocol::JsonWriter out;
  return std::move(out.real(value)).take();
}

std::string real32_of(double value) {
  protocol::JsonWriter out;
  return std::move(out.real32(value)).take();
}

TEST(JsonText, EscapesWhatJsonDemandsAndNothingElse) {
  EXPECT_EQ(text_of("plain / \x7F \xC3\xA4"), "\"plain / \x7F \xC3\xA4\"");
  EXPECT_EQ(text_of("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(text_of(std::string_view("\0\x1F", 2)), R"("\u0000\u001f")");
}

TEST(JsonText, ReplacesInvalidUtf8) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(text_of("a\xFFz"), "\"a" + mark + "z\"");
  EXPECT_EQ(text_of("\xC3"), "\"" + mark + "\"");
  EXPECT_EQ(text_of("\xC0\x80"), "\"" + mark + mark + "\"");                          // overlong
  EXPECT_EQ(text_of("\xED\xA0\x80"), "\"" + mark + mark + mark + "\"");               // surrogate
  EXPECT_EQ(text_of("\xF4\x90\x80\x80x"), "\"" + mark + mark + mark + mark + "x\"");  // beyond U+10FFFF
  EXPECT_EQ(text_of("\xF0\x9F\x98\x80"), "\"\xF0\x9F\x98\x80\"");
}

TEST(JsonText, OfAnyBytesIsValidAndAsLongAsSaid) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string bytes = {static_cast<char>(first), static_cast<char>(second)};
      const std::string text = text_of(bytes);
      ASSERT_TRUE(protocol::check_json(text)) << first << " " << second;
      ASSERT_EQ(text.size(), protocol::escaped_size(bytes)) << first << " " << second;
    }
  }
}

TEST(JsonNumber, HasItsShortestFormWithAFraction) {
  EXPECT_EQ(real_of(16), "16.0");
  EXPECT_EQ(real_of(0.7), "0.7");
  EXPECT_EQ(real_of(1.5), "1.5");
  EXPECT_EQ(real_of(0), "0.0");
  EXPECT_EQ(real_of(-2.25), "-2.25");
  EXPECT_EQ(real_of(100000), "100000.0");
  EXPECT_EQ(real_of(1e300), "1e+300");
  EXPECT_EQ(real32_of(15.99), "15.99");
  EXPECT_EQ(real32_of(7.9941406), "7.9941406");
  EXPECT_EQ(real32_of(1.0 / 3), "0.33333334");
  EXPECT_EQ(real32_of(1e300), "3.4028235e+38");
}

TEST(JsonWriter, WritesCommasBetweenMembersAndElements) {
  protocol::JsonWriter out;
  out.begin_object().key("a").whole(1).key("b").begin_array().flag(true).flag(false).begin_object().end_object();
  out.end_array().key("c").begin_array().end_array().key("d").raw("null").end_object();
  EXPECT_EQ(std::move(out).take(), R"({"a":1,"b":[true,false,{}],"c":[],"d":null})");
}

TEST(Encode, MakesALargeCompletionInOneBuffer) {
  std::string prompt(15U << 20U, '"');
  prompt += "\n\xFF";
  const std::string frame = protocol::encode(protocol::CompleteJson{base::JobId("job-1"), "{\"a\":1}", prompt});
  EXPECT_LE(frame.capacity() - frame.size(), 64U);
  EXPECT_TRUE(protocol::check_json(frame));
  EXPECT_TRUE(frame.starts_with(R"({"type":"completeJson","jobId":"job-1","result":{"a":1},"prompt":"\"\")"));
  EXPECT_TRUE(frame.ends_with("\\n\xEF\xBF\xBD\"}"));
}

TEST(Encode, LeavesOutTheCodeOfARejectForGood) {
  EXPECT_EQ(protocol::encode(protocol::Reject{base::JobId("j"), "no"}),
            R"({"type":"reject","jobId":"j","reason":"no"})");
}

TEST(Encode, ShipsNoLevelBelowInfo) {
  const protocol::LogEntry entry{"t", base::log::Level::kDebug, "c", "m", std::nullopt};
  EXPECT_EQ(protocol::encode(protocol::LogBatch{{entry}}),
            R"({"type":"logBatch","entries":[{"ts":"t","level":"info","category":"c","message":"m"}]})");
}

TEST(Encode, ListsEachModelOnceAndSorted) {
  protocol::Capabilities c;
  c.models = {{job::Kind::kImage, {"z", "a"}}, {job::Kind::kLlm, {"a", "m"}}};
  EXPECT_THAT(protocol::encode_capabilities(c),
              testing::HasSubstr(R"("supportedModels":["a","m","z"],"taskKinds":["image","llm"],)"
                                 R"("supportedModelsPerKind":{"image":["z","a"],"llm":["a","m"]})"));
}

}  // namespace
