#include "base/memory/large_blocks.h"

#include <malloc.h>

namespace base {

void return_large_blocks() {
  constexpr int kLarge = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
}

}  // namespace base
