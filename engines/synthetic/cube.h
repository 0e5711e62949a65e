#pragma once
// A cube in one colour as a GLB file: the synthetic answer to a mesh task.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "pictures/decode.h"

namespace synthetic {

/// The JSON chunk of a cube whose texture file has that many bytes, without padding.
std::string cube_json(std::size_t texture_bytes);

/// Positions, normals, texture coordinates and indices: the part of the BIN chunk that no colour changes.
std::vector<std::uint8_t> cube_geometry();

/// The error is the texture encoder's.
tl::expected<std::vector<std::uint8_t>, std::string> cube(const pictures::Colour& colour);

}  // namespace synthetic
