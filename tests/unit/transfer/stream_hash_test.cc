#include "transfer/stream_hash.h"

#include <gtest/gtest.h>

namespace transfer {
namespace {

std::string bytes(std::size_t size) {
  std::string made(size, '\0');
  unsigned state = 1;
  for (char& byte : made) {
    state = state * 1'664'525U + 1'013'904'223U;
    byte = static_cast<char>(state >> 24U);
  }
  return made;
}

void add_in_pieces(StreamHash& hash, std::string_view all, std::size_t piece) {
  for (; !all.empty(); all.remove_prefix(std::min(piece, all.size()))) hash.add(all.substr(0, piece));
}

/// Sizes around what gets a thread, and pieces around what the ring holds.
class StreamHashOf : public testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};

TEST_P(StreamHashOf, IsTheHashOfTheWhole) {
  const auto [size, piece] = GetParam();
  const std::string all = bytes(size);
  StreamHash hash(size);
  add_in_pieces(hash, all, piece);
  EXPECT_EQ(hash.hex(), digest::sha256_hex(all));
}

constexpr std::size_t kMi = 1024UL * 1024;
INSTANTIATE_TEST_SUITE_P(Sizes, StreamHashOf,
                         testing::Values(std::pair{0UL, 1UL}, std::pair{1000UL, 7UL}, std::pair{4 * kMi - 1, kMi},
                                         std::pair{4 * kMi, 64 * 1024UL}, std::pair{5 * kMi + 17, 131'071UL},
                                         std::pair{9 * kMi, 1'048'577UL}, std::pair{16 * kMi + 1, 16 * kMi + 1}));

TEST(StreamHash, BeginsAnew) {
  for (const std::size_t size : {std::size_t{1000}, 6 * kMi}) {
    const std::string all = bytes(size);
    StreamHash hash(size);
    hash.add(std::string_view(all).substr(0, size / 2));
    hash.restart();
    hash.add(all);
    EXPECT_EQ(hash.hex(), digest::sha256_hex(all));
    hash.restart();
    hash.add(all);
    EXPECT_EQ(hash.hex(), digest::sha256_hex(all)) << "after an end, too";
  }
}

TEST(StreamHash, MayBeGivenUp) {
  const std::string half = bytes(3 * kMi);
  for (int i = 0; i < 20; ++i) {
    StreamHash hash(6 * kMi);
    hash.add(half);
  }
}

}  // namespace
}  // namespace transfer
