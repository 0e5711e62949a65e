#pragma once
// The command line as a value: parsing never exits and never prints.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace config {

enum class Command : std::uint8_t {
  kRun,
  kRegister,
  kStatus,
  kConfigShow,
  kConfigCheck,
  kDoctor,
  kSetThreshold,
  kEnable,
  kDisable,
  kPause,
  kResume,
  kDrain,
  kPolicyCheck,
  kPolicyExplain,
  kPolicyDescribe,
  kPolicySimulate,
  kPolicyReplay,
  kPolicyWhy,
  kPolicyHistory,
  kPolicyRollback,
  kPolicyPromote,
  kPolicyStubs,
  kPolicyDiff,
  kEngineList,
  kPolicyTest,
  kPolicyTrace,
  kPolicyShadow,
};

struct Invocation {
  Command command = Command::kRun;
  Overrides overrides;
  bool json = false;
  bool reset = false;               // register
  bool show_secrets = false;        // config show
  bool wait = false;                // drain
  std::optional<double> threshold;  // set-threshold, GiB
  std::optional<std::chrono::seconds> pause_for;
  std::optional<std::uint64_t> jobs;  // run
  std::optional<std::chrono::seconds> idle_exit;
  std::filesystem::path offer_file;             // policy explain
  std::optional<std::string> at;                // policy explain: the clock
  std::optional<std::string> from;              // policy simulate: the first day
  bool whole_week = false;                      // policy simulate: the week in which `from` is
  int days = 7;                                 // policy simulate
  std::vector<std::string> apps;                // policy simulate: programs that run, like "maya@tue14-17"
  std::filesystem::path svg;                    // policy simulate: a picture to write; empty = none
  std::optional<std::string> vram;              // policy simulate: memory of the card, like "20GiB"
  bool last = false;                            // policy explain: the newest recorded offer
  std::optional<std::string> recorded_id;       // policy explain: this one
  std::optional<std::chrono::seconds> since;    // policy replay, why, trace
  std::filesystem::path with;                   // policy replay: the policy to try
  std::optional<std::uint64_t> generation;      // policy rollback
  bool coverage = false;                        // policy test
  std::optional<unsigned> least_coverage;       // policy test, percent
  std::filesystem::path stubs_folder;           // policy stubs
  std::vector<std::filesystem::path> compared;  // policy diff: one or two
  std::filesystem::path shadow_folder;          // policy shadow: the policy to try; empty = show what it does
  bool stop = false;                            // policy shadow
  bool of_shadow = false;                       // policy promote
};

/// The program is to end at once with this text: help, version, or what is wrong with the arguments.
struct Exit {
  int code = 0;
  std::string text;
  bool to_stderr = false;
};

/// Whether it is one of `studio-worker policy`.
bool is_about_policy(Command command);

std::variant<Invocation, Exit> parse_command_line(int argc, const char* const* argv, const std::string& version);

/// "90s", "5m", "2h", "1d" or "until I say" as nothing. Errors: kInvalid.
base::Result<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace config
