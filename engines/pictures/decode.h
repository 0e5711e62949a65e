#pragma once
// Reads a PNG, JPEG or WebP file of unknown origin down to its size and its colour sums.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace pictures {

inline constexpr std::uint64_t kMaxPixels = std::uint64_t{64} << 20;
inline constexpr std::size_t kMaxFile = std::size_t{64} << 20;

using Colour = std::array<std::uint8_t, 3>;

/// What is known of a picture once every pixel was decoded to 8-bit RGB; transparency is dropped.
struct Facts {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::array<std::uint64_t, 3> sums{};

  /// Each channel's mean, rounded down.
  Colour average() const;
};

/// The error says why the picture cannot be read: "not a PNG, JPEG or WebP picture", "the file is cut short", ...
tl::expected<Facts, std::string> read_picture(const std::string& path);

}  // namespace pictures
