#pragma once
// One decoder per file format, on bytes in memory.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "pictures/decode.h"

namespace pictures {

using FileBytes = std::span<const std::uint8_t>;

tl::expected<Facts, std::string> decode_png(FileBytes file);
tl::expected<Facts, std::string> decode_jpeg(FileBytes file);

/// Says what is wrong with the size, if anything.
std::optional<std::string> refuse_size(std::uint64_t width, std::uint64_t height);

/// Adds packed RGB pixels to the sums.
void add_pixels(Facts& facts, FileBytes rgb);

}  // namespace pictures
