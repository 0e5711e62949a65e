#pragma once
// SHA-256 over pieces, for results, tokens and registration secrets.

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace wire {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  /// Lower-case hex. The object is used up afterwards.
  std::string finish();

 private:
  evp_md_ctx_st* context_;
};

std::string sha256_hex(std::string_view bytes);
/// Compares two digests (or other texts of equal meaning) without telling by time where they differ.
bool same_digest(std::string_view left, std::string_view right);

}  // namespace wire
