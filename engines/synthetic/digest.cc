#include "synthetic/digest.h"

#include <new>
#include <openssl/evp.h>

namespace synthetic {
namespace {

/// Fetched once: a look-up in the provider for every digest costs more than hashing a short text.
const EVP_MD* sha256() {
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return kAlgorithm;
}

/// SHA-256 itself cannot fail; what is left is memory.
void check(int result) {
  if (result != 1) throw std::bad_alloc();
}

}  // namespace

void Digest::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr ? EVP_DigestInit_ex2(context_.get(), sha256(), nullptr) : 0);
}

void Digest::add(std::string_view text) {
  check(EVP_DigestUpdate(context_.get(), text.data(), text.size()));
}

DigestBytes Digest::finish() {
  DigestBytes digest{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context_.get(), digest.data(), &size));
  return digest;
}

DigestBytes digest_of(std::string_view text) {
  Digest digest;
  digest.add(text);
  return digest.finish();
}

std::string hex(const DigestBytes& digest, std::size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes && i < digest.size(); ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

}  // namespace synthetic
