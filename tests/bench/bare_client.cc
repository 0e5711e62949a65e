// The floor of the benchmarks: a client that greps what it needs out of a frame and answers, with no JSON parser, no
// policy, no journal and no engine. It sends a result that it read from a file before.
//
// usage: bare-client HOST PORT WORKER_ID TOKEN KIND [RESULT_FILE EXT]

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::chrono::seconds kHeartbeat{5};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

int connect_to(const char* host, const char* port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  ::inet_pton(AF_INET, host, &address.sin_addr);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) std::exit(0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// A masked text frame; the mask is zero, so the payload is sent as it is.
void send_frame(int fd, std::string_view text) {
  std::string frame = "\x81";
  if (text.size() < 126) {
    frame += static_cast<char>(0x80 | text.size());
  } else if (text.size() < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(text.size() >> 8 & 255);
    frame += static_cast<char>(text.size() & 255);
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(text.size() >> shift & 255);
  }
  frame.append(4, '\0');
  frame += text;
  send_all(fd, frame);
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}

  /// Bytes up to and including `end`.
  std::string until(std::string_view end) {
    for (;;) {
      const std::size_t at = buffer_.find(end);
      if (at != std::string::npos) return take(at + end.size());
      if (!fill(std::nullopt)) std::exit(0);
    }
  }
  std::string exactly(std::size_t count) {
    while (buffer_.size() < count) {
      if (!fill(std::nullopt)) std::exit(0);
    }
    return take(count);
  }
  /// False when nothing came within the limit.
  bool fill(std::optional<std::chrono::milliseconds> limit) {
    if (limit) {
      pollfd wanted{fd_, POLLIN, 0};
      if (::poll(&wanted, 1, static_cast<int>(limit->count())) == 0) return false;
    }
    std::array<char, 65536> chunk{};
    const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (got <= 0) std::exit(0);
    buffer_.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }
  bool empty() const { return buffer_.empty(); }

 private:
  std::string take(std::size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }
  int fd_;
  std::string buffer_;
};

/// The raw JSON string behind `"key":"`, the last one of the frame.
std::string_view grep(std::string_view frame, std::string_view key) {
  const std::string needle = "\"" + std::string(key) + "\":\"";
  const std::size_t at = frame.rfind(needle);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + needle.size();
  return frame.substr(begin, frame.find('"', begin) - begin);
}

std::string capabilities(const std::string& kind) {
  return R"({"machineName":"bench","username":"bench","agentVersion":"0","engine":"multi","vramTotalGb":24.0,)"
         R"("vramThresholdGb":24.0,"autoEnabled":true,"autoStart":false,"autoUpdate":false,"startMinimised":false,)"
         R"("onlyWhenIdle":false,"supportedModels":["synthetic"],"taskKinds":[")" +
         kind + R"("],"supportedModelsPerKind":{")" + kind + R"(":["synthetic"]},"modelEngines":["synthetic"]})";
}

struct Options {
  std::string host, port, worker, token, kind, result, ext;
};

class Client {
 public:
  explicit Client(Options options)
      : options_(std::move(options)), fd_(connect_to(options_.host.c_str(), options_.port.c_str())), socket_(fd_) {}

  int run() {
    send_all(fd_, "GET /graphics/api/workers/" + options_.worker + "/connect HTTP/1.1\r\nHost: " + options_.host + ":" +
                      options_.port +
                      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: studio-worker-v1\r\n"
                      "Authorization: Bearer " +
                      options_.token + "\r\n\r\n");
    socket_.until("\r\n\r\n");
    const std::string self = capabilities(options_.kind);
    send_frame(fd_, R"({"type":"hello","authToken":")" + options_.token + R"(","capabilities":)" + self + "}");
    const std::string heartbeat = R"({"type":"heartbeat","capabilities":)" + self + "}";
    auto due = std::chrono::steady_clock::now() + kHeartbeat;
    for (;;) {
      if (std::chrono::steady_clock::now() >= due) {
        send_frame(fd_, heartbeat);
        due = std::chrono::steady_clock::now() + kHeartbeat;
      }
      if (socket_.empty() && !socket_.fill(kHeartbeat)) continue;
      const std::string frame = read_frame();
      if (frame.find("\"welcome\"") != std::string::npos) send_frame(fd_, heartbeat);
      if (frame.find("\"offer\"") != std::string::npos) serve(frame);
    }
  }

 private:
  std::string read_frame() {
    const std::string head = socket_.exactly(2);
    std::size_t length = static_cast<unsigned char>(head[1]) & 127U;
    if (length >= 126) {
      const std::string more = socket_.exactly(length == 126 ? 2 : 8);
      length = 0;
      for (const char c : more) length = length << 8 | static_cast<unsigned char>(c);
    }
    std::string payload = socket_.exactly(length);
    if ((static_cast<unsigned char>(head[0]) & 15U) == 8) std::exit(0);
    return (static_cast<unsigned char>(head[0]) & 15U) == 1 ? payload : std::string();
  }

  void serve(const std::string& frame) {
    const std::string job(grep(frame, "jobId"));
    send_frame(fd_, R"({"type":"accept","jobId":")" + job + "\"}");
    if (options_.kind == "llm" || options_.kind == "audio_stt") {
      const std::string prompt(grep(frame, options_.kind == "llm" ? "content" : "inputUrl"));
      send_frame(fd_, R"({"type":"completeJson","jobId":")" + job + R"(","result":)" + options_.result +
                          R"(,"prompt":")" + prompt + "\"}");
      return;
    }
    upload(job, options_.kind == "mesh" ? std::string()
                                        : std::string(grep(frame, options_.kind == "audio_tts" ? "text" : "prompt")));
  }

  void upload(const std::string& job, const std::string& prompt) {
    const std::string mark = "--bare-client-boundary";
    const auto part = [&](const std::string& disposition, const std::string& body) {
      return mark + "\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + body + "\r\n";
    };
    const std::string body = part("name=\"prompt\"", prompt) + part("name=\"ext\"", options_.ext) + mark +
                             "\r\nContent-Disposition: form-data; name=\"image\"; filename=\"" + job + "." +
                             options_.ext + "\"\r\nContent-Type: " + mime() + "\r\n\r\n" + options_.result + "\r\n" +
                             mark + "--\r\n";
    if (http_ < 0) http_ = connect_to(options_.host.c_str(), options_.port.c_str());
    send_all(http_, "POST /graphics/api/workers/" + options_.worker + "/jobs/" + job + "/complete HTTP/1.1\r\nHost: " +
                        options_.host + ":" + options_.port + "\r\nAuthorization: Bearer " + options_.token +
                        "\r\nContent-Type: multipart/form-data; boundary=bare-client-boundary\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body);
    Socket answer(http_);
    const std::string head = answer.until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    answer.exactly(at == std::string::npos ? 0 : static_cast<std::size_t>(std::atoi(head.c_str() + at + 16)));
  }

  std::string mime() const {
    if (options_.ext == "png") return "image/png";
    if (options_.ext == "webp") return "image/webp";
    return options_.ext == "wav" ? "audio/wav" : "model/gltf-binary";
  }

  Options options_;
  int fd_;
  Socket socket_;
  int http_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: %s HOST PORT WORKER_ID TOKEN KIND RESULT_FILE EXT\n", argv[0]);
    return 2;
  }
  std::ifstream file(argv[6], std::ios::binary);
  const std::string result{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return Client({argv[1], argv[2], argv[3], argv[4], argv[5], result, argv[7]}).run();
}
