#include "base/hash/xxh128.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Xxh128, PrintsWhatXxh128sumPrints) {
  EXPECT_EQ(xxh128_hex(""), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(xxh128_hex("abc"), "06b05ab6733a618578af5f94892f3950");
}

TEST(Xxh128, HashesPiecesAsTheWhole) {
  std::string all;
  for (int i = 0; i < 100'000; ++i) all += std::to_string(i);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, all.size()}) {
    Xxh128 running;
    for (std::size_t at = 0; at < all.size(); at += piece) running.add(std::string_view(all).substr(at, piece));
    EXPECT_EQ(running.hex(), xxh128_hex(all)) << piece;
  }
}

TEST(Xxh128, BeginsAnew) {
  Xxh128 running;
  running.add("what was sent on a connection that died");
  running.restart();
  running.add("abc");
  EXPECT_EQ(running.hex(), xxh128_hex("abc"));
  running.add("d");
  EXPECT_EQ(running.hex(), xxh128_hex("abcd")) << "goes on behind a reading";
}

}  // namespace
}  // namespace base
