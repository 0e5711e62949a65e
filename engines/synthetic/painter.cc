#include "synthetic/painter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace synthetic {
namespace {

constexpr std::size_t kRow = kSide * 3;
constexpr int kCentre = 256;
constexpr std::size_t kRings = 4;

using Row = std::array<std::uint8_t, kRow>;

/// Rings are counted from the centre, six of them up to the edge; the outer ones share the last colour.
std::size_t ring_at(std::size_t coordinate) {
  const int distance = std::abs(static_cast<int>(coordinate) - kCentre);
  return std::min(static_cast<std::size_t>(6 * distance / kCentre), kRings - 1);
}

/// A negative offset is taken as an unsigned byte, which drives the channel to white; that is the look of this engine.
std::uint8_t offset_of(float value) {
  return static_cast<std::uint8_t>(static_cast<std::int8_t>(value));
}

/// The ring of a pixel is the larger one of its row's and its column's, so four rows make the whole picture.
std::array<Row, kRings> rows_of(const digest::Bytes& prompt) {
  std::array<Row, kRings> rows{};
  for (std::size_t ring = 0; ring < kRings; ++ring) {
    for (std::size_t x = 0; x < kSide; ++x) {
      const std::size_t colour = std::max(ring, ring_at(x));
      std::copy_n(prompt.begin() + static_cast<std::ptrdiff_t>(3 * colour), 3,
                  rows[ring].begin() + static_cast<std::ptrdiff_t>(3 * x));
    }
  }
  return rows;
}

void add_saturated(const std::uint8_t* base, const std::uint8_t* offset, std::uint8_t* out) {
  for (std::size_t i = 0; i < kRow; ++i) {
    out[i] = static_cast<std::uint8_t>(std::min(255, int{base[i]} + int{offset[i]}));
  }
}

}  // namespace

Painter::Painter() : wave_(kSide * kRow) {
  std::array<float, kSide> sines{};
  std::array<float, kSide> cosines{};
  for (std::size_t i = 0; i < kSide; ++i) {
    sines[i] = std::sin(static_cast<float>(i) / 24.0F);
    cosines[i] = std::cos(static_cast<float>(i) / 24.0F);
  }
  std::size_t at = 0;
  for (const float cosine : cosines) {
    for (const float sine : sines) {
      const float phase = (sine + cosine) * 12.0F;
      wave_[at++] = offset_of(phase);
      wave_[at++] = offset_of(phase * 0.7F);
      wave_[at++] = offset_of(phase * 1.3F);
    }
  }
}

std::vector<std::uint8_t> Painter::paint(const digest::Bytes& prompt) const {
  const std::array<Row, kRings> rows = rows_of(prompt);
  std::vector<std::uint8_t> pixels(kSide * kRow);
  for (std::size_t y = 0; y < kSide; ++y) {
    add_saturated(rows[ring_at(y)].data(), wave_.data() + y * kRow, pixels.data() + y * kRow);
  }
  return pixels;
}

}  // namespace synthetic
