#pragma once
// serve(): the life of an engine program, from hello to quit, on the socket that the core left on descriptor 3.

#include "engine_sdk/engine.h"

namespace engine_sdk {

inline constexpr int kSocketFd = 3;

/// Returns the program's exit code: 0 after `quit`, 2 when the conversation was broken (a line on stderr says how).
/// When the core closes the socket, or `quit` meets a running job, the process ends at once with code 0.
int serve(Engine& engine, int fd = kSocketFd);

}  // namespace engine_sdk
