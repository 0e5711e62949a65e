// Uploads one file several times as the worker does, through studio-transfer, and prints one JSON line: the seconds of
// every upload, and how much this process, which stands for the daemon, grew.
//
// usage: upload-client TRANSFER_PROGRAM URL FILE COUNT hash|plain

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "base/clock.h"
#include "base/hash/xxh128.h"
#include "net/http_client.h"

namespace {

struct Plan {
  std::string url;
  std::string file;
  int count = 0;
  std::string xxh128;  // empty = not checked
};

std::string hash_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string piece(256UL * 1024, '\0');
  base::Xxh128 running;
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
    running.add(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())));
  }
  return running.hex();
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::atol(line.c_str() + 6);
  }
  return 0;
}

boost::asio::awaitable<void> upload(net::HttpClient& client, const Plan& plan, boost::asio::io_context& io) {
  const long before = resident_kib();
  std::string seconds;
  for (int i = 0; i < plan.count; ++i) {
    net::UploadRequest request;
    request.url = plan.url;
    request.parts.push_back({.name = "image",
                             .text = {},
                             .file = plan.file,
                             .filename = "image.png",
                             .content_type = "image/png",
                             .xxh128 = plan.xxh128});
    const auto began = std::chrono::steady_clock::now();
    const auto response = co_await client.upload(std::move(request));
    if (!response || response->status != 200) {
      std::cerr << "error: " << (response ? "status " + std::to_string(response->status) : response.error().message)
                << '\n';
      std::exit(1);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    seconds += (i > 0 ? "," : "") + std::to_string(took.count());
  }
  std::cout << R"({"seconds":[)" << seconds << R"(],"growth_kib":)" << resident_kib() - before << "}\n";
  io.stop();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: upload-client TRANSFER_PROGRAM URL FILE COUNT hash|plain\n";
    return 64;
  }
  const Plan plan{argv[2], argv[3], std::atoi(argv[4]), std::string_view(argv[5]) == "hash" ? hash_of(argv[3]) : ""};
  boost::asio::io_context io(1);
  const auto clock = base::make_system_clock();
  const auto client = net::make_http_client(io.get_executor(), *clock, {.transfer_program = argv[1]});
  base::TaskGroup tasks(io.get_executor());
  tasks.spawn("uploads", upload(*client, plan, io));
  io.run();
}
