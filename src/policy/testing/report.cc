#include "policy/testing/report.h"

#include <algorithm>

#include "base/log.h"

namespace policy::testing {
namespace {

constexpr std::size_t kVoteWidth = 12;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

}  // namespace

unsigned percent(std::size_t all, std::size_t missing) {
  return all == 0 ? 100 : static_cast<unsigned>((all - missing) * 100 / all);
}

std::size_t Report::failed() const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [](const Result& result) { return result.failure.has_value(); }));
}

std::vector<std::string> Report::errors() const {
  std::vector<std::string> errors;
  for (const Result& result : results) {
    if (result.failure) errors.push_back(base::log::printable(result.failure->place + ": " + result.failure->text));
  }
  return errors;
}

std::string to_text(const std::vector<job::TraceLine>& trace, const std::string& indent) {
  std::size_t widest = 0;
  for (const job::TraceLine& line : trace) widest = std::max(widest, line.rule.size());
  std::string text;
  for (const job::TraceLine& line : trace) {
    std::string vote(job::to_string(line.vote));
    if (line.vote == job::Vote::kDecline) vote = "DECLINE";
    text += indent + padded(std::move(vote), kVoteWidth) + padded(base::log::printable(line.rule), widest + 2) +
            base::log::printable(line.text) + "\n";
  }
  return text;
}

}  // namespace policy::testing
