#pragma once
// Structured log: one line is one event. Lines go to the console (stderr), or where a router sends them (log/router.h).
// Thread: any for writing; `set_level` and `set_json` before the other threads start.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace base::log {

/// By who must act: error the operator now, warn the operator soon, info a change of state, debug a developer.
enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError };

std::string_view to_string(Level level);

/// One key=value of a line. The value is escaped and cut when it is printed.
struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  Field(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false") {}
  Field(std::string_view name, double number);
  template <class Tag>
  Field(std::string_view name, const Id<Tag>& id) : key(name), value(id.value) {}
  template <class Int>
  requires std::is_integral_v<Int> Field(std::string_view name, Int number)
      : key(name), value(std::to_string(number)) {}
};

using Fields = std::initializer_list<Field>;

/// `context` is what is known beside the fields (game and kind of a job): the console does not show it, rules and files
/// of a policy do.
void write(Level level, std::string_view category, std::string_view message, Fields fields = {}, Fields context = {});

/// A line that is meant for the studio as well. False: nobody routes, so the caller sends it there himself.
[[nodiscard]] bool note(Level level, std::string_view category, std::string_view message, Fields fields,
                        Fields context);

inline void debug(std::string_view category, std::string_view message, Fields fields = {}) {
  write(Level::kDebug, category, message, fields);
}
inline void info(std::string_view category, std::string_view message, Fields fields = {}) {
  write(Level::kInfo, category, message, fields);
}
inline void warn(std::string_view category, std::string_view message, Fields fields = {}) {
  write(Level::kWarn, category, message, fields);
}
inline void error(std::string_view category, std::string_view message, Fields fields = {}) {
  write(Level::kError, category, message, fields);
}

/// Lines below `level` are dropped. Default: info.
void set_level(Level level);
/// One JSON object a line instead of text. Default: text; colour only on a terminal that wants it (NO_COLOR).
void set_json(bool json);

/// Text from outside made safe for a terminal or a log line: control characters as \xNN, invalid UTF-8 as U+FFFD,
/// at most `limit` bytes followed by "…".
std::string printable(std::string_view text, std::size_t limit = 2000);

}  // namespace base::log
