// A program that speaks the engine protocol with raw frames and misbehaves on request.
// argv: how it starts, and a FIFO to which it writes "<stage> <pid>" lines. A job's behaviour is the task's prompt.

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

namespace json = boost::json;

extern char** environ;

namespace {

constexpr int kChannel = 3;

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(fd, bytes.data(), bytes.size());
    if (sent <= 0) ::_exit(0);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string head(std::uint32_t length) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(length >> shift & 255);
  return bytes;
}

void send_text(const std::string& text) {
  write_all(kChannel, head(static_cast<std::uint32_t>(text.size())) + text);
}

void send(const json::object& frame) {
  send_text(json::serialize(frame));
}

bool read_all(char* at, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(kChannel, at, size);
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

/// An empty object at the end of the channel.
json::object receive() {
  std::array<unsigned char, 4> length{};
  if (!read_all(reinterpret_cast<char*>(length.data()), length.size())) return {};
  const std::uint32_t size = length[0] | static_cast<std::uint32_t>(length[1]) << 8 |
                             static_cast<std::uint32_t>(length[2]) << 16 | static_cast<std::uint32_t>(length[3]) << 24;
  std::string text(size, '\0');
  if (!read_all(text.data(), size)) return {};
  return json::parse(text).as_object();
}

class Engine {
 public:
  Engine(std::string start, int reports) : start_(std::move(start)), reports_(reports) {}

  int serve() {
    report("start");
    if (start_ == "stubborn") std::signal(SIGTERM, SIG_IGN);
    if (start_ == "dies-at-start") {
      std::cerr << "no such device" << std::endl;
      return 3;
    }
    for (;;) {
      const json::object frame = receive();
      if (frame.empty()) return 0;
      const std::string type(frame.at("type").as_string());
      if (type == "quit") return on_quit();
      if (type == "hello") on_hello();
      if (type == "load") on_load(frame);
      if (type == "run") on_run(frame);
    }
  }

 private:
  void report(std::string_view stage) {
    if (reports_ < 0) return;
    write_all(reports_, std::string(stage) + " " + std::to_string(::getpid()) + "\n");
  }

  int on_quit() {
    if (start_ == "stubborn-at-quit") {
      std::signal(SIGTERM, SIG_IGN);
      report("ignoring");
      for (;;) ::pause();
    }
    report("quit");
    return 0;
  }

  void on_hello() {
    if (start_ == "never-ready" || start_ == "stubborn") return;
    const int protocol = start_ == "other-protocol" ? 2 : 1;
    send({{"type", "ready"}, {"protocol", protocol}, {"name", "fake"}, {"version", "1"}});
  }

  void on_load(const json::object& frame) {
    ++loads_;
    report("load");
    if (start_ == "never-loaded") return;
    if (start_ == "load-fails") {
      send({{"type", "failed"}, {"model", frame.at("model")}, {"class", "oom_vram"}, {"message", "the card is full"}});
      return;
    }
    if (start_ == "load-fails-somehow") {
      send({{"type", "failed"}, {"model", frame.at("model")}, {"class", "bad luck"}, {"message", "who knows"}});
      return;
    }
    send({{"type", "loaded"}, {"model", frame.at("model")}, {"vram_bytes", 0}});
  }

  void on_run(const json::object& frame) {
    job_ = std::string(frame.at("job").as_string());
    out_dir_ = std::string(frame.at("out_dir").as_string());
    const std::string prompt(frame.at("task").at("prompt").as_string());
    report("run");
    if (prompt == "frame") return answer_text(json::serialize(frame));
    if (prompt == "task size") return answer({{"size", json::serialize(frame.at("task")).size()}});
    if (prompt == "who") return answer({{"pid", ::getpid()}, {"loads", loads_}});
    if (prompt.starts_with("fail:")) return fail(prompt.substr(5), "as you wish");
    if (prompt.starts_with("exit:")) {
      std::cerr << "first line\nlast words" << std::endl;
      std::exit(std::stoi(prompt.substr(5)));
    }
    if (!run_file(prompt) && !run_frames(prompt) && !run_trouble(prompt)) fail("bad_request", "unknown prompt");
  }

  void answer_text(const std::string& value) {
    send_text(R"({"type":"result","job":)" + json::serialize(json::string(job_)) + R"(,"json":)" + value + "}");
  }
  void answer(const json::object& value) { answer_text(json::serialize(value)); }

  void answer_file(const std::string& name) {
    send({{"type", "result"}, {"job", job_}, {"file", name}, {"ext", "png"}});
  }

  void fail(const std::string& name, const std::string& message) {
    send({{"type", "failed"}, {"job", job_}, {"class", name}, {"message", message}});
  }

  void progress(double fraction) {
    send({{"type", "progress"}, {"job", job_}, {"fraction", fraction}, {"step", 1}, {"steps", 4}, {"note", "half"}});
  }

  bool run_file(const std::string& prompt) {
    if (prompt == "file") {
      std::ofstream(out_dir_ + "/result.png") << "picture";
      answer_file("result.png");
    } else if (prompt == "escape") {
      std::ofstream(out_dir_ + "/../x") << "outside";
      answer_file("../x");
    } else if (prompt == "missing") {
      answer_file("result.png");
    } else if (prompt == "empty") {
      std::ofstream(out_dir_ + "/result.png") << "";
      answer_file("result.png");
    } else if (prompt == "link") {
      if (::symlink("/etc/passwd", (out_dir_ + "/result.png").c_str()) != 0) std::exit(9);
      answer_file("result.png");
    } else if (prompt == "folder") {
      if (::mkdir((out_dir_ + "/result.png").c_str(), 0700) != 0) std::exit(9);
      answer_file("result.png");
    } else {
      return false;
    }
    return true;
  }

  bool run_frames(const std::string& prompt) {
    if (prompt == "numbers") {
      answer_text(R"({ "a" : 1.50, "b":[0.1e1,{"json":"}"}], "c":12345678901234567890123 })");
    } else if (prompt == "progress") {
      progress(0.5);
      send({{"type", "from the future"}, {"job", job_}});
      send({{"type", "log"}, {"level", "warn"}, {"text", "a warning of the engine"}});
      answer({});
    } else if (prompt == "stale answers") {
      send({{"type", "result"}, {"job", "another"}, {"json", 1}});
      send({{"type", "failed"}, {"job", "another"}, {"class", "crashed"}, {"message", "old"}});
      send({{"type", "progress"}, {"job", "another"}, {"fraction", 0.5}});
      answer({});
    } else if (prompt == "not JSON") {
      send_text("{\"type\":");
    } else if (prompt == "not an object") {
      send_text("[1]");
    } else if (prompt == "no type") {
      send_text("{}");
    } else if (prompt == "oversize") {
      write_all(kChannel, head(64 * 1024 * 1024 + 1));
    } else if (prompt == "answer and end") {
      answer({});
      std::exit(0);
    } else if (prompt == "answer and crash") {
      answer({});
      crash();
    } else {
      return false;
    }
    return true;
  }

  bool run_trouble(const std::string& prompt) {
    if (prompt == "slow") {
      work_until_cancelled();
    } else if (prompt == "takes a while") {
      report("working");
      for (int i = 0; i < 300; ++i) {
        progress(0.1);
        ::poll(nullptr, 0, 2);
      }
      answer({{"pid", ::getpid()}});
    } else if (prompt == "deaf") {
      for (;;) ::pause();
    } else if (prompt == "stubborn") {
      std::signal(SIGTERM, SIG_IGN);
      report("ignoring");
      for (;;) ::pause();
    } else if (prompt == "busy and deaf") {
      for (;;) {
        progress(0.1);
        ::poll(nullptr, 0, 2);
      }
    } else if (prompt == "crash") {
      std::cerr << "about to fall" << std::endl;
      crash();
    } else if (prompt == "killed") {
      std::raise(SIGKILL);
    } else if (prompt == "closes the channel") {
      ::close(kChannel);
      for (;;) ::pause();
    } else if (prompt == "flood") {
      flood();
      answer({});
    } else if (prompt == "environment") {
      answer(surroundings());
    } else if (prompt == "grandchild" || prompt == "daemon") {
      leave_child(prompt == "daemon");
    } else {
      return false;
    }
    return true;
  }

  /// A sanitizer would turn the signal into an exit code.
  static void crash() {
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
  }

  void work_until_cancelled() {
    progress(0.1);
    report("working");
    for (;;) {
      pollfd channel{kChannel, POLLIN, 0};
      if (::poll(&channel, 1, 2) == 0) {
        progress(0.2);
        continue;
      }
      const json::object frame = receive();
      if (frame.empty()) std::exit(0);
      const std::string type(frame.at("type").as_string());
      if (type == "quit") std::exit(0);
      if (type == "cancel") return fail("cancelled", "cancelled");
    }
  }

  static void flood() {
    for (int i = 0; i < 20'000; ++i) write_all(STDERR_FILENO, "line " + std::to_string(i) + " \x1b[31m\xff of noise\n");
    const std::string part(65'536, 'x');
    for (int i = 0; i < 256; ++i) write_all(STDOUT_FILENO, part);
    write_all(STDOUT_FILENO, "\n");
  }

  static json::object surroundings() {
    json::array variables;
    for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
    std::array<char, 4096> folder{};
    if (::getcwd(folder.data(), folder.size()) == nullptr) std::exit(9);
    return {{"environment", variables}, {"folder", folder.data()}};
  }

  /// A child that holds the channel and the output pipe, and outlives us if nobody does something about it.
  void leave_child(bool as_daemon) {
    std::array<int, 2> ready{};
    if (::pipe(ready.data()) != 0) std::exit(9);
    const pid_t first = ::fork();
    if (first == 0) {
      std::signal(SIGTERM, SIG_IGN);
      if (as_daemon) {
        ::setsid();
        if (::fork() != 0) ::_exit(0);
      }
      write_all(ready[1], std::to_string(::getpid()));
      ::close(ready[1]);
      for (;;) ::pause();
    }
    if (as_daemon) ::waitpid(first, nullptr, 0);
    std::array<char, 32> pid{};
    if (::read(ready[0], pid.data(), pid.size() - 1) <= 0) std::exit(9);
    answer({{"pid", std::stoi(pid.data())}});
    std::exit(0);
  }

  std::string start_;
  int reports_;
  int loads_ = 0;
  std::string job_;
  std::string out_dir_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string start = argc > 1 ? argv[1] : "";
  const int reports = argc > 2 ? ::open(argv[2], O_WRONLY | O_CLOEXEC) : -1;
  return Engine(start, reports).serve();
}
