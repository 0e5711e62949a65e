#pragma once
// check_result: what an engine names as its result, before anybody trusts it. Thread: io (one lstat).

#include <filesystem>

#include "base/result.h"
#include "engine/frames.h"
#include "job/kind.h"
#include "job/result.h"

namespace engine {

/// A bare file name inside `out_dir` that is a regular file with content, or JSON, whichever the kind asks for.
/// Errors: kInvalid, saying what is wrong.
base::Result<job::Artifacts> check_result(const ResultFrame& frame, job::Kind kind,
                                          const std::filesystem::path& out_dir);

}  // namespace engine
