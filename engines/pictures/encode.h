#pragma once
// Packed 8-bit RGB pixels to a PNG or a lossless WebP file, at the encoders' fastest settings.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace pictures {

struct Rgb {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::span<const std::uint8_t> pixels;  // row by row, 3 * width * height bytes
};

using Encoded = tl::expected<std::vector<std::uint8_t>, std::string>;

Encoded encode_png(const Rgb& picture);
Encoded encode_webp(const Rgb& picture);

}  // namespace pictures
