#pragma once
// RogueServer: a scripted TCP or TLS server on loopback, one thread per connection; it does what a script says and
// nothing else. The other side of every net test.

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <thread>

#include "base/unique_fd.h"

namespace rogue {

/// One accepted connection. Reads give less than asked for once the client is gone.
class Peer {
 public:
  Peer(base::UniqueFd fd, SSL_CTX* tls);

  std::string read_exactly(std::size_t size);
  /// Up to and including `mark`.
  std::string read_until(std::string_view mark);
  /// Everything until the client hangs up.
  std::string drain();
  void write(std::string_view bytes);
  /// The client sees a reset.
  void reset();
  int fd() const { return fd_.get(); }
  bool usable() const { return usable_; }

 private:
  bool fill();

  base::UniqueFd fd_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  std::string buffer_;
  bool usable_ = true;
};

class RogueServer {
 public:
  /// Runs for each connection; `index` counts them from 0.
  using Script = std::function<void(Peer& peer, int index)>;

  explicit RogueServer(Script script, std::string certificate_file = {}, std::string key_file = {});
  RogueServer(const RogueServer&) = delete;
  RogueServer& operator=(const RogueServer&) = delete;
  /// Hangs up on everyone and waits for the scripts.
  ~RogueServer();

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view scheme, std::string_view path = "/") const;
  int accepted() const { return accepted_; }

 private:
  void accept_loop();

  Script script_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_{nullptr, &SSL_CTX_free};
  base::UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;
  std::list<int> open_;
  std::list<std::thread> scripts_;
  std::thread acceptor_;
};

}  // namespace rogue
