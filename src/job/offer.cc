#include "job/offer.h"

#include <algorithm>
#include <cmath>

#include "base/hash/xxh128.h"

namespace job {

std::string task_hash(const Offer& offer) {
  return base::xxh128_hex(offer.task);
}

base::Bytes vram_bytes(const Offer& offer) {
  // Beyond this no machine can help; and a cast of more, or of no number at all, is undefined.
  constexpr double kMost = 9.0e18;
  const double bytes = std::ceil(offer.vram_gb * static_cast<double>(base::kGiB));
  if (!(bytes > 0)) return 0;
  return static_cast<base::Bytes>(std::min(bytes, kMost));
}

}  // namespace job
