#include "protocol/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/result.h"
#include "base/text/utf8.h"

namespace protocol {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

enum class Class : unsigned char { kPlain, kShortEscape, kLongEscape, kBeyondAscii };

constexpr auto kClasses = [] {
  std::array<Class, 256> classes{};
  for (std::size_t i = 0; i < 0x20; ++i) classes[i] = Class::kLongEscape;
  for (const char c : {'\b', '\f', '\n', '\r', '\t', '"', '\\'}) {
    classes[static_cast<unsigned char>(c)] = Class::kShortEscape;
  }
  for (std::size_t i = 0x80; i < classes.size(); ++i) classes[i] = Class::kBeyondAscii;
  return classes;
}();

char short_escape(char c) {
  switch (c) {
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return c;
  }
}

/// Gives the pieces of the escaped text to `piece`, long stretches in one piece.
template <class Piece>
void escape(std::string_view text, Piece piece) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::size_t start = 0;
  std::size_t at = 0;
  const auto replace = [&](std::string_view with) {
    piece(text.substr(start, at - start));
    piece(with);
    start = ++at;
  };
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    switch (kClasses[byte]) {
      case Class::kPlain:
        ++at;
        break;
      case Class::kShortEscape: {
        const std::array<char, 2> pair = {'\\', short_escape(text[at])};
        replace({pair.data(), pair.size()});
        break;
      }
      case Class::kLongEscape: {
        const std::array<char, 6> unit = {'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]};
        replace({unit.data(), unit.size()});
        break;
      }
      case Class::kBeyondAscii:
        if (const std::size_t size = base::utf8_sequence(text.substr(at)); size > 0) {
          at += size;
        } else {
          replace(kReplacement);
        }
        break;
    }
  }
  piece(text.substr(start));
}

/// Plain notation where a person would use it; an exponent outside of that.
template <class Number>
std::string shortest(Number value) {
  std::array<char, 64> buffer{};
  const Number size = std::abs(value);
  const bool plain = size == 0 || (size >= Number(1e-5) && size < Number(1e16));
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          plain ? std::chars_format::fixed : std::chars_format::scientific);
  STUDIO_ASSERT(error == std::errc{});
  std::string text(buffer.data(), end);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::size_t escaped_size(std::string_view text) {
  std::size_t size = 2;
  escape(text, [&size](std::string_view piece) { size += piece.size(); });
  return size;
}

JsonWriter& JsonWriter::begin(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  separate();
  out_ += '"';
  escape(value, [this](std::string_view piece) { out_ += piece; });
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::flag(bool value) {
  return raw(value ? "true" : "false");
}

JsonWriter& JsonWriter::whole(std::uint64_t value) {
  return raw(std::to_string(value));
}

JsonWriter& JsonWriter::real(double value) {
  STUDIO_ASSERT(std::isfinite(value));
  return raw(shortest(value));
}

JsonWriter& JsonWriter::real32(double value) {
  STUDIO_ASSERT(std::isfinite(value));
  constexpr double kMost = std::numeric_limits<float>::max();
  return raw(shortest(static_cast<float>(std::clamp(value, -kMost, kMost))));
}

}  // namespace protocol
