#pragma once
// Inputs that the studio serves to workers: a small one-coloured PNG and a short silent WAV.

#include <string>
#include <string_view>

namespace wire {

/// An 8 x 8 RGB PNG whose colour follows from `seed`: the same address gives the same picture.
std::string make_png(std::string_view seed);
/// A tenth of a second of silence, 16 kHz mono 16-bit.
std::string make_wav();

}  // namespace wire
