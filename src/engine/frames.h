#pragma once
// The frames of the engine protocol, version 1: text out, checked values in. No I/O.

#include <cstdint>
#include <string>
#include <variant>

#include "base/log.h"
#include "engine/engine_pool.h"

namespace engine {

constexpr std::int64_t kProtocolVersion = 1;

std::string encode_hello(const Manifest& manifest);
std::string encode_load(const RunRequest& request);
/// The task goes in as it is: it is JSON already and may be as large as a frame.
std::string encode_run(const RunRequest& request);
std::string encode_cancel(const base::JobId& job);
std::string encode_quit();

struct ReadyFrame {
  std::int64_t protocol = 0;
  std::string name;
  std::string version;
};
struct LoadedFrame {
  std::string model;
  base::Bytes vram = 0;
};
struct ProgressFrame {
  base::JobId job;
  Progress progress;
};
struct LogFrame {
  base::log::Level level = base::log::Level::kInfo;
  std::string text;
};
struct ResultFrame {
  base::JobId job;
  std::string file;  // set for a file, with ext
  std::string ext;
  std::string json;  // set for JSON, the engine's text
};
struct FailedFrame {
  base::JobId job;  // empty: the load failed
  job::Failure failure;
};
/// A type of a later version.
struct UnknownFrame {
  std::string type;
};

using Frame = std::variant<ReadyFrame, LoadedFrame, ProgressFrame, LogFrame, ResultFrame, FailedFrame, UnknownFrame>;

/// Errors: kInvalid, saying what is wrong.
base::Result<Frame> decode(const std::string& text);

}  // namespace engine
