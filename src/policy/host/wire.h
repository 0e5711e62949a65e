#pragma once
// Writer and Reader: the values inside a frame between the daemon and studio-policy-host. Little-endian, fixed sizes.

#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.h"

namespace policy::host {

enum class Tag : std::uint8_t {
  kLoad = 1,
  kDecide = 2,
  kLoaded = 3,
  kVerdict = 4,
  kSense = 5,
  kSensed = 6,
  kRecords = 7,
  kRewritten = 8,
  kTest = 9,
  kTested = 10
};

class Writer {
 public:
  explicit Writer(std::string& frame, Tag tag) : frame_(frame) {
    frame_.clear();
    byte(static_cast<std::uint8_t>(tag));
  }

  void byte(std::uint8_t value) { frame_ += static_cast<char>(value); }
  void flag(bool value) { byte(value ? 1 : 0); }
  void number(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) byte(static_cast<std::uint8_t>(value >> shift));
  }
  void real(double value) { number(std::bit_cast<std::uint64_t>(value)); }
  void time(std::chrono::nanoseconds value) { number(static_cast<std::uint64_t>(value.count())); }
  void text(std::string_view value) {
    number(value.size());
    frame_ += value;
  }
  template <class T>
  void optional(const std::optional<T>& value) {
    flag(value.has_value());
    if (!value) return;
    if constexpr (std::is_same_v<T, double>)
      real(*value);
    else if constexpr (std::is_same_v<T, base::Duration>)
      time(*value);
    else
      number(*value);
  }

 private:
  std::string& frame_;
};

/// Reads past the end give zeros and make the whole frame invalid.
class Reader {
 public:
  explicit Reader(std::string_view frame) : rest_(frame) {}

  std::uint8_t byte() {
    if (rest_.empty()) {
      bad_ = true;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  bool flag() { return below(2) == 1; }
  /// A small number; one that is too large makes the frame invalid.
  std::uint8_t below(std::uint8_t bound) {
    const auto value = byte();
    if (value >= bound) bad_ = true;
    return value < bound ? value : std::uint8_t{0};
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 8) value |= static_cast<std::uint64_t>(byte()) << shift;
    return value;
  }
  double real() { return std::bit_cast<double>(number()); }
  std::chrono::nanoseconds time() { return std::chrono::nanoseconds(static_cast<std::int64_t>(number())); }
  std::string text() {
    const auto size = number();
    if (size > rest_.size()) {
      bad_ = true;
      rest_ = {};
      return {};
    }
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  template <class T>
  std::optional<T> optional() {
    if (!flag()) return std::nullopt;
    if constexpr (std::is_same_v<T, double>) {
      return real();
    } else if constexpr (std::is_same_v<T, base::Duration>) {
      return time();
    } else {
      const auto value = number();
      if (value > std::numeric_limits<T>::max()) bad_ = true;
      return static_cast<T>(value);
    }
  }
  std::size_t count(std::size_t most) {
    const auto value = number();
    if (value > most) bad_ = true;
    return bad_ ? 0 : static_cast<std::size_t>(value);
  }

  void reject() { bad_ = true; }
  bool complete() const { return !bad_ && rest_.empty(); }
  bool bad() const { return bad_; }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

}  // namespace policy::host
