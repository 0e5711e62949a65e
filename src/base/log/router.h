#pragma once
// Router: something that decides where log records go, in place of the console alone.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace base::log {

enum class Format : std::uint8_t { kText, kJson };

/// A record that outlives the call that wrote it. The keys of its fields are literals.
struct Record {
  std::chrono::system_clock::time_point time;
  Level level = Level::kInfo;
  std::string category;
  std::string message;
  std::vector<Field> fields;
  std::vector<Field> context;  // see `write`
  bool for_studio = false;     // written by `note`: without a rule the studio gets it as well

  /// The value of a field or of the context; nullptr when there is none.
  const std::string* find(std::string_view key) const;
};

class Router {
 public:
  virtual ~Router() = default;
  /// Thread: any, and it may be the one of an offer: must not wait.
  virtual void take(Record record) = 0;
};

/// From now on the records of `least` and above go to the router; nullptr: to the console again. Thread: any.
void set_router(std::shared_ptr<Router> router, Level least = Level::kInfo);

/// One line on the console, whatever its level. Without a format in the console's own.
void print(const Record& record, std::optional<Format> format = std::nullopt);

/// What `set_level` said.
Level console_level();

/// "2026-03-25T01:12:00.000Z info  [ws] text job=7", or a JSON object; with its newline. The context is a part of it.
std::string to_line(const Record& record, Format format);

/// The fields as text: "job=7 why=\"a b\"".
std::string to_text(const std::vector<Field>& fields);

}  // namespace base::log
