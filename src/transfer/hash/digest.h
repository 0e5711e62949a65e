#pragma once
// Sha256: a running SHA-256.

#include <array>
#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>

#include "base/result.h"

namespace transfer {

class Sha256 {
 public:
  Sha256() { STUDIO_ASSERT(EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) == 1); }
  void update(std::string_view bytes) {
    STUDIO_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  /// Lower-case hex of everything. Requires: called once, at the end.
  std::string hex() {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    STUDIO_ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += kDigits[digest[i] >> 4];
      text += kDigits[digest[i] & 15];
    }
    return text;
  }

 private:
  /// Fetched once: a look-up in the provider for every digest costs more than hashing a short text.
  static const EVP_MD* algorithm() {
    static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return kAlgorithm;
  }

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

}  // namespace transfer
