#pragma once
// XXH3 with 128 bits, of bytes that come in pieces: tells one content from another at the speed of memory. No
// signature: where somebody could gain by two contents with one hash, use digest::Sha256. `xxh128sum` prints the same
// text. Any thread; one object belongs to one thread at a time.

#include <memory>
#include <string>
#include <string_view>

namespace base {

class Xxh128 {
 public:
  Xxh128();
  ~Xxh128();
  void add(std::string_view bytes);
  /// The stream begins anew.
  void restart();
  /// 32 lower-case hex digits of what was added so far.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string xxh128_hex(std::string_view bytes);

}  // namespace base
