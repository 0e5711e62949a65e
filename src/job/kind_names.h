#pragma once
// How the kinds of tasks are spelled, for lists that are known when they are compiled.

#include <array>
#include <string_view>

#include "job/kind.h"

namespace job {

/// In the order of Kind.
inline constexpr std::array<std::string_view, kAllKinds.size()> kKindNames = {"image",     "llm",   "audio_stt",
                                                                              "audio_tts", "video", "mesh"};

}  // namespace job
