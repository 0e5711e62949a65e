#include "base/log.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log/output.h"
#include "base/text/utf8.h"

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

  Output() {
    logger = std::make_shared<spdlog::logger>("studio-worker", std::make_shared<StderrSink>(lines));
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v",
                                                                      spdlog::pattern_time_type::utc));
    logger->set_level(spdlog::level::info);
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

void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') line += '\\';
    line += c;
  }
  line += '"';
}

bool plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos;
}

std::string text_line(std::string_view category, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = "[";
  line += category;
  line += "] ";
  line += printable(message);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    const std::string value = printable(field.value);
    if (plain(value))
      line += value;
    else
      append_quoted(line, value);
  }
  return line;
}

std::string json_line(Level level, std::string_view category, std::string_view message,
                      std::initializer_list<Field> fields) {
  std::string line = R"({"ts":")" + format_utc(std::chrono::system_clock::now()) + R"(","level":")";
  line += to_string(level);
  line += R"(","category":)";
  append_quoted(line, category);
  line += R"(,"message":)";
  append_quoted(line, printable(message));
  for (const Field& field : fields) {
    line += ',';
    append_quoted(line, field.key);
    line += ':';
    append_quoted(line, printable(field.value));
  }
  line += '}';
  return line;
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
  std::string safe;
  safe.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    if (safe.size() >= limit) return safe + "…";
    const std::size_t length = utf8_sequence(text);
    const auto lead = static_cast<unsigned char>(text.front());
    if (length == 0) {
      safe += "\xEF\xBF\xBD";
    } else if (lead < 0x20 || lead == 0x7F || (lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0)) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", length == 1 ? lead : static_cast<unsigned char>(text[1]));
      safe += escape.data();
    } else {
      safe += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return safe;
}

void write(Level level, std::string_view category, std::string_view message, std::initializer_list<Field> fields) {
  Output& out = output();
  if (!out.logger->should_log(spdlog_level(level))) return;
  if (out.json) {
    out.lines.put(json_line(level, category, message, fields) + "\n");
    return;
  }
  out.logger->log(spdlog_level(level), spdlog::string_view_t(text_line(category, message, fields)));
}

void set_level(Level level) {
  output().logger->set_level(spdlog_level(level));
}
void set_json(bool json) {
  output().json = json;
}

}  // namespace base::log
