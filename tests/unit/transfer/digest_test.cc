#include "transfer/hash/digest.h"

#include <gtest/gtest.h>

TEST(Sha256, HashesPiecesAsTheWhole) {
  transfer::Sha256 digest;
  digest.update("a");
  digest.update("bc");
  EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
