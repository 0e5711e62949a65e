#include "digest/sha256.h"

#include <gtest/gtest.h>

namespace digest {
namespace {

TEST(Sha256, HashesPiecesAsTheWhole) {
  Sha256 running;
  running.add("a");
  running.add("");
  running.add("bc");
  EXPECT_EQ(running.finish(), sha256("abc"));
}

TEST(Sha256, MatchesTheStandardsExamples) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, MatchesTheContractsCheckValue) {
  std::string secret;
  for (int i = 0; i < 32; ++i) secret += "ab";
  EXPECT_EQ(sha256_hex(secret), "271a413bd339c5709fdceaec41f14f11e9fbfb5042d72d331c65f32b284cd09a");
}

TEST(Hex, ShowsTheFirstBytes) {
  EXPECT_EQ(hex(sha256("abc"), 3), "ba7816");
  EXPECT_EQ(hex(sha256("abc"), 0), "");
  EXPECT_EQ(hex(sha256("abc"), 1000).size(), 64U);
}

}  // namespace
}  // namespace digest
