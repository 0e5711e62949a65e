#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log/format.h"
#include "base/log/output.h"
#include "base/log/router.h"

namespace base::log {
namespace {

std::string_view colour_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return "\x1B[36m";
    case spdlog::level::warn:
      return "\x1B[33m\x1B[1m";
    case spdlog::level::err:
      return "\x1B[31m\x1B[1m";
    default:
      return "\x1B[32m";
  }
}

class StderrSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit StderrSink(LogOutput& output)
      : output_(output), coloured_(std::getenv("NO_COLOR") == nullptr && ::isatty(STDERR_FILENO) == 1) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t formatted;
    formatter_->format(message, formatted);
    std::string line(formatted.data(), formatted.size());
    if (coloured_ && message.color_range_end > message.color_range_start) {
      line.insert(message.color_range_end, "\x1B[m");
      line.insert(message.color_range_start, colour_of(message.level));
    }
    output_.put(line);
  }
  void flush_() override {}

  LogOutput& output_;
  bool coloured_;
};

struct Output {
  LogOutput lines{STDERR_FILENO};
  std::shared_ptr<spdlog::logger> logger;
  bool json = false;
  Level console = Level::kInfo;
  std::atomic<Level> least = Level::kInfo;  // nobody wants what is below it
  std::atomic<bool> routed = false;         // saves the lock while nothing routes
  std::mutex mutex;
  std::shared_ptr<Router> router;

  Output() {
    logger = std::make_shared<spdlog::logger>("studio-worker", std::make_shared<StderrSink>(lines));
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v",
                                                                      spdlog::pattern_time_type::utc));
    logger->set_level(spdlog::level::trace);
  }
};

Output& output() {
  static Output instance;
  return instance;
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

void print_text(Output& out, std::chrono::system_clock::time_point time, Level level, std::string_view line) {
  out.logger->log(time, spdlog::source_loc{}, spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

void print_json(Output& out, std::chrono::system_clock::time_point time, Level level, std::string_view category,
                std::string_view message, std::span<const Field> fields) {
  std::string line = open_json(format_utc(time), level, category, message);
  append_json(line, fields);
  out.lines.put(line + "}\n");
}

void print_now(Output& out, Level level, std::string_view category, std::string_view message, Fields fields) {
  const auto now = std::chrono::system_clock::now();
  if (out.json)
    print_json(out, now, level, category, message, fields);
  else
    print_text(out, now, level, text_line(category, message, fields));
}

/// Whether a router took it.
bool hand_over(Output& out, Level level, std::string_view category, std::string_view message, Fields fields,
               Fields context, bool for_studio) {
  std::shared_ptr<Router> router;
  {
    const std::lock_guard lock(out.mutex);
    router = out.router;
  }
  if (!router) return false;
  router->take({std::chrono::system_clock::now(), level, std::string(category), std::string(message), fields, context,
                for_studio});
  return true;
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
  }
  return "error";
}

Field::Field(std::string_view name, double number) : key(name) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", number);
  value = text.data();
}

std::string printable(std::string_view text, std::size_t limit) {
  return escaped(text, Escapes::kText, limit);
}

void write(Level level, std::string_view category, std::string_view message, Fields fields, Fields context) {
  Output& out = output();
  if (level < out.least.load(std::memory_order_relaxed)) return;
  if (out.routed.load(std::memory_order_relaxed) && hand_over(out, level, category, message, fields, context, false)) {
    return;
  }
  print_now(out, level, category, message, fields);
}

bool note(Level level, std::string_view category, std::string_view message, Fields fields, Fields context) {
  Output& out = output();
  if (out.routed.load(std::memory_order_relaxed) && hand_over(out, level, category, message, fields, context, true)) {
    return true;
  }
  write(level, category, message, fields);
  return false;
}

void print(const Record& record, std::optional<Format> format) {
  Output& out = output();
  if (format ? *format == Format::kJson : out.json)
    print_json(out, record.time, record.level, record.category, record.message, record.fields);
  else
    print_text(out, record.time, record.level, text_line(record.category, record.message, record.fields));
}

void set_router(std::shared_ptr<Router> router, Level least) {
  Output& out = output();
  const std::lock_guard lock(out.mutex);
  out.routed = router != nullptr;
  out.least = router ? std::min(out.console, least) : out.console;
  out.router = std::move(router);
}

Level console_level() {
  return output().console;
}

void set_level(Level level) {
  output().console = level;
  output().least = level;
}
void set_json(bool json) {
  output().json = json;
}

}  // namespace base::log
