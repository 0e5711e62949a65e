#pragma once
// Trace: everything that happens in a simulated world, as lines; and what must not happen, as violations.

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace simulation {

class Trace {
 public:
  Trace(const base::Clock& clock, bool print) : clock_(clock), print_(print) {}

  void line(std::string_view who, std::string_view what) {
    ++lines_;
    mix(std::to_string(clock_.now().time_since_epoch().count()));
    mix(who);
    mix(what);
    if (print_) std::printf("%12.6f  %-8s %s\n", seconds(), std::string(who).c_str(), std::string(what).c_str());
  }
  void violation(std::string_view kind, std::string_view what) {
    line("FAIL", std::string(kind) + ": " + std::string(what));
    violations_.push_back(std::string(kind) + " at " + std::to_string(seconds()) + " s: " + std::string(what));
  }

  const std::vector<std::string>& violations() const { return violations_; }
  /// Two runs of a seed give the same one.
  std::uint64_t digest() const { return digest_; }
  std::uint64_t lines() const { return lines_; }

 private:
  double seconds() const { return std::chrono::duration<double>(clock_.now().time_since_epoch()).count(); }
  void mix(std::string_view text) {
    // FNV-1a, with a separator.
    for (const char c : text) digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    digest_ = (digest_ ^ 0xFF) * 0x100000001B3ULL;
  }

  const base::Clock& clock_;
  bool print_;
  std::uint64_t digest_ = 0xCBF29CE484222325ULL;
  std::uint64_t lines_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace simulation
