#pragma once
// Matcher: Lua's patterns with a step budget, because the C library's matcher can run for hours on a short pattern.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace policy::lua {

class Matcher {
 public:
  static constexpr std::size_t kMaxCaptures = 32;
  static constexpr std::uint64_t kMaxSteps = 200'000;

  struct Capture {
    std::size_t start = 0;
    std::size_t length = 0;
    bool position = false;  // "()": only the place counts
  };
  struct Match {
    std::size_t start = 0;
    std::size_t end = 0;
  };

  Matcher(std::string_view subject, std::string_view pattern) : subject_(subject), pattern_(pattern) {}

  /// The first match at or after `from`. Nothing when there is none or `error` says why it stopped.
  std::optional<Match> find(std::size_t from);

  std::size_t captures() const { return count_; }
  const Capture& capture(std::size_t index) const { return captures_.at(index); }
  /// nullptr, or a literal.
  const char* error() const { return error_; }
  std::uint64_t steps() const { return steps_; }

 private:
  using End = std::optional<std::size_t>;

  End match(std::size_t s, std::size_t p, int depth);
  End match_open(std::size_t s, std::size_t p, int depth);
  End match_close(std::size_t s, std::size_t p, int depth);
  End match_repeated(std::size_t s, std::size_t p, std::size_t after, int depth);
  std::optional<std::size_t> special(std::size_t s, std::size_t& p);
  End match_balanced(std::size_t s, std::size_t p);
  bool at_frontier(std::size_t s, std::size_t set, std::size_t after);
  End match_reference(std::size_t s, char digit);
  std::size_t item_end(std::size_t p);
  std::size_t set_end(std::size_t p);
  bool matches_item(std::size_t s, std::size_t p, std::size_t after);
  bool in_set(unsigned char c, std::size_t p, std::size_t after) const;
  bool spend();
  void fail(const char* why);

  std::string_view subject_;
  std::string_view pattern_;
  std::array<Capture, kMaxCaptures> captures_{};
  std::array<bool, kMaxCaptures> open_{};
  std::size_t count_ = 0;
  std::uint64_t steps_ = 0;
  const char* error_ = nullptr;
};

}  // namespace policy::lua
