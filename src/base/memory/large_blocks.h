#pragma once
// What becomes of large blocks of the heap. Call it first in main, before a second thread runs.

namespace base {

/// Blocks from 1 MiB on are mapped one by one and go back to the system as soon as they are freed. By default glibc
/// raises that limit with the first large block it frees (mallopt(3), M_MMAP_THRESHOLD), and from then on messages of
/// many megabytes stay in the heap for as long as the program runs.
void return_large_blocks();

}  // namespace base
