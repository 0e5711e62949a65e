#pragma once
// One second of a tone whose pitch comes from the text, as a WAV file.

#include <cstdint>
#include <vector>

#include "synthetic/digest.h"

namespace synthetic {

std::vector<std::uint8_t> tone(const DigestBytes& text);

}  // namespace synthetic
