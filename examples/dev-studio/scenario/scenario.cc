#include "scenario/scenario.h"

#include <array>
#include <utility>

namespace scenario {
namespace {

template <class Value, std::size_t kSize>
using Names = std::array<std::pair<std::string_view, Value>, kSize>;

constexpr Names<Kind, 6> kKinds{{{"image", Kind::kImage},
                                 {"llm", Kind::kLlm},
                                 {"audio_stt", Kind::kStt},
                                 {"audio_tts", Kind::kTts},
                                 {"video", Kind::kVideo},
                                 {"mesh", Kind::kMesh}}};
constexpr Names<Outcome, 6> kOutcomes{{{"done", Outcome::kDone},
                                       {"declined", Outcome::kDeclined},
                                       {"failed", Outcome::kFailed},
                                       {"unserved", Outcome::kUnserved},
                                       {"unanswered", Outcome::kUnanswered},
                                       {"unfinished", Outcome::kUnfinished}}};
constexpr Names<Garbage, 8> kGarbage{{{"cut-json", Garbage::kCutJson},
                                      {"array", Garbage::kArray},
                                      {"unknown-type", Garbage::kUnknownType},
                                      {"missing-key", Garbage::kMissingKey},
                                      {"unknown-enum", Garbage::kUnknownEnum},
                                      {"deep", Garbage::kDeep},
                                      {"empty", Garbage::kEmpty},
                                      {"binary", Garbage::kBinary}}};

template <class Value, std::size_t kSize>
std::optional<Value> value_of(const Names<Value, kSize>& names, std::string_view wanted) {
  for (const auto& [name, value] : names) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

template <class Value, std::size_t kSize>
std::string_view name_of(const Names<Value, kSize>& names, Value wanted) {
  for (const auto& [name, value] : names) {
    if (value == wanted) return name;
  }
  return "?";
}

}  // namespace

std::string_view to_string(Kind kind) {
  return name_of(kKinds, kind);
}
std::optional<Kind> parse_kind(std::string_view name) {
  return value_of(kKinds, name);
}
bool has_json_result(Kind kind) {
  return kind == Kind::kLlm || kind == Kind::kStt;
}

std::string_view to_string(Outcome outcome) {
  return name_of(kOutcomes, outcome);
}
std::optional<Outcome> parse_outcome(std::string_view name) {
  return value_of(kOutcomes, name);
}

std::optional<Garbage> parse_garbage(std::string_view name) {
  return value_of(kGarbage, name);
}

}  // namespace scenario
