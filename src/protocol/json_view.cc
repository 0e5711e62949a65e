#include "protocol/json_view.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

namespace protocol {
namespace {

namespace json = boost::json;

/// Takes every event and keeps nothing: what is wanted is the parser's judgement, not a tree.
struct Judge {
  static constexpr std::size_t max_object_size = std::string_view::npos;
  static constexpr std::size_t max_array_size = std::string_view::npos;
  static constexpr std::size_t max_key_size = std::string_view::npos;
  static constexpr std::size_t max_string_size = std::string_view::npos;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t, json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The first quote or backslash from `at` on, the text's size when there is none.
std::size_t next_mark(std::string_view text, std::size_t at) {
#ifdef __SSE2__
  const __m128i quotes = _mm_set1_epi8('"');
  const __m128i escapes = _mm_set1_epi8('\\');
  for (; at + sizeof(__m128i) <= text.size(); at += sizeof(__m128i)) {
    __m128i bytes;
    std::memcpy(&bytes, text.data() + at, sizeof(bytes));
    const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, escapes));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(marks));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found));
  }
#endif
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

/// Behind the closing quote of the string that starts at `at`, npos when it has none.
std::size_t string_end(std::string_view text, std::size_t at) {
  for (at = next_mark(text, at + 1); at < text.size(); at = next_mark(text, at + 2)) {
    if (text[at] == '"') return at + 1;
  }
  return std::string_view::npos;
}

std::size_t container_end(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = string_end(text, at);
        if (at == std::string_view::npos) return at;
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return std::string_view::npos;
}

std::size_t scalar_end(std::string_view text, std::size_t at) {
  const auto ends = [](char c) { return c == ',' || c == '}' || c == ']' || is_space(c); };
  while (at < text.size() && !ends(text[at])) ++at;
  return at;
}

std::size_t value_end(std::string_view text, std::size_t at) {
  if (text[at] == '"') return string_end(text, at);
  if (text[at] == '{' || text[at] == '[') return container_end(text, at);
  return scalar_end(text, at);
}

/// Four hex digits in front of `text`, removed from it. U+FFFD when they are not there.
char32_t take_hex(std::string_view& text) {
  constexpr std::size_t kDigits = 4;
  unsigned value = 0;
  const std::string_view digits = text.substr(0, kDigits);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  text.remove_prefix(digits.size());
  return error == std::errc{} && end == digits.data() + kDigits ? value : 0xFFFD;
}

/// The code point of the escape in front of `text` (its backslash is gone already), removed from it.
char32_t take_escape(std::string_view& text) {
  if (text.empty()) return 0xFFFD;
  const char name = text.front();
  text.remove_prefix(1);
  switch (name) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
    case '/':
      return static_cast<char32_t>(name);
    case 'u':
      break;
    default:
      return 0xFFFD;
  }
  const char32_t unit = take_hex(text);
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit > 0xDBFF || !text.starts_with("\\u")) return 0xFFFD;
  std::string_view rest = text.substr(2);
  const char32_t low = take_hex(rest);
  if (low < 0xDC00 || low > 0xDFFF) return 0xFFFD;
  text = rest;
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

void append_utf8(std::string& out, char32_t point) {
  const auto byte = [&out](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
  }
  byte(0x80 | (point & 0x3F));
}

constexpr std::size_t utf8_size(char32_t point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

std::string_view without_quotes(std::string_view string) {
  if (string.starts_with('"')) string.remove_prefix(1);
  if (string.ends_with('"')) string.remove_suffix(1);
  return string;
}

/// Calls `run` for each stretch without escapes and `point` for each escape.
template <class Run, class Point>
void read_string(std::string_view body, Run run, Point point) {
  while (!body.empty()) {
    const std::size_t escape = std::min(body.find('\\'), body.size());
    run(body.substr(0, escape));
    body.remove_prefix(escape);
    if (body.empty()) return;
    body.remove_prefix(1);
    point(take_escape(body));
  }
}

std::string refusal(const json::error_code& error, std::size_t at) {
  if (error == json::error::too_deep) {
    return "JSON is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels";
  }
  return "not valid JSON at byte " + std::to_string(at) + ": " + error.message();
}

}  // namespace

base::Status check_json(std::string_view text) {
  if (text.size() > kMaxFrameBytes) {
    return base::Error{base::Code::kInvalid, std::to_string(text.size()) + " bytes of JSON exceed the limit of " +
                                                 std::to_string(kMaxFrameBytes)};
  }
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<Judge> parser(options);
  json::error_code error;
  std::size_t at = parser.write_some(false, text.data(), text.size(), error);
  if (!error && at < text.size()) error = json::error::extra_data;
  if (error) return base::Error{base::Code::kInvalid, refusal(error, at)};
  return {};
}

JsonKind kind_of(std::string_view value) {
  const auto first = std::find_if_not(value.begin(), value.end(), is_space);
  switch (first == value.end() ? 'n' : *first) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

JsonWalk::JsonWalk(std::string_view container) : text_(container) {
  const char open = peek();
  object_ = open == '{';
  at_ = object_ || open == '[' ? at_ + 1 : text_.size();
}

/// The next character that is no space; NUL at the end.
inline char JsonWalk::peek() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonWalk::next() {
  if (peek() == ',') ++at_;
  if (object_) {
    if (peek() != '"') return false;
    const std::size_t mark = next_mark(text_, at_ + 1);
    key_has_escapes_ = mark < text_.size() && text_[mark] == '\\';
    const std::size_t end = key_has_escapes_ ? string_end(text_, at_) : mark + 1;
    if (end > text_.size()) return false;
    key_ = text_.substr(at_, end - at_);
    at_ = end;
    if (peek() != ':') return false;
    ++at_;
  }
  const char first = peek();
  if (first == '\0' || first == '}' || first == ']' || first == ',') return false;
  const std::size_t end = std::min(value_end(text_, at_), text_.size());
  value_ = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

bool spells(std::string_view string, std::string_view plain) {
  const std::string_view body = without_quotes(string);
  if (body.find('\\') == std::string_view::npos) return body == plain;
  return decode_string(string) == plain;
}

std::string_view find_member(std::string_view object, std::string_view key) {
  if (kind_of(object) != JsonKind::kObject) return {};
  for (JsonWalk walk(object); walk.next();) {
    if (spells(walk.key(), key)) return walk.value();
  }
  return {};
}

std::string decode_string(std::string_view string) {
  const std::string_view body = without_quotes(string);
  std::string out;
  out.reserve(body.size());
  read_string(
      body, [&out](std::string_view run) { out += run; }, [&out](char32_t point) { append_utf8(out, point); });
  return out;
}

std::size_t decoded_size(std::string_view string) {
  std::size_t size = 0;
  read_string(
      without_quotes(string), [&size](std::string_view run) { size += run.size(); },
      [&size](char32_t point) { size += utf8_size(point); });
  return size;
}

}  // namespace protocol
