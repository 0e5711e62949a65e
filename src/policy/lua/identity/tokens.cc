#include "policy/lua/identity/tokens.h"

#include <algorithm>
#include <cctype>

namespace policy::lua {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  /// Where the next token begins and ends; false at the end. `line` is the one on which it begins.
  bool next(std::string& token, int& line) {
    if (!skip_blanks_and_comments()) return false;
    line = line_;
    const char c = text_[at_];
    if (is_word(c)) {
      // A number with a point or an exponent in it is one token, too.
      const bool number = std::isdigit(static_cast<unsigned char>(c)) != 0;
      const auto begin = at_;
      while (at_ < text_.size() && (is_word(text_[at_]) || (number && text_[at_] == '.'))) ++at_;
      token = text_.substr(begin, at_ - begin);
    } else if (c == '"' || c == '\'') {
      token = quoted(c);
    } else if (const auto level = long_bracket()) {
      token = '"' + std::string(skip_long(level)) + '"';
    } else {
      token = text_.substr(at_++, 1);
    }
    return true;
  }

 private:
  bool skip_blanks_and_comments() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("--")) {
        at_ += 2;
        if (const auto level = long_bracket())
          skip_long(level);
        else
          at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        if (text_[at_++] == '\n') ++line_;
      } else {
        return true;
      }
    }
    return false;
  }

  /// The length of a "[[", "[=[" ... that begins here; 0 when none does.
  std::size_t long_bracket() const {
    if (at_ >= text_.size() || text_[at_] != '[') return 0;
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] == '=') ++end;
    return end < text_.size() && text_[end] == '[' ? end + 1 - at_ : 0;
  }

  std::string_view skip_long(std::size_t level) {
    at_ += level;
    const std::string end = "]" + std::string(level - 2, '=') + "]";
    const auto close = std::min(text_.find(end, at_), text_.size());
    const auto inner = text_.substr(at_, close - at_);
    line_ += static_cast<int>(std::count(inner.begin(), inner.end(), '\n'));
    at_ = std::min(close + end.size(), text_.size());
    return inner;
  }

  std::string quoted(char quote) {
    std::string token = "\"";
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        // Which quote it is decides whether it is escaped, and means nothing.
        if (const char escaped = text_[++at_]; escaped != '"' && escaped != '\'') token += '\\';
      }
      if (text_[at_] == '\n') ++line_;
      token += text_[at_];
    }
    ++at_;
    return token + '"';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<std::string> tokens_of(std::string_view source, int first, int last) {
  std::vector<std::string> tokens;
  Lexer lexer(source);
  std::string token;
  for (int line = 0; lexer.next(token, line) && line <= last;) {
    if (line >= first) tokens.push_back(token);
  }
  return tokens;
}

}  // namespace policy::lua
