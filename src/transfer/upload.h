#pragma once
// Upload: a multipart POST whose files are streamed from disk and hashed on the way.

#include <memory>

#include "base/result.h"
#include "transfer/channel.h"
#include "transfer/exchange.h"

namespace transfer {

/// Errors: kNotFound when a file is missing, kInvalid, kUnavailable.
/// The exchange's own: kTimeout for a stall, kCorrupt when a file changed while it was sent.
base::Result<std::unique_ptr<Exchange>> make_upload(Upload request);

}  // namespace transfer
