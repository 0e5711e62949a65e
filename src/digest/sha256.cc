#include "digest/sha256.h"

#include <openssl/evp.h>
#include <stdexcept>

namespace digest {
namespace {

/// Fetched once: a look-up in the provider for every digest costs more than hashing a short text.
const EVP_MD* algorithm() {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kAlgorithm;
}

void check(int result) {
  if (result != 1) throw std::runtime_error("OpenSSL computes no SHA-256");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr ? EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) : 0);
}

void Sha256::add(std::string_view bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

Bytes Sha256::finish() {
  Bytes digest{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context_.get(), digest.data(), &size));
  return digest;
}

Bytes sha256(std::string_view bytes) {
  Sha256 running;
  running.add(bytes);
  return running.finish();
}

std::string sha256_hex(std::string_view bytes) {
  return hex(sha256(bytes));
}

std::string hex(const Bytes& digest, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count && i < digest.size(); ++i) {
    text += kDigits[digest[i] >> 4U];
    text += kDigits[digest[i] & 15U];
  }
  return text;
}

}  // namespace digest
