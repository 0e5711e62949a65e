// A library under the name of NVML that cannot list cards.

// NOLINTNEXTLINE(readability-identifier-naming): the name is that of the library.
extern "C" int nvmlShutdown() {
  return 0;
}
