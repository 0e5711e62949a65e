#include "base/hash/xxh128.h"

#include <array>
#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace base {
namespace {

std::string text_of(XXH128_hash_t hash) {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text.data();
}

}  // namespace

struct Xxh128::State {
  XXH3_state_t xxh;
};

Xxh128::Xxh128() : state_(std::make_unique_for_overwrite<State>()) {
  restart();
}

Xxh128::~Xxh128() = default;

void Xxh128::add(std::string_view bytes) {
  XXH3_128bits_update(&state_->xxh, bytes.data(), bytes.size());
}

void Xxh128::restart() {
  XXH3_128bits_reset(&state_->xxh);
}

std::string Xxh128::hex() const {
  return text_of(XXH3_128bits_digest(&state_->xxh));
}

std::string xxh128_hex(std::string_view bytes) {
  return text_of(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace base
