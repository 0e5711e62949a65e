#pragma once
// JSON text written straight into one string, with the wire's number and string forms. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace protocol {

/// Bytes that `text` takes as a JSON string, quotes included. For reserving once before a large text.
std::size_t escaped_size(std::string_view text);

/// Writes the commas; the caller keeps begin and end in pairs and a key in front of each value of an object.
class JsonWriter {
 public:
  explicit JsonWriter(std::size_t reserve = 0) { out_.reserve(reserve); }

  JsonWriter& begin_object() { return begin('{'); }
  JsonWriter& end_object() { return end('}'); }
  JsonWriter& begin_array() { return begin('['); }
  JsonWriter& end_array() { return end(']'); }
  /// Requires: a name of the contract, which needs no escape.
  JsonWriter& key(std::string_view name);

  /// Invalid UTF-8 becomes U+FFFD: a frame must never be unreadable because of a text in it.
  JsonWriter& text(std::string_view value);
  /// JSON from elsewhere, copied as it is.
  JsonWriter& raw(std::string_view json);
  JsonWriter& flag(bool value);
  JsonWriter& whole(std::uint64_t value);
  /// Shortest decimal form that reads back as the same number, always with a fraction: 16.0, 0.7.
  JsonWriter& real(double value);
  /// The same for a number that is 32 bits wide on the other side.
  JsonWriter& real32(double value);

  std::string take() && { return std::move(out_); }

 private:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  void separate();

  std::string out_;
  bool comma_ = false;
};

}  // namespace protocol
