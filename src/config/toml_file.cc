#include "config/toml_file.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include <toml.hpp>

#include "base/files.h"
#include "base/text/utf8.h"

namespace config {
namespace {

TomlValue convert(const toml::value& value) {
  TomlValue result;
  result.line = value.location().line();
  result.column = value.location().column();
  switch (value.type()) {
    case toml::value_t::boolean:
      result.value = value.as_boolean();
      break;
    case toml::value_t::integer:
      result.value = static_cast<std::int64_t>(value.as_integer());
      break;
    case toml::value_t::floating:
      result.value = value.as_floating();
      break;
    case toml::value_t::string:
      result.value = value.as_string().str;
      break;
    case toml::value_t::array: {
      auto list = std::make_shared<TomlArray>();
      for (const auto& item : value.as_array()) list->push_back(convert(item));
      result.value = std::move(list);
      break;
    }
    case toml::value_t::table: {
      auto table = std::make_shared<TomlTable>();
      for (const auto& [key, item] : value.as_table()) table->emplace(key, convert(item));
      result.value = std::move(table);
      break;
    }
    default:
      break;
  }
  return result;
}

/// Deeper than any file of ours; the library recurses, so the depth must be known before it reads.
constexpr int kDeepest = 64;

/// The library's words quote the file, which may hold a secret. Each cause is known by a sign in the first line of
/// them and said in our own words; what we do not know is only placed.
struct Cause {
  std::string_view sign;
  std::string_view words;
  bool of_value = false;  // the library names the line only: the fault lies behind its `=`
};
constexpr Cause kCauses[] = {
    {"multiline", "the text between three quotes is not closed, or holds a bad escape or control character", true},
    {"not a valid literal string", "the text in '' is not closed on its line, or holds a control character", true},
    {"not a valid string", "the text in \"\" is not closed on its line, or holds a bad escape or control character",
     true},
    {"escape sequence", "no such escape; a backslash is written \\\\", true},
    {"utf8", "this is not UTF-8"},
    {"UTF-8", "this is not UTF-8"},
    {"codepoint", "this is not UTF-8"},
    {"unknown value appeared", "this is no value; text stands in quotes", true},
    {"unknown token appeared", "this is no value; text stands in quotes", true},
    {"invalid line format", "only a comment may follow a value"},
    {"newline required after [", "only a comment may follow a table's name"},
    {"value (\"", "the key stands here a second time"},
    {"table (\"", "the table stands here a second time"},
    {"tables (\"", "the table stands here a second time"},
    {"neither table nor", "the key in front of the dot holds a value already"},
    {"inserting to an inline table", "a table in braces cannot be extended"},
    {"separator `=`", "a key needs = and a value"},
    {"should be `=`", "a key needs = and a value"},
    {"unknown line appeared", "this is neither a key with a value, nor a table, nor a comment"},
    {"parse_array", "the list is not closed, or an item of it is no value"},
    {"in an array", "the list is not closed, or an item of it is no value"},
    {"inline_table", "the table in braces is not closed on its line, or a part of it is no key with a value"},
    {"missing value", "a value must stand behind the =", true},
    {"key", "this is no key; letters, digits, - and _ need no quotes"},
    {"date", "this is no date or time", true},
    {"time", "this is no date or time", true},
    {"integer", "this is no number", true},
    {"float", "this is no number", true},
};

base::Error placed(const std::string& name, std::size_t line, std::size_t column, std::string_view words) {
  return {base::Code::kInvalid,
          name + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + std::string(words)};
}

std::string_view line_of(const std::string& text, std::size_t line) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i < line && begin != std::string::npos; ++i) begin = text.find('\n', begin) + 1;
  return std::string_view(text).substr(begin, text.find('\n', begin) - begin);
}

/// Where the fault lies: behind the `=` when the library names only the line's beginning, else where it says.
std::size_t fault_column(std::string_view line, std::size_t said) {
  const std::size_t equals = line.find('=');
  const bool at_beginning = line.substr(0, said).find_first_not_of(" \t") + 1 >= said;
  if (!at_beginning || equals == std::string_view::npos) return said;
  const std::size_t value = line.find_first_not_of(" \t", equals + 1);
  return (value == std::string_view::npos ? equals : value) + 1;
}

base::Error explained(const std::string& name, const std::string& text, const toml::exception& failure) {
  const std::string_view what = failure.what();
  const std::string_view first = what.substr(0, what.find('\n'));
  const auto& place = failure.location();
  const auto* cause = std::find_if(std::begin(kCauses), std::end(kCauses),
                                   [&](const Cause& one) { return first.find(one.sign) != std::string_view::npos; });
  if (cause == std::end(kCauses)) return placed(name, place.line(), place.column(), "this is not TOML");
  const std::size_t column =
      cause->of_value ? fault_column(line_of(text, place.line()), place.column()) : place.column();
  return placed(name, place.line(), column, cause->words);
}

base::Error placed(const std::string& name, const std::string& text, std::size_t at, std::string_view words) {
  const auto here = text.begin() + static_cast<std::ptrdiff_t>(at);
  const std::size_t line = static_cast<std::size_t>(std::count(text.begin(), here, '\n')) + 1;
  const std::size_t newline = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  return placed(name, line, newline == std::string::npos ? at + 1 : at - newline, words);
}

/// The library finds it too, but reads outside of its buffer while it looks for the place.
base::Status check_utf8(const std::string& name, const std::string& text) {
  const std::size_t end = base::utf8_end(text);
  if (end == text.size()) return {};
  return placed(name, text, end, "this is not UTF-8");
}

/// Walks over quotes and comments, which may hold anything, and counts what nests in between.
class DepthCheck {
 public:
  explicit DepthCheck(const std::string& text) : text_(text) {}

  base::Status run(const std::string& name) {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\0') return refused(name, "a NUL byte; the file must be UTF-8 text");
      if (quote_ != '\0') {
        quoted(c);
      } else {
        plain(c);
      }
      if (depth_ > kDeepest || dots_ > kDeepest) return refused(name, "nested too deeply");
    }
    return {};
  }

 private:
  bool three(char c) const { return text_.compare(at_, 3, std::string(3, c)) == 0; }

  void quoted(char c) {
    if (c == '\\' && quote_ == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\0') {
      ++at_;
    } else if (long_) {
      if (c != quote_ || !three(quote_)) return;
      at_ += 2;
      quote_ = '\0';
    } else if (c == quote_ || c == '\n') {
      quote_ = '\0';
    }
  }

  void plain(char c) {
    switch (c) {
      case '"':
      case '\'':
        quote_ = c;
        long_ = three(c);
        if (long_) at_ += 2;
        break;
      case '#':
        while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n' && text_[at_ + 1] != '\0') ++at_;
        break;
      case '[':
      case '{':
        ++depth_;
        dots_ = 0;
        break;
      case ']':
      case '}':
        depth_ = std::max(0, depth_ - 1);
        dots_ = 0;
        break;
      case '.':
        ++dots_;  // each one of a dotted key is a table
        break;
      case '=':
      case ',':
      case '\n':
        dots_ = 0;
        break;
      default:
        break;
    }
  }

  base::Error refused(const std::string& name, std::string_view why) const { return placed(name, text_, at_, why); }

  const std::string& text_;
  std::size_t at_ = 0;
  char quote_ = '\0';
  bool long_ = false;
  int depth_ = 0;
  int dots_ = 0;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

base::Error expected(const std::string& name, std::string_view key, const TomlValue& value, const std::string& what) {
  return at(name, value, "\"" + std::string(key) + "\" must be " + what + ", not " + std::string(value.type_name()));
}

std::string shown(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

}  // namespace

const TomlTable* TomlValue::table() const {
  const auto* found = std::get_if<std::shared_ptr<TomlTable>>(&value);
  return found == nullptr ? nullptr : found->get();
}

const TomlArray* TomlValue::array() const {
  const auto* found = std::get_if<std::shared_ptr<TomlArray>>(&value);
  return found == nullptr ? nullptr : found->get();
}

std::string_view TomlValue::type_name() const {
  static constexpr std::string_view kNames[] = {"a date or time", "a boolean", "an integer", "a float",
                                                "a string",       "an array",  "a table"};
  return kNames[value.index()];
}

base::Error at(const std::string& name, const TomlValue& value, const std::string& what) {
  return placed(name, value.line, value.column, what);
}

base::Result<TomlTable> read_toml(const std::filesystem::path& path, const std::string& name) {
  auto text = base::read_file(path, kTomlLimit);
  if (!text && text.error().code == base::Code::kExhausted) {
    return base::Error{base::Code::kInvalid, path.string() + ": larger than " +
                                                 std::to_string(kTomlLimit / base::kKiB) + " KiB, so not ours"};
  }
  if (!text) return std::move(text).error();
  return parse_toml(*text, name);
}

base::Result<TomlTable> parse_toml(const std::string& text, const std::string& name) {
  CHECK_OK(DepthCheck(text).run(name));
  CHECK_OK(check_utf8(name, text));
  try {
    std::istringstream stream(text);
    const TomlValue root = convert(toml::parse(stream, name));
    return *root.table();
  } catch (const toml::exception& failure) {
    return explained(name, text, failure);
  } catch (const std::exception&) {
    return base::Error{base::Code::kInvalid, name + ": this is not TOML"};
  }
}

bool same(const TomlValue& left, const TomlValue& right) {
  if (left.value.index() != right.value.index()) return false;
  if (const TomlArray* items = left.array()) {
    return std::equal(items->begin(), items->end(), right.array()->begin(), right.array()->end(), same);
  }
  if (const TomlTable* table = left.table()) {
    return std::equal(
        table->begin(), table->end(), right.table()->begin(), right.table()->end(),
        [](const auto& one, const auto& other) { return one.first == other.first && same(one.second, other.second); });
  }
  return left.value == right.value;
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

base::Result<std::string> as_text(const std::string& name, std::string_view key, const TomlValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  return expected(name, key, value, "a string");
}

base::Result<bool> as_flag(const std::string& name, std::string_view key, const TomlValue& value) {
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag;
  return expected(name, key, value, "true or false");
}

base::Result<std::int64_t> as_integer(const std::string& name, std::string_view key, const TomlValue& value,
                                      std::int64_t low, std::int64_t high) {
  const auto* number = std::get_if<std::int64_t>(&value.value);
  if (number == nullptr) return expected(name, key, value, "an integer");
  if (*number >= low && *number <= high) return *number;
  return at(name, value,
            "\"" + std::string(key) + "\" must be between " + std::to_string(low) + " and " + std::to_string(high));
}

base::Result<double> as_number(const std::string& name, std::string_view key, const TomlValue& value, double low,
                               double high) {
  double number = 0;
  if (const auto* real = std::get_if<double>(&value.value)) {
    number = *real;
  } else if (const auto* whole = std::get_if<std::int64_t>(&value.value)) {
    number = static_cast<double>(*whole);
  } else {
    return expected(name, key, value, "a number");
  }
  if (std::isfinite(number) && number >= low && number <= high) return number;
  return at(name, value, "\"" + std::string(key) + "\" must be between " + shown(low) + " and " + shown(high));
}

base::Result<std::vector<std::string>> as_texts(const std::string& name, std::string_view key, const TomlValue& value) {
  if (value.array() == nullptr) return expected(name, key, value, "a list of strings");
  std::vector<std::string> texts;
  for (const auto& item : *value.array()) {
    TRY(auto text, as_text(name, key, item));
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace config
