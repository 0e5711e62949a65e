#pragma once
// LogRule: one `worker.log_to` entry, which says where some of the worker's log records go. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log/router.h"
#include "base/result.h"
#include "policy/names/words.h"
#include "policy/rules/place.h"
#include "policy/rules/units.h"

namespace policy::logs {

constexpr std::size_t kMostRules = 100;
constexpr base::Bytes kSmallestFile = base::kMiB;
constexpr base::Duration kShortestKeep = std::chrono::hours(1);
constexpr base::Duration kLongestKeep = std::chrono::hours(24) * 3650;

enum class Sink : std::uint8_t { kConsole, kStudio, kNone, kFile };
constexpr std::uint8_t kSinks = 4;

/// The entries are asked in order, and each that matches sends the record to its sink; of several for one sink the
/// first decides.
struct LogRule {
  rules::Place place;
  Sink sink = Sink::kConsole;
  std::string file;                       // bare name; of kFile only
  std::optional<base::log::Level> level;  // and above; nothing = what the worker's own level lets through
  std::vector<std::string> about;         // categories, or kAboutJobs; empty = everything
  std::string game;                       // pattern; empty = any, also none
  std::optional<base::log::Format> format;
  std::optional<base::Duration> keep;   // of kFile
  std::optional<base::Bytes> max_size;  // of kFile
  std::optional<rules::Rate> at_most;
  bool stop = false;  // no entry after this one is asked; a kNone always stops
};

/// Stands for every record that names a job, whatever its category.
using names::kAboutJobs;

/// The categories that the worker writes under.
const std::vector<std::string_view>& categories();

/// "console", "studio", "none", "file:jobs.jsonl". Errors: kInvalid with the nearest name.
struct Target {
  Sink sink = Sink::kConsole;
  std::string file;
};
base::Result<Target> parse_target(std::string_view text);
std::string to_string(const LogRule& rule);  // its target, as it is written

/// A name without a folder: letters, digits, '.', '_' and '-', and not hidden.
bool is_bare_file(std::string_view name);

/// Errors: kInvalid with the nearest name.
base::Result<base::log::Level> parse_level(std::string_view name);

}  // namespace policy::logs
