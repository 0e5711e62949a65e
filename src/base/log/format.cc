#include "base/log/format.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log/router.h"

namespace base::log {
namespace {

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

bool plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
}

}  // namespace

void append_fields(std::string& line, std::span<const Field> fields) {
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    const std::string value = printable(field.value);
    if (plain(value))
      line += value;
    else
      append_quoted(line, value);
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
  append_quoted(line, category);
  line += R"(,"message":)";
  append_quoted(line, printable(message));
  return line;
}

void append_json(std::string& line, std::span<const Field> fields) {
  for (const Field& field : fields) {
    line += ',';
    append_quoted(line, field.key);
    line += ':';
    append_quoted(line, printable(field.value));
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
