#include "policy/lua/matcher.h"

#include <cctype>

namespace policy::lua {
namespace {

constexpr int kMaxDepth = 200;  // of our own recursion; the thread's stack holds thousands

/// Whether `c` is of the class that `letter` names; nothing when the letter names none.
std::optional<bool> in_class(unsigned char c, char letter) {
  const bool negated = letter >= 'A' && letter <= 'Z';
  bool in = false;
  // ASCII on purpose: a decision must not depend on the locale.
  const bool ascii = c < 0x80;
  switch (negated ? letter - 'A' + 'a' : letter) {
    case 'a':
      in = ascii && std::isalpha(c) != 0;
      break;
    case 'c':
      in = ascii && std::iscntrl(c) != 0;
      break;
    case 'd':
      in = ascii && std::isdigit(c) != 0;
      break;
    case 'l':
      in = ascii && std::islower(c) != 0;
      break;
    case 'p':
      in = ascii && std::ispunct(c) != 0;
      break;
    case 's':
      in = ascii && std::isspace(c) != 0;
      break;
    case 'u':
      in = ascii && std::isupper(c) != 0;
      break;
    case 'w':
      in = ascii && std::isalnum(c) != 0;
      break;
    case 'x':
      in = ascii && std::isxdigit(c) != 0;
      break;
    default:
      return std::nullopt;
  }
  return in != negated;
}

bool matches_escape(unsigned char c, char letter) {
  return in_class(c, letter).value_or(static_cast<unsigned char>(letter) == c);
}

}  // namespace

bool Matcher::spend() {
  if (error_ != nullptr) return false;
  if (++steps_ <= kMaxSteps) return true;
  fail("the pattern takes too long on this text; make it simpler");
  return false;
}

void Matcher::fail(const char* why) {
  if (error_ == nullptr) error_ = why;
}

std::optional<Matcher::Match> Matcher::find(std::size_t from) {
  const bool anchored = !pattern_.empty() && pattern_.front() == '^';
  for (std::size_t start = from; start <= subject_.size(); ++start) {
    count_ = 0;
    if (const auto end = match(start, anchored ? 1 : 0, 0)) {
      for (std::size_t i = 0; i < count_; ++i) {
        if (open_.at(i)) fail("a capture of the pattern is not closed");
      }
      if (error_ != nullptr) return std::nullopt;
      return Match{start, *end};
    }
    if (error_ != nullptr || anchored) return std::nullopt;
  }
  return std::nullopt;
}

/// The end of a match of pattern[p..] at subject[s..].
Matcher::End Matcher::match(std::size_t s, std::size_t p, int depth) {
  if (depth > kMaxDepth) fail("the pattern is too complex");
  for (;;) {
    if (!spend()) return std::nullopt;
    if (p == pattern_.size()) return s;
    const char c = pattern_[p];
    if (c == '(') return match_open(s, p + 1, depth);
    if (c == ')') return match_close(s, p + 1, depth);
    if (c == '$' && p + 1 == pattern_.size()) return s == subject_.size() ? End(s) : std::nullopt;
    if (c == '%' && p + 1 < pattern_.size()) {
      const char next = pattern_[p + 1];
      if (next == 'b' || next == 'f' || (next >= '0' && next <= '9')) {
        const auto end = special(s, p);
        if (!end) return std::nullopt;
        s = *end;
        continue;
      }
    }
    const std::size_t after = item_end(p);
    if (error_ != nullptr) return std::nullopt;
    const char repeat = after < pattern_.size() ? pattern_[after] : '\0';
    if (repeat == '*' || repeat == '+' || repeat == '-' || repeat == '?') return match_repeated(s, p, after, depth);
    if (!matches_item(s, p, after)) return std::nullopt;
    ++s;
    p = after;
  }
}

/// "%b", "%f" and "%1": moves `p` behind it and gives the place in the subject behind it.
std::optional<std::size_t> Matcher::special(std::size_t s, std::size_t& p) {
  const char which = pattern_[p + 1];
  if (which == 'b') {
    if (p + 3 >= pattern_.size()) {
      fail("'%b' in the pattern needs two characters");
      return std::nullopt;
    }
    const auto end = match_balanced(s, p + 2);
    p += 4;
    return end;
  }
  if (which == 'f') {
    const std::size_t set = p + 2;
    if (set >= pattern_.size() || pattern_[set] != '[') {
      fail("'%f' in the pattern needs a set behind it");
      return std::nullopt;
    }
    const std::size_t after = item_end(set);
    if (error_ != nullptr || !at_frontier(s, set, after)) return std::nullopt;
    p = after;
    return s;
  }
  const auto end = match_reference(s, which);
  p += 2;
  return end;
}

Matcher::End Matcher::match_open(std::size_t s, std::size_t p, int depth) {
  if (count_ == kMaxCaptures) {
    fail("the pattern has too many captures");
    return std::nullopt;
  }
  const std::size_t index = count_++;
  const bool position = p < pattern_.size() && pattern_[p] == ')';
  captures_.at(index) = {s, 0, position};
  open_.at(index) = !position;
  const auto end = match(s, position ? p + 1 : p, depth + 1);
  if (!end) count_ = index;
  return end;
}

Matcher::End Matcher::match_close(std::size_t s, std::size_t p, int depth) {
  std::size_t index = count_;
  while (index > 0 && !open_.at(index - 1)) --index;
  if (index == 0) {
    fail("the pattern closes a capture that is not open");
    return std::nullopt;
  }
  Capture& capture = captures_.at(index - 1);
  capture.length = s - capture.start;
  open_.at(index - 1) = false;
  const auto end = match(s, p, depth + 1);
  if (!end) open_.at(index - 1) = true;
  return end;
}

/// The item pattern[p..after) with the repetition mark at `after`.
Matcher::End Matcher::match_repeated(std::size_t s, std::size_t p, std::size_t after, int depth) {
  const char mark = pattern_[after];
  const std::size_t rest = after + 1;
  if (mark == '-') {
    for (;; ++s) {
      if (const auto end = match(s, rest, depth + 1)) return end;
      if (!spend() || !matches_item(s, p, after)) return std::nullopt;
    }
  }
  std::size_t most = 0;
  while ((mark != '?' || most == 0) && spend() && matches_item(s + most, p, after)) ++most;
  const std::size_t least = mark == '+' ? 1 : 0;
  for (std::size_t count = most + 1; count-- > least;) {
    if (const auto end = match(s + count, rest, depth + 1)) return end;
    if (error_ != nullptr) return std::nullopt;
  }
  return std::nullopt;
}

Matcher::End Matcher::match_balanced(std::size_t s, std::size_t p) {
  const char opens = pattern_[p];
  const char closes = pattern_[p + 1];
  if (s >= subject_.size() || subject_[s] != opens) return std::nullopt;
  std::size_t level = 1;
  for (std::size_t i = s + 1; i < subject_.size() && spend(); ++i) {
    if (subject_[i] == closes) {
      if (--level == 0) return i + 1;
    } else if (subject_[i] == opens) {
      ++level;
    }
  }
  return std::nullopt;
}

bool Matcher::at_frontier(std::size_t s, std::size_t set, std::size_t after) {
  const auto before = s == 0 ? '\0' : subject_[s - 1];
  const auto here = s < subject_.size() ? subject_[s] : '\0';
  steps_ += (after - set) / 4;
  return !in_set(static_cast<unsigned char>(before), set, after) &&
         in_set(static_cast<unsigned char>(here), set, after);
}

Matcher::End Matcher::match_reference(std::size_t s, char digit) {
  const auto index = static_cast<std::size_t>(digit - '1');
  if (digit == '0' || index >= count_ || open_.at(index) || captures_.at(index).position) {
    fail("the pattern refers to a capture that does not exist");
    return std::nullopt;
  }
  const auto text = subject_.substr(captures_.at(index).start, captures_.at(index).length);
  if (subject_.substr(s, text.size()) != text) return std::nullopt;
  steps_ += text.size();
  return s + text.size();
}

/// The end of the single-character item that starts at `p`.
std::size_t Matcher::item_end(std::size_t p) {
  if (pattern_[p] == '%') {
    if (p + 1 >= pattern_.size()) fail("the pattern ends with '%'");
    return p + 2;
  }
  return pattern_[p] == '[' ? set_end(p) : p + 1;
}

std::size_t Matcher::set_end(std::size_t p) {
  std::size_t i = p + 1;
  if (i < pattern_.size() && pattern_[i] == '^') ++i;
  for (bool first = true; i < pattern_.size(); first = false) {
    if (pattern_[i] == ']' && !first) {
      steps_ += (i - p) / 8;  // a long set costs more than a letter, each time that it is read
      return i + 1;
    }
    i += pattern_[i] == '%' ? 2 : 1;
  }
  fail("a set of the pattern lacks its ']'");
  return pattern_.size();
}

bool Matcher::matches_item(std::size_t s, std::size_t p, std::size_t after) {
  if (s >= subject_.size()) return false;
  const auto c = static_cast<unsigned char>(subject_[s]);
  switch (pattern_[p]) {
    case '.':
      return true;
    case '%':
      return matches_escape(c, pattern_[p + 1]);
    case '[':
      steps_ += (after - p) / 8;
      return in_set(c, p, after);
    default:
      return static_cast<unsigned char>(pattern_[p]) == c;
  }
}

bool Matcher::in_set(unsigned char c, std::size_t p, std::size_t after) const {
  const std::size_t close = after - 1;
  std::size_t i = p + 1;
  const bool negated = pattern_[i] == '^';
  if (negated) ++i;
  while (i < close) {
    if (pattern_[i] == '%' && i + 1 < close) {
      if (matches_escape(c, pattern_[i + 1])) return !negated;
      i += 2;
      continue;
    }
    const auto low = static_cast<unsigned char>(pattern_[i]);
    if (i + 2 < close && pattern_[i + 1] == '-') {
      const auto high = static_cast<unsigned char>(pattern_[i + 2]);
      if (low <= c && c <= high) return !negated;
      i += 3;
      continue;
    }
    if (low == c) return !negated;
    ++i;
  }
  return negated;
}

}  // namespace policy::lua
