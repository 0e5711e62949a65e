#pragma once
// Writes little-endian numbers and text behind each other: the headers of WAV and GLB files.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace synthetic {

class LittleEndian {
 public:
  explicit LittleEndian(std::size_t expected) { bytes_.reserve(expected); }

  template <std::unsigned_integral Number>
  void number(Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
      bytes_.push_back(static_cast<std::uint8_t>((std::uint64_t{value} >> (8 * i)) & 0xff));
    }
  }
  void number(float value) { number(std::bit_cast<std::uint32_t>(value)); }
  void numbers(std::span<const std::int16_t> values) {
    std::size_t at = bytes_.size();
    bytes_.resize(at + values.size_bytes());
    for (const std::int16_t value : values) {
      bytes_[at++] = static_cast<std::uint8_t>(value & 0xff);
      bytes_[at++] = static_cast<std::uint8_t>((value >> 8) & 0xff);
    }
  }
  void text(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }
  void bytes(const std::vector<std::uint8_t>& other) { bytes_.insert(bytes_.end(), other.begin(), other.end()); }
  /// Fills up to a multiple of four, as the chunks of a GLB file want it.
  void pad(std::uint8_t filler) {
    while (bytes_.size() % 4 != 0) bytes_.push_back(filler);
  }

  std::size_t size() const { return bytes_.size(); }
  std::vector<std::uint8_t> take() && { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace synthetic
