#pragma once
// One second of a tone whose pitch comes from the text, as a WAV file.

#include <cstdint>
#include <vector>

#include "digest/sha256.h"

namespace synthetic {

std::vector<std::uint8_t> tone(const digest::Bytes& text);

}  // namespace synthetic
