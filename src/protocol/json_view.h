#pragma once
// JSON text read in place: checked once by a real parser, then walked without a copy of it. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace protocol {

constexpr std::size_t kMaxFrameBytes = 64 * base::kMiB;
constexpr std::size_t kMaxJsonDepth = 32;

/// Exactly one JSON value, valid UTF-8, within both limits. Duplicate keys and ranges are the readers' business.
/// Errors: kInvalid with the byte at which reading stopped.
base::Status check_json(std::string_view text);

enum class JsonKind : std::uint8_t { kObject, kArray, kString, kNumber, kBool, kNull };

/// By the first character, so only meaningful for checked text.
JsonKind kind_of(std::string_view value);

/// The members of an object or the elements of an array, one after the other, as slices of the text.
/// Safe on text that was never checked: it then ends early, and a last value that is cut off reaches to the end.
class JsonWalk {
 public:
  explicit JsonWalk(std::string_view container);
  bool next();
  std::string_view key() const { return key_; }  // with its quotes, as written; objects only
  bool key_has_escapes() const { return key_has_escapes_; }
  std::string_view value() const { return value_; }

 private:
  char peek();

  std::string_view text_;
  std::size_t at_ = 0;
  bool object_ = false;
  bool key_has_escapes_ = false;
  std::string_view key_;
  std::string_view value_;
};

/// Whether a string of the text (with its quotes) says `plain`.
bool spells(std::string_view string, std::string_view plain);

/// The value of the first member called `key`, empty when there is none.
std::string_view find_member(std::string_view object, std::string_view key);

/// A string of the text (with its quotes) without its escapes, as UTF-8; and how many bytes that is.
std::string decode_string(std::string_view string);
std::size_t decoded_size(std::string_view string);

}  // namespace protocol
