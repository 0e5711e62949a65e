#include "job/offer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace job {

std::string task_hash(const Offer& offer) {
  const auto digest = XXH3_128bits(offer.task.data(), offer.task.size());
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(digest.high64),
                static_cast<unsigned long long>(digest.low64));
  return text.data();
}

base::Bytes vram_bytes(const Offer& offer) {
  // Beyond this no machine can help; and a cast of more, or of no number at all, is undefined.
  constexpr double kMost = 9.0e18;
  const double bytes = std::ceil(offer.vram_gb * static_cast<double>(base::kGiB));
  if (!(bytes > 0)) return 0;
  return static_cast<base::Bytes>(std::min(bytes, kMost));
}

}  // namespace job
