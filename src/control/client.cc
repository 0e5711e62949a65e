#include "control/client.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <system_error>
#include <utility>

#include <boost/json.hpp>

#include "base/ids.h"
#include "base/unique_fd.h"

namespace control {
namespace {

namespace json = boost::json;

constexpr int kAnswerSeconds = 5;
constexpr std::size_t kMaxAnswer = 4 * base::kMiB;

base::UniqueFd connect_to(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return {};
  const timeval limit{kAnswerSeconds, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return fd;
}

base::Result<std::string> read_line(int fd) {
  std::string text;
  std::array<char, 4096> chunk{};
  while (text.size() < kMaxAnswer) {
    const ssize_t got = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) {
      return base::Error{base::Code::kTimeout, "the worker did not answer within 5 s"};
    }
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.back() == '\n') {
      text.pop_back();
      return text;
    }
  }
  return base::Error{base::Code::kUnavailable, "the worker closed the control connection"};
}

base::Result<base::UniqueFd> send_to(const std::filesystem::path& socket, std::string_view request) {
  base::UniqueFd fd = connect_to(socket);
  if (!fd) {
    const bool absent = errno == ENOENT || errno == ECONNREFUSED;
    return base::Error{
        absent ? base::Code::kNotFound : base::Code::kUnavailable,
        absent ? "no worker is running for this configuration"
               : "cannot reach the worker at " + socket.string() + ": " + std::system_category().message(errno)};
  }
  const std::string line = std::string(request) + "\n";
  if (::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size())) {
    return base::Error{base::Code::kUnavailable, "the worker closed the control connection"};
  }
  return fd;
}

/// Whether the answer is a yes. Errors: kRejected with what it says, kCorrupt.
base::Status check_answer(const std::string& text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) return base::Error{base::Code::kCorrupt, "the worker's answer cannot be read"};
  const json::value* ok = value.as_object().if_contains("ok");
  if (ok != nullptr && ok->is_bool() && ok->as_bool()) return {};
  const json::value* error = value.as_object().if_contains("error");
  return base::Error{base::Code::kRejected, error != nullptr && error->is_string() ? std::string(error->as_string())
                                                                                   : std::string("the worker refused")};
}

}  // namespace

std::filesystem::path socket_path(const std::filesystem::path& runtime_folder,
                                  const std::filesystem::path& config_file) {
  std::error_code ignored;
  auto absolute = std::filesystem::weakly_canonical(config_file, ignored);
  if (ignored) absolute = config_file;
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: only to tell folders apart
  for (const char c : absolute.string()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::array<char, 40> name{};
  std::snprintf(name.data(), name.size(), "control-%016llx.sock", static_cast<unsigned long long>(hash));
  return runtime_folder / name.data();
}

base::Result<std::string> ask(const std::filesystem::path& socket, std::string_view request) {
  TRY(const auto fd, send_to(socket, request));
  TRY(auto text, read_line(fd.get()));
  CHECK_OK(check_answer(text));
  return text;
}

base::Status follow(const std::filesystem::path& socket, std::string_view request, int stop,
                    const std::function<bool(std::string_view)>& use) {
  TRY(const auto fd, send_to(socket, request));
  std::string text;
  bool answered = false;
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{fd.get(), POLLIN, 0}, pollfd{stop, POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[1].revents != 0) return {};
    std::array<char, 4096> chunk{};
    const ssize_t got = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return base::Error{base::Code::kUnavailable, "the worker closed the control connection"};
    text.append(chunk.data(), static_cast<std::size_t>(got));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      const std::string line = text.substr(0, end);
      text.erase(0, end + 1);
      if (!std::exchange(answered, true)) CHECK_OK(check_answer(line));
      if (!use(line)) return {};
    }
    if (text.size() > kMaxAnswer) return base::Error{base::Code::kCorrupt, "the worker sends no line"};
  }
}

bool is_answering(const std::filesystem::path& socket) {
  const auto fd = connect_to(socket);
  if (!fd) return false;
  // Who called listen(). A worker that was killed between fork and exec of a child leaves its socket to that child for
  // a moment: it accepts connections, and nobody will ever answer.
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid <= 0) return true;
  return ::kill(peer.pid, 0) == 0 || errno != ESRCH;
}

}  // namespace control
