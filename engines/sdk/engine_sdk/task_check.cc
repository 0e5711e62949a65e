#include "engine_sdk/task_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace engine_sdk {
namespace json = boost::json;
namespace {

enum class Type : std::uint8_t { kText, kTexts, kU32, kU64, kFloat, kBool, kObject, kMessages, kExt };
enum class Presence : std::uint8_t {
  kRequired,
  kDefaulted,  // may be absent
  kNullable,   // may be absent or null
};

struct Parameter {
  std::string_view key;
  Type type;
  Presence presence;
};

using enum Type;
using enum Presence;

constexpr Parameter kImage[] = {
    {"prompt", kText, kRequired},    {"negativePrompt", kText, kNullable}, {"initImageUrl", kText, kNullable},
    {"maskUrl", kText, kNullable},   {"refImageUrl", kText, kNullable},    {"denoise", kFloat, kNullable},
    {"cfgScale", kFloat, kNullable}, {"samplingMethod", kText, kNullable}, {"width", kU32, kDefaulted},
    {"height", kU32, kDefaulted},    {"steps", kU32, kDefaulted},          {"seed", kU64, kNullable},
    {"ext", kExt, kDefaulted},
};
constexpr Parameter kLlm[] = {
    {"messages", kMessages, kRequired}, {"system", kText, kNullable},
    {"maxTokens", kU32, kDefaulted},    {"temperature", kFloat, kDefaulted},
    {"topP", kFloat, kNullable},        {"stop", kTexts, kNullable},
    {"reasoning", kText, kNullable},    {"chatTemplateKwargs", kObject, kDefaulted},
    {"images", kTexts, kDefaulted},
};
constexpr Parameter kStt[] = {
    {"inputUrl", kText, kRequired}, {"language", kText, kNullable}, {"translate", kBool, kNullable},
    {"prompt", kText, kNullable},   {"vad", kBool, kNullable},      {"timestamps", kText, kNullable},
};
constexpr Parameter kTts[] = {
    {"text", kText, kRequired},     {"voice", kText, kDefaulted}, {"speed", kFloat, kNullable},
    {"language", kText, kNullable}, {"ext", kExt, kDefaulted},
};
constexpr Parameter kVideo[] = {
    {"prompt", kText, kRequired},       {"negativePrompt", kText, kNullable},
    {"initImageUrl", kText, kNullable}, {"seconds", kFloat, kDefaulted},
    {"fps", kU32, kNullable},           {"width", kU32, kDefaulted},
    {"height", kU32, kDefaulted},       {"ext", kExt, kDefaulted},
};
constexpr Parameter kMesh[] = {
    {"imageUrl", kText, kRequired},
    {"seed", kU64, kNullable},
    {"ext", kExt, kDefaulted},
};

struct Kind {
  std::string_view name;
  std::span<const Parameter> parameters;
};

constexpr std::array<Kind, 6> kKinds{
    {{"image", kImage}, {"llm", kLlm}, {"audio_stt", kStt}, {"audio_tts", kTts}, {"video", kVideo}, {"mesh", kMesh}}};

const Kind* find_kind(std::string_view name) {
  const auto* found =
      std::find_if(kKinds.begin(), kKinds.end(), [name](const Kind& kind) { return kind.name == name; });
  return found == kKinds.end() ? nullptr : found;
}

bool is_unsigned(const json::value& value, std::uint64_t highest) {
  if (value.is_uint64()) return value.get_uint64() <= highest;
  return value.is_int64() && value.get_int64() >= 0 && static_cast<std::uint64_t>(value.get_int64()) <= highest;
}

bool is_number(const json::value& value) {
  return value.is_number() && (!value.is_double() || std::isfinite(value.get_double()));
}

bool are_texts(const json::value& value) {
  return value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                         [](const json::value& element) { return element.is_string(); });
}

/// The extension becomes part of a file name.
bool is_ext(const json::value& value) {
  if (!value.is_string()) return false;
  const std::string_view text = value.get_string();
  return !text.empty() && text.size() <= 8 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool has_text(const json::value& value, std::string_view key) {
  const json::value* member = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  return member != nullptr && member->is_string();
}

bool are_messages(const json::value& value) {
  return value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(), [](const json::value& m) {
           return has_text(m, "role") && has_text(m, "content");
         });
}

bool fits(const json::value& value, Type type) {
  switch (type) {
    case kText:
      return value.is_string();
    case kTexts:
      return are_texts(value);
    case kU32:
      return is_unsigned(value, std::numeric_limits<std::uint32_t>::max());
    case kU64:
      return is_unsigned(value, std::numeric_limits<std::uint64_t>::max());
    case kFloat:
      return is_number(value);
    case kBool:
      return value.is_bool();
    case kObject:
      return value.is_object();
    case kMessages:
      return are_messages(value);
    case kExt:
      return is_ext(value);
  }
  return false;
}

std::string_view words(Type type) {
  switch (type) {
    case kText:
      return "a string";
    case kTexts:
      return "a list of strings";
    case kU32:
      return "a whole number from 0 to 4294967295";
    case kU64:
      return "a whole number from 0 to 18446744073709551615";
    case kFloat:
      return "a number";
    case kBool:
      return "true or false";
    case kObject:
      return "an object";
    case kMessages:
      return "a list of objects with the strings role and content";
    case kExt:
      return "a file extension of 1 to 8 lower-case letters or digits";
  }
  return "something else";
}

bool is_right(const Parameter& parameter, const json::object& task) {
  const json::value* value = task.if_contains(parameter.key);
  if (value == nullptr) return parameter.presence != kRequired;
  if (value->is_null()) return parameter.presence == kNullable;
  return fits(*value, parameter.type);
}

}  // namespace

bool is_known_kind(std::string_view kind) {
  return find_kind(kind) != nullptr;
}

std::optional<std::string> check_task(std::string_view kind, const json::object& task) {
  const Kind* const found = find_kind(kind);
  if (found == nullptr) return "task.kind must be one of the six kinds";
  for (const Parameter& parameter : found->parameters) {
    if (is_right(parameter, task)) continue;
    return "task." + std::string(parameter.key) + " must be " + std::string(words(parameter.type));
  }
  return std::nullopt;
}

}  // namespace engine_sdk
