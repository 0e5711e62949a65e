#pragma once
// LineLog: a stream of an engine's output cut into lines, with limits on each line and on their number. No I/O.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace engine {

class LineLog {
 public:
  static constexpr std::size_t kMaxLine = 2000;
  static constexpr std::uint64_t kMaxLines = 400;

  /// Gets each line that is within the limits, cut at kMaxLine bytes and one: that one makes the printed line end in
  /// "…".
  using Sink = std::function<void(const std::string& line)>;
  explicit LineLog(Sink sink) : sink_(std::move(sink)) {}

  void append(std::string_view chunk);
  /// Nothing more will come: a last line without its end counts, too.
  void end();
  /// The engine's own log frames count to the same limit. False: over it, counted and dropped.
  bool admit();
  /// A new job, a new allowance. Returns how many lines the one before lost.
  std::uint64_t restart();
  /// What the engine said last; kept when the line itself was over the limit.
  const std::string& last_line() const { return last_; }

 private:
  Sink sink_;
  std::string line_;
  std::string last_;
  std::uint64_t lines_ = 0;
};

}  // namespace engine
