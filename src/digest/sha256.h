#pragma once
// SHA-256 (FIPS 180-4) of bytes that come in pieces. Any thread; one object belongs to one thread at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace digest {

using Bytes = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  /// Throws std::runtime_error, as the others here, when OpenSSL has no SHA-256 or no memory.
  Sha256();
  void add(std::string_view bytes);
  /// Ends the digest; nothing may be added behind it.
  Bytes finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

Bytes sha256(std::string_view bytes);
/// Lower-case hex of it.
std::string sha256_hex(std::string_view bytes);

/// The first `count` bytes as lower-case hex digits.
std::string hex(const Bytes& digest, std::size_t count = std::tuple_size_v<Bytes>);

}  // namespace digest
