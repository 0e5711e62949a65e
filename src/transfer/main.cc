// studio-transfer: the HTTP of studio-worker in a process of its own. The worker starts it with a socket on fd 3;
// everything, tokens too, arrives there: nothing on the command line, nothing in the environment.

#include <csignal>
#include <cstdio>
#include <curl/curl.h>
#include <sys/socket.h>

#include "base/memory/large_blocks.h"
#include "transfer/loop.h"

namespace {

constexpr int kWorkerSocket = 3;

bool has_worker() {
  int kind = 0;
  socklen_t size = sizeof kind;
  return ::getsockopt(kWorkerSocket, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM;
}

}  // namespace

int main() {
  base::return_large_blocks();
  if (!has_worker()) {
    std::fputs("studio-transfer: started by studio-worker only (no socket on fd 3)\n", stderr);
    return 64;
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    std::fputs("studio-transfer: libcurl cannot be initialised\n", stderr);
    return 70;
  }
  const auto ended = [] {
    transfer::Loop loop(kWorkerSocket);
    return loop.run();
  }();
  curl_global_cleanup();
  if (ended) return 0;
  std::fprintf(stderr, "studio-transfer: %s\n", ended.error().message.c_str());
  return 70;
}
