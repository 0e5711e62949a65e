#include "unit/net/rogue_http.h"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <fstream>
#include <unistd.h>

namespace rogue {

HttpHead read_head(Peer& peer) {
  const std::string text = peer.read_until("\r\n\r\n");
  HttpHead head;
  if (!text.ends_with("\r\n\r\n")) return head;
  std::size_t at = text.find("\r\n");
  head.line = text.substr(0, at);
  while (at + 4 < text.size()) {
    const std::size_t start = at + 2;
    at = text.find("\r\n", start);
    const std::size_t colon = text.find(':', start);
    std::string name = text.substr(start, colon - start);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t value = std::min(text.find_first_not_of(' ', colon + 1), at);
    head.headers[name] = text.substr(value, at - value);
  }
  if (head.headers.contains("content-length")) head.content_length = std::stoul(head.headers["content-length"]);
  return head;
}

std::vector<FormField> parse_form(const HttpHead& head, const std::string& body) {
  std::vector<FormField> fields;
  const std::string type = head.headers.at("content-type");
  const std::string boundary = "--" + type.substr(type.find("boundary=") + 9);
  std::size_t at = body.find(boundary);
  while (at != std::string::npos) {
    const std::size_t start = at + boundary.size() + 2;
    const std::size_t end = body.find("\r\n" + boundary, start);
    if (end == std::string::npos) break;
    const std::size_t split = body.find("\r\n\r\n", start);
    fields.push_back({body.substr(start, split - start), body.substr(split + 4, end - split - 4)});
    at = end + 2;
  }
  return fields;
}

std::string answer(std::string_view status, std::string_view body, std::string_view extra_headers) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(extra_headers) + "\r\n" + std::string(body);
}

std::filesystem::path HttpTest::file(std::string_view name, std::string_view text) {
  const auto path = folder_.path() / name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

pid_t HttpTest::transfer_pid() {
  std::ifstream children("/proc/self/task/" + std::to_string(::gettid()) + "/children");
  pid_t pid = 0;
  children >> pid;
  return pid;
}

void HttpTest::signal_transfer(int signal_number) {
  const pid_t pid = transfer_pid();
  ASSERT_GT(pid, 0) << "no transfer program runs";
  ::kill(pid, signal_number);
}

}  // namespace rogue
