#pragma once
// Written instants: RFC 3339 ("2026-03-25T01:12:00Z", "...+02:00"), or a wall-clock time of a zone ("2026-03-25
// 01:12").

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "policy/rules/zone.h"

namespace policy::rehearsal {

/// `zone` is asked only for a time without an offset. Errors: kInvalid; those of `zone`.
base::Result<base::WallTime> parse_instant(const std::string& text,
                                           const std::function<base::Result<rules::Zone>()>& zone);

}  // namespace policy::rehearsal
