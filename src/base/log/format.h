#pragma once
// How a record looks as a line, as text or JSON. Pure.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/log.h"

namespace base::log {

enum class Escapes : std::uint8_t {
  kText,    // control characters as \xNN
  kQuoted,  // and a backslash in front of quotes and backslashes: between the quotes of a field
  kJson,    // as JSON has it: between the quotes of a string
};

/// What printable() does, for the place where the text will stand: once, and so that it can be undone.
std::string escaped(std::string_view text, Escapes escapes, std::size_t limit = 2000);

/// Appends " key=value" for each field; values that are not plain words are quoted.
void append_fields(std::string& line, std::span<const Field> fields);

/// "[ws] text key=value".
std::string text_line(std::string_view category, std::string_view message, std::span<const Field> fields);

/// A JSON object without its closing brace, so that more fields can follow.
std::string open_json(std::string_view time, Level level, std::string_view category, std::string_view message);
void append_json(std::string& line, std::span<const Field> fields);

}  // namespace base::log
