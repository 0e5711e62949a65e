#pragma once
// Draws the synthetic picture of a prompt: square rings in four colours under a wave.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "digest/sha256.h"

namespace synthetic {

inline constexpr std::size_t kSide = 512;

class Painter {
 public:
  /// Computes the wave, which is the same in every picture.
  Painter();

  /// Packed RGB, row by row, of the prompt with this digest.
  std::vector<std::uint8_t> paint(const digest::Bytes& prompt) const;

 private:
  std::vector<std::uint8_t> wave_;  // what is added to each channel of each pixel, negative offsets as 256 - n
};

}  // namespace synthetic
