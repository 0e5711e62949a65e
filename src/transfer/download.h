#pragma once
// Download: a guarded GET into a file: public addresses only, a few redirects, a size limit, a hash.

#include <memory>

#include "base/result.h"
#include "transfer/channel.h"
#include "transfer/exchange.h"

namespace transfer {

/// Errors: kRejected and kInvalid of the guard. The exchange's own: kRejected (address, redirect, size), kExhausted and
/// kUnavailable of the file. The destination exists afterwards only when the answer is a 2xx without an error.
base::Result<std::unique_ptr<Exchange>> make_download(Download request);

}  // namespace transfer
