#include "config/save.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>

#include "base/files.h"
#include "config/toml_file.h"

namespace config {
namespace {

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The key that a top-level line assigns, bare or quoted; empty for comments, tables and everything else.
std::string assigned_key(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  const std::size_t equals = line.find('=');
  if (begin == std::string::npos || equals == std::string::npos || line[begin] == '#' || line[begin] == '[') return {};
  const std::size_t end = line.find_last_not_of(" \t", equals - 1);
  if (equals <= begin || end == std::string::npos || end < begin) return {};
  std::string key = line.substr(begin, end - begin + 1);
  if (key.size() >= 2 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front()) {
    key = key.substr(1, key.size() - 2);
  }
  return key;
}

bool starts_table(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  return begin != std::string::npos && line[begin] == '[';
}

/// What follows the value of the line: blanks and a comment, and the CR of a DOS line.
std::string tail_of(const std::string& line) {
  char quote = '\0';
  std::size_t end = line.size();
  for (std::size_t i = line.find('=') + 1; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '"' && c == '\\') {
      ++i;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      end = i;
      break;
    }
  }
  const std::size_t value_end = line.find_last_not_of(" \t\r", end - 1);
  return line.substr(value_end + 1);
}

bool is_comment(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  return begin != std::string::npos && line[begin] == '#';
}

void change_line(std::vector<std::string>& lines, const Change& change) {
  const auto& [key, value] = change;
  std::size_t end = lines.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (starts_table(lines[i])) {
      end = i;
      // A comment right above a table is the table's.
      while (end > 0 && is_comment(lines[end - 1])) --end;
      break;
    }
    if (assigned_key(lines[i]) != key) continue;
    if (value) {
      lines[i] = key + " = " + *value + tail_of(lines[i]);
    } else {
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return;
  }
  if (!value) return;
  const bool dos = !lines.empty() && lines.front().ends_with('\r');
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(end), key + " = " + *value + (dos ? "\r" : ""));
}

base::Error not_editable(const std::string& name, const std::string& key) {
  return {base::Code::kInvalid, name + ": the key \"" + key + "\" cannot be edited; change it by hand"};
}

/// The text means what it meant before, but for the changes: a line edit cannot see values over several lines.
base::Status check_edit(const std::string& name, TomlTable before, TomlTable after,
                        const std::vector<Change>& changes) {
  for (const auto& [key, value] : changes) {
    const auto now = after.find(key);
    if ((now != after.end()) != value.has_value()) return not_editable(name, key);
    if (value) {
      TRY(const auto wanted, parse_toml(key + " = " + *value, name));
      if (!same(wanted.at(key), now->second)) return not_editable(name, key);
    }
    before.erase(key);
    after.erase(key);
  }
  const bool rest_is_same = std::equal(
      before.begin(), before.end(), after.begin(), after.end(),
      [](const auto& old, const auto& now) { return old.first == now.first && same(old.second, now.second); });
  return rest_is_same ? base::Status{} : not_editable(name, changes.front().first);
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", byte);
      result += escape.data();
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string toml_number(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.10g", value);
  std::string result = text.data();
  if (result.find_first_of(".e") == std::string::npos) result += ".0";
  return result;
}

std::string edited(std::string text, const std::vector<Change>& changes) {
  auto lines = split_lines(text);
  for (const auto& change : changes) change_line(lines, change);
  std::string result;
  for (const auto& line : lines) result += line + "\n";
  return result;
}

base::Status save(const Settings& settings, const std::vector<Change>& changes) {
  if (changes.empty()) return {};
  // A link to a file elsewhere stays one.
  std::error_code failure;
  auto file = std::filesystem::canonical(settings.config_file, failure);
  if (failure) file = settings.config_file;
  CHECK_OK(base::make_private_folder(file.parent_path()));
  auto text = base::read_file(file, kTomlLimit);
  if (!text) {
    if (text.error().code != base::Code::kNotFound) return std::move(text).error();
    text = "api_base_url = " + toml_string(settings.api_base_url) +
           "\nvram_threshold_gb = " + toml_number(settings.vram_threshold_gb) + "\n";
  }
  const std::string name = settings.config_file.filename().string();
  TRY(auto before, parse_toml(*text, name));
  const std::string changed = edited(std::move(*text), changes);
  TRY(auto after, parse_toml(changed, name));
  CHECK_OK(check_edit(name, std::move(before), std::move(after), changes));
  return base::write_file_atomically(file, changed, 0600);
}

}  // namespace config
