#include "policy/compare/names.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace policy::compare {
namespace {

constexpr std::size_t kMostStates = 20'000;

/// All patterns at once, read letter by letter: a place in each, and where its `*` are, more than one.
class Automaton {
 public:
  using State = std::vector<std::uint32_t>;  // sorted places in `letters_`

  explicit Automaton(const std::vector<std::string_view>& patterns) {
    for (const std::string_view pattern : patterns) {
      starts_.push_back(static_cast<std::uint32_t>(letters_.size()));
      letters_.append(pattern);
      ends_.push_back(static_cast<std::uint32_t>(letters_.size()));
      letters_ += '\0';  // no pattern holds one
    }
  }

  State start() const { return with_skipped_stars(starts_); }

  State after(const State& state, char letter) const {
    State next;
    for (const std::uint32_t place : state) {
      if (letters_[place] == '*')
        next.push_back(place);
      else if (letters_[place] == letter)
        next.push_back(place + 1);
    }
    return with_skipped_stars(std::move(next));
  }

  /// Which patterns the text so far matches.
  std::vector<bool> matched(const State& state) const {
    std::vector<bool> result;
    for (const std::uint32_t end : ends_) result.push_back(std::binary_search(state.begin(), state.end(), end));
    return result;
  }

  /// Every letter of the patterns, and one that stands for all others.
  std::string alphabet() const {
    std::set<char> letters(letters_.begin(), letters_.end());
    letters.erase('*');
    letters.erase('\0');
    std::string result(letters.begin(), letters.end());
    for (char other = 'a'; result.size() == letters.size() && other != '\0'; ++other) {
      if (!letters.contains(other) && other != '*') result += other;
    }
    return result;
  }

 private:
  State with_skipped_stars(State state) const {
    for (std::size_t i = 0; i < state.size(); ++i) {
      if (letters_[state[i]] == '*') state.push_back(state[i] + 1);
    }
    std::sort(state.begin(), state.end());
    state.erase(std::unique(state.begin(), state.end()), state.end());
    return state;
  }

  std::string letters_;
  State starts_;
  State ends_;
};

}  // namespace

Names representatives(const std::vector<std::string_view>& patterns) {
  const Automaton automaton(patterns);
  const std::string alphabet = automaton.alphabet();
  Names names;
  std::set<std::vector<bool>> combinations;
  std::set<Automaton::State> seen;
  std::deque<std::pair<Automaton::State, std::string>> open = {{automaton.start(), ""}};
  while (!open.empty()) {
    const auto [state, text] = std::move(open.front());
    open.pop_front();
    for (const char letter : alphabet) {
      auto next = automaton.after(state, letter);
      if (seen.size() == kMostStates) {
        names.all = false;
        return names;
      }
      if (!seen.insert(next).second) continue;
      if (combinations.insert(automaton.matched(next)).second) names.texts.push_back(text + letter);
      open.emplace_back(std::move(next), text + letter);
    }
  }
  return names;
}

}  // namespace policy::compare
