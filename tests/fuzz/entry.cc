// libFuzzer's door into a target. NOLINTBEGIN(readability-identifier-naming): libFuzzer calls these by their names

#include <cstddef>
#include <cstdint>

#include "base/log.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  base::log::set_level(base::log::Level::kError);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

// NOLINTEND(readability-identifier-naming)
