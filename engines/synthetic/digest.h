#pragma once
// SHA-256 over text that comes in pieces.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace synthetic {

using DigestBytes = std::array<std::uint8_t, 32>;

class Digest {
 public:
  Digest();
  void add(std::string_view text);
  /// Ends the digest; nothing may be added behind it.
  DigestBytes finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

DigestBytes digest_of(std::string_view text);

/// The first `bytes` bytes as lower-case hex digits.
std::string hex(const DigestBytes& digest, std::size_t bytes);

}  // namespace synthetic
