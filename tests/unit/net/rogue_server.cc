#include "unit/net/rogue_server.h"

#include <array>
#include <csignal>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

#include "base/result.h"

namespace rogue {
namespace {

sockaddr* generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

}  // namespace

Peer::Peer(base::UniqueFd fd, SSL_CTX* tls) : fd_(std::move(fd)) {
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls));
  SSL_set_fd(ssl_.get(), fd_.get());
  usable_ = SSL_accept(ssl_.get()) == 1;
}

bool Peer::fill() {
  if (!usable_) return false;
  std::array<char, 65536> chunk;
  const auto got = ssl_ ? SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size()))
                        : static_cast<int>(::recv(fd_.get(), chunk.data(), chunk.size(), 0));
  if (got <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::string Peer::read_exactly(std::size_t size) {
  while (buffer_.size() < size && fill()) continue;
  std::string taken = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return taken;
}

std::string Peer::read_until(std::string_view mark) {
  auto found = buffer_.find(mark);
  while (found == std::string::npos && fill()) found = buffer_.find(mark);
  if (found == std::string::npos) return std::exchange(buffer_, {});
  return read_exactly(found + mark.size());
}

std::string Peer::drain() {
  while (fill()) continue;
  return std::exchange(buffer_, {});
}

void Peer::write(std::string_view bytes) {
  while (usable_ && !bytes.empty()) {
    const auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : static_cast<int>(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void Peer::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

RogueServer::RogueServer(Script script, std::string certificate_file, std::string key_file)
    : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  if (!certificate_file.empty()) {
    tls_.reset(SSL_CTX_new(TLS_server_method()));
    STUDIO_ASSERT(SSL_CTX_use_certificate_file(tls_.get(), certificate_file.c_str(), SSL_FILETYPE_PEM) == 1);
    STUDIO_ASSERT(SSL_CTX_use_PrivateKey_file(tls_.get(), key_file.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  STUDIO_ASSERT(::bind(listener_.get(), generic(address), size) == 0);
  STUDIO_ASSERT(::listen(listener_.get(), 64) == 0);
  STUDIO_ASSERT(::getsockname(listener_.get(), generic(address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

RogueServer::~RogueServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& script : scripts_) script.join();
}

std::string RogueServer::url(std::string_view scheme, std::string_view path) const {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

void RogueServer::accept_loop() {
  for (;;) {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    const int number = fd.get();
    const int index = accepted_++;
    const std::lock_guard lock(mutex_);
    open_.push_back(number);
    scripts_.emplace_back([this, index, number, connection = std::move(fd)]() mutable {
      Peer peer(std::move(connection), tls_.get());
      if (peer.usable()) script_(peer, index);
      const std::lock_guard at_end(mutex_);
      open_.remove(number);
    });
  }
}

}  // namespace rogue
