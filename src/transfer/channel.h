#pragma once
// Channel: what the worker asks of studio-transfer and what it gets back, over the socket on fd 3. One thread.
//
// A frame is a 4-byte little-endian length and one JSON object; its keys are those of the fields below, times are
// milliseconds, and "do" names the kind of request. An empty frame asks "do you still run?" and is echoed.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace transfer {

struct Target {
  std::string url;
  base::Secret bearer;
  std::string ca_file;
};

struct Send {
  Target to;
  std::string method;
  std::string content_type;
  std::string body;
  base::Duration limit{};
};

struct Part {
  std::string name;
  std::string text;
  std::filesystem::path file;  // instead of `text` when not empty
  std::string filename;
  std::string content_type;
  std::string xxh128;  // of the file, which is not sent to its end when it has another; empty = not checked
};
struct Upload {
  Target to;
  std::vector<Part> parts;
  base::Duration stall_limit{};
};

struct Download {
  Target to;
  std::filesystem::path destination;
  base::Bytes max_bytes = 0;
  base::Duration limit{};
  std::string user_agent;
};

struct Cancel {};
struct Probe {};

struct Request {
  std::uint64_t id = 0;
  std::variant<Send, Upload, Download, Cancel, Probe> what;
};

/// An HTTP answer, or the reason why there is none.
struct Answer {
  std::optional<base::Error> error;
  int status = 0;
  std::string content_type;
  std::string body;
  std::optional<base::Duration> retry_after;
  std::string sha256;  // of a download
  base::Bytes bytes = 0;
};

/// Errors: kInvalid; the worker sends none, so the channel cannot be trusted any more.
base::Result<Request> decode_request(std::string_view frame);
std::string encode_answer(std::uint64_t id, const Answer& answer);

class Channel {
 public:
  /// `socket` stays the caller's.
  explicit Channel(int socket) : socket_(socket) {}

  int socket() const { return socket_; }
  /// Takes in what has arrived. False when the worker is gone.
  bool fill();
  /// The next complete frame; nothing when more bytes are needed.
  std::optional<base::Result<Request>> next();

  void send(std::string_view frame);
  /// Writes what the socket takes. False when the worker is gone.
  bool flush();
  bool wants_to_write() const { return !outgoing_.empty(); }

 private:
  int socket_;
  std::string incoming_;
  std::string outgoing_;
};

}  // namespace transfer
