#include "job/kind.h"

#include <gmock/gmock.h>

namespace job {
namespace {

TEST(Kind, IsSpeltAsOnTheWire) {
  std::vector<std::string_view> names;
  for (const Kind kind : kAllKinds) {
    names.push_back(to_string(kind));
    EXPECT_EQ(parse_kind(to_string(kind)), kind);
  }
  EXPECT_THAT(names, testing::ElementsAre("image", "llm", "audio_stt", "audio_tts", "video", "mesh"));
  for (const char* wrong : {"", "Image", "image ", "images", "audio-stt"}) EXPECT_FALSE(parse_kind(wrong)) << wrong;
}

TEST(Kind, TextKindsTravelAsJson) {
  for (const Kind kind : kAllKinds) EXPECT_EQ(is_json_kind(kind), kind == Kind::kLlm || kind == Kind::kAudioStt);
}

TEST(RejectCode, IsSpeltAsOnTheWire) {
  EXPECT_EQ(to_string(RejectCode::kNone), "");
  EXPECT_EQ(to_string(RejectCode::kBusy), "busy");
  EXPECT_EQ(to_string(RejectCode::kPaused), "paused");
  EXPECT_EQ(to_string(RejectCode::kInsufficientMemory), "insufficient_memory");
}

TEST(FailureClass, EveryOneReadsBack) {
  for (int i = 0; i <= static_cast<int>(FailureClass::kDiskFull); ++i) {
    const auto failure = static_cast<FailureClass>(i);
    EXPECT_EQ(parse_failure_class(to_string(failure)), failure);
  }
  EXPECT_FALSE(parse_failure_class("Crashed"));
  EXPECT_FALSE(parse_failure_class(""));
}

TEST(FailureClass, OnlyAWrongJobIsWrongEverywhere) {
  EXPECT_FALSE(is_retryable(FailureClass::kBadRequest));
  EXPECT_FALSE(is_retryable(FailureClass::kUnsupported));
  for (const auto failure : {FailureClass::kCrashed, FailureClass::kOomVram, FailureClass::kTimeout,
                             FailureClass::kInputFetchFailed, FailureClass::kDiskFull, FailureClass::kPreempted}) {
    EXPECT_TRUE(is_retryable(failure)) << to_string(failure);
  }
}

}  // namespace
}  // namespace job
