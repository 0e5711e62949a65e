#include "base/log/format.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/clock.h"
#include "base/log/router.h"
#include "base/text/utf8.h"

namespace base::log {
namespace {

void append_json_text(std::string& line, std::string_view text) {
  line += '"';
  line += escaped(text, Escapes::kJson);
  line += '"';
}

bool plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
}

void append_escape(std::string& safe, unsigned char byte, Escapes escapes) {
  std::array<char, 8> escape{};
  std::snprintf(escape.data(), escape.size(), escapes == Escapes::kJson ? "\\u%04x" : "\\x%02x", byte);
  safe += escape.data();
}

}  // namespace

std::string escaped(std::string_view text, Escapes escapes, std::size_t limit) {
  std::string safe;
  safe.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    if (safe.size() >= limit) return safe + "…";
    const std::size_t length = utf8_sequence(text);
    const auto lead = static_cast<unsigned char>(text.front());
    if (length == 0) {
      safe += "\xEF\xBF\xBD";
    } else if (lead < 0x20 || lead == 0x7F || (lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0)) {
      append_escape(safe, length == 1 ? lead : static_cast<unsigned char>(text[1]), escapes);
    } else {
      if (escapes != Escapes::kText && (lead == '"' || lead == '\\')) safe += '\\';
      safe += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return safe;
}

void append_fields(std::string& line, std::span<const Field> fields) {
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    const std::string value = escaped(field.value, Escapes::kQuoted);
    line += plain(value) ? value : '"' + value + '"';
  }
}

std::string text_line(std::string_view category, std::string_view message, std::span<const Field> fields) {
  std::string line = "[";
  line += category;
  line += "] ";
  line += printable(message);
  append_fields(line, fields);
  return line;
}

std::string open_json(std::string_view time, Level level, std::string_view category, std::string_view message) {
  std::string line = R"({"ts":")";
  line += time;
  line += R"(","level":")";
  line += to_string(level);
  line += R"(","category":)";
  append_json_text(line, category);
  line += R"(,"message":)";
  append_json_text(line, message);
  return line;
}

void append_json(std::string& line, std::span<const Field> fields) {
  for (const Field& field : fields) {
    line += ',';
    append_json_text(line, field.key);
    line += ':';
    append_json_text(line, field.value);
  }
}

const std::string* Record::find(std::string_view key) const {
  for (const auto* list : {&fields, &context}) {
    const auto found = std::find_if(list->begin(), list->end(), [key](const Field& field) { return field.key == key; });
    if (found != list->end()) return &found->value;
  }
  return nullptr;
}

std::string to_line(const Record& record, Format format) {
  const std::string time = format_utc(record.time);
  std::string line;
  if (format == Format::kJson) {
    line = open_json(time, record.level, record.category, record.message);
    append_json(line, record.fields);
    append_json(line, record.context);
    return line + "}\n";
  }
  std::string level(record.level == Level::kWarn ? "warning" : to_string(record.level));  // as on the console
  if (level.size() < 5) level.resize(5, ' ');
  line = time + " " + level + " " + text_line(record.category, record.message, record.fields);
  append_fields(line, record.context);
  return line + "\n";
}

std::string to_text(const std::vector<Field>& fields) {
  std::string text;
  append_fields(text, fields);
  return text.empty() ? text : text.substr(1);
}

}  // namespace base::log
