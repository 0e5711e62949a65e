#include "config/command_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <vector>

#include <cxxopts.hpp>

#include "config/commands/numbers.h"
#include "config/commands/policy_tools.h"
#include "config/exit_code.h"
#include "config/toml_file.h"

namespace config {
namespace {

/// One command: its words, what the overview says, its usage and example.
struct Spec {
  Command command;
  std::string_view words;
  std::string_view group;
  std::string_view summary;
  std::string_view arguments;
  std::string_view example;
};

constexpr std::array kSpecs = {
    Spec{Command::kRun, "run", "Daemon", "serve the studio until stopped", "", "run --policy policies/"},
    Spec{Command::kStatus, "status", "Daemon", "what the worker is doing", "", "status --json"},
    Spec{Command::kPause, "pause", "Daemon", "claim no new jobs; the running one goes on", "", "pause --for 2h"},
    Spec{Command::kResume, "resume", "Daemon", "claim again", "", "resume"},
    Spec{Command::kDrain, "drain", "Daemon", "finish what runs, deliver it, end", "", "drain --wait"},
    Spec{Command::kRegister, "register", "Setup", "where to register; --reset forgets the identity", "",
         "register --api-base-url https://studio.example"},
    Spec{Command::kEnable, "enable", "Setup", "claim jobs from the next start on", "", "enable"},
    Spec{Command::kDisable, "disable", "Setup", "claim no jobs from the next start on", "", "disable"},
    Spec{Command::kSetThreshold, "set-threshold", "Setup", "the most GPU memory a job may need, in GiB", "GIB",
         "set-threshold 8"},
    Spec{Command::kConfigShow, "config show", "Setup", "every value and where it comes from", "", "config show"},
    Spec{Command::kConfigCheck, "config check", "Setup", "what is wrong with config.toml", "", "config check"},
    Spec{Command::kDoctor, "doctor", "Setup", "what keeps this worker from serving, and what to do", "", "doctor"},
    Spec{Command::kPolicyCheck, "policy check", "Policies", "everything that a reload would check", "",
         "policy check --policy policies/"},
    Spec{Command::kPolicyExplain, "policy explain", "Policies", "the verdict on an offer, rule by rule", "[OFFER.json]",
         "policy explain offer.json --at '2026-03-25 01:12'"},
    Spec{Command::kPolicyDescribe, "policy describe", "Policies", "the policy in plain sentences", "",
         "policy describe --policy policies/"},
    Spec{Command::kPolicySimulate, "policy simulate", "Policies", "a calendar of when jobs are claimed", "",
         "policy simulate --week 2026-03-23 --app maya@tue14-17"},
    Spec{Command::kPolicyReplay, "policy replay", "Policies", "recorded offers against another policy", "",
         "policy replay --since 14d --with edited/"},
    Spec{Command::kPolicyWhy, "policy why", "Policies", "refusals by rule, and what would have changed them", "",
         "policy why --since 7d"},
    Spec{Command::kPolicyHistory, "policy history", "Policies", "the generations that are kept", "", "policy history"},
    Spec{Command::kPolicyRollback, "policy rollback", "Policies", "back to a kept generation, until the folder changes",
         "[N]", "policy rollback 38"},
    Spec{Command::kPolicyTest, "policy test", "Policies", "the policy's own tests", "", "policy test --coverage"},
    Spec{Command::kPolicyPromote, "policy promote", "Policies", "put a save in force that is held", "",
         "policy promote"},
    Spec{Command::kPolicyStubs, "policy stubs", "Policies", "types for your editor", "[DIR]", "policy stubs policies/"},
    Spec{Command::kPolicyTrace, "policy trace", "Policies", "decisions, pauses and reloads as they happen", "",
         "policy trace --since 10m"},
    Spec{Command::kPolicyDiff, "policy diff", "Policies", "what two policies do differently", "[DIR1] DIR2",
         "policy diff policies/ edited/"},
    Spec{Command::kPolicyShadow, "policy shadow", "Policies", "try another policy beside the one in force", "[DIR]",
         "policy shadow edited/"},
    Spec{Command::kEngineList, "engine list", "Engines", "engines found, and what they serve", "", "engine list"},
};

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string overview() {
  std::string text = "usage: studio-worker [--config FILE] COMMAND [OPTIONS]\n";
  std::string_view group;
  for (const auto& spec : kSpecs) {
    if (spec.group != group) text += "\n" + std::string(spec.group) + "\n";
    group = spec.group;
    text += "  " + padded(spec.words, 17) + std::string(spec.summary) + "\n";
  }
  return text +
         "\nAnywhere\n"
         "  --config FILE    another config.toml\n"
         "  --json           machine-readable output, where a command reads\n"
         "  -h, --help       help of a command\n"
         "  -V, --version    version\n"
         "\nstudio-worker COMMAND --help shows a command's options.\n";
}

/// The commands whose first word this is; nothing when none has it.
std::string group_overview(std::string_view word) {
  std::string rows;
  for (const auto& spec : kSpecs) {
    if (!spec.words.starts_with(std::string(word) + " ")) continue;
    rows += "  " + padded(spec.words.substr(word.size() + 1), 10) + std::string(spec.summary) + "\n";
  }
  if (rows.empty()) return rows;
  const std::string command = "studio-worker " + std::string(word);
  return "usage: " + command + " COMMAND [OPTIONS]\n\n" + rows + "\n" + command +
         " COMMAND --help shows a command's options.\n";
}

Exit usage_error(const std::string& what) {
  return {kExitUsage, "error: " + what + "\nsee studio-worker --help\n", true};
}

void add_common(cxxopts::Options& options) {
  auto add = options.add_options();
  add("config", "another config.toml", cxxopts::value<std::string>(), "FILE");
  add("state", "where journal and results are kept", cxxopts::value<std::string>(), "DIR");
  add("runtime-dir", "where the control socket lies", cxxopts::value<std::string>(), "DIR");
  add("json", "machine-readable output");
  add("h,help", "this text");
}

void add_options_of(Command command, cxxopts::Options& options) {
  auto add = options.add_options();
  switch (command) {
    case Command::kRun:
      add("policy", "Lua file or folder that decides", cxxopts::value<std::string>(), "FILE|DIR");
      add("engines", "folder of engines; may be repeated", cxxopts::value<std::vector<std::string>>(), "DIR");
      add("api-base-url", "the studio", cxxopts::value<std::string>(), "URL");
      add("jobs", "end after this many accepted jobs", cxxopts::value<std::string>(), "N");
      add("idle-exit", "end after this long without a job", cxxopts::value<std::string>(), "SECONDS");
      add("drain-timeout", "how long SIGTERM lets the running job go on", cxxopts::value<std::string>(), "SECONDS");
      add("log-level", "debug, info, warn or error", cxxopts::value<std::string>(), "LEVEL");
      add("log-json", "log lines as JSON");
      break;
    case Command::kRegister:
      add("api-base-url", "the studio", cxxopts::value<std::string>(), "URL");
      add("reset", "forget this worker's identity and credentials");
      break;
    case Command::kConfigShow:
      add("show-secrets", "print tokens, too");
      break;
    case Command::kPause:
      add("for", "resume by itself: 30m, 2h, 1d", cxxopts::value<std::string>(), "TIME");
      break;
    case Command::kDrain:
      add("wait", "return when the worker has ended");
      break;
    case Command::kEngineList:
    case Command::kDoctor:
      add("engines", "folder of engines; may be repeated", cxxopts::value<std::vector<std::string>>(), "DIR");
      break;
    default:
      break;
  }
}

base::Status read_run(const cxxopts::ParseResult& parsed, Invocation& invocation) {
  constexpr std::uint64_t kMany = 1000000000;
  if (parsed.count("jobs") != 0) {
    TRY(invocation.jobs, parse_number<std::uint64_t>("--jobs", parsed["jobs"].as<std::string>(), 1, kMany));
  }
  const auto seconds = [&](const char* name, std::optional<std::chrono::seconds>& target) -> base::Status {
    if (parsed.count(name) == 0) return {};
    TRY(const auto value,
        parse_number<std::uint64_t>(std::string("--") + name, parsed[name].as<std::string>(), 0, kMany));
    target = std::chrono::seconds(value);
    return {};
  };
  CHECK_OK(seconds("idle-exit", invocation.idle_exit));
  return seconds("drain-timeout", invocation.overrides.drain_timeout);
}

base::Result<std::string> checked_level(const std::string& level) {
  if (level == "debug" || level == "info" || level == "warn" || level == "error") return level;
  return base::Error{base::Code::kInvalid, "--log-level is debug, info, warn or error, not \"" + level + "\""};
}

base::Status read_values(const cxxopts::ParseResult& parsed, const Spec& spec, Invocation& invocation) {
  const auto text = [&](const char* name) {
    return parsed.count(name) != 0 ? parsed[name].as<std::string>() : std::string();
  };
  auto& overrides = invocation.overrides;
  overrides.config_file = text("config");
  overrides.state_folder = text("state");
  overrides.runtime_folder = text("runtime-dir");
  invocation.json = parsed.count("json") != 0;
  const auto has = [&](const char* name) { return parsed.count(name) != 0; };
  switch (spec.command) {
    case Command::kRun:
      CHECK_OK(read_run(parsed, invocation));
      if (has("log-level")) {
        TRY(overrides.log_level, checked_level(text("log-level")));
      }
      overrides.log_json = has("log-json");
      break;
    case Command::kRegister:
      invocation.reset = has("reset");
      break;
    case Command::kConfigShow:
      invocation.show_secrets = has("show-secrets");
      break;
    case Command::kDrain:
      invocation.wait = has("wait");
      break;
    case Command::kPause:
      if (has("for")) {
        TRY(invocation.pause_for, parse_duration(text("for")));
      }
      break;
    default:
      break;
  }
  if (spec.group == "Policies") CHECK_OK(read_policy_options(parsed, invocation));
  if (spec.command == Command::kRun || spec.command == Command::kRegister) {
    if (has("api-base-url")) overrides.api_base_url = text("api-base-url");
  }
  if (spec.command == Command::kRun || spec.group == "Policies") {
    overrides.policy = text("policy");
  }
  if (parsed.count("engines") != 0) {
    for (const auto& folder : parsed["engines"].as<std::vector<std::string>>()) overrides.engines.emplace_back(folder);
  }
  return {};
}

base::Status read_positional(const std::vector<std::string>& words, const Spec& spec, Invocation& invocation) {
  const auto spaces = static_cast<std::size_t>(std::count(spec.arguments.begin(), spec.arguments.end(), ' '));
  const auto optional = static_cast<std::size_t>(std::count(spec.arguments.begin(), spec.arguments.end(), '['));
  const std::size_t expected = spec.arguments.empty() ? 0 : spaces + 1;
  if (words.size() + optional < expected) {
    return base::Error{base::Code::kInvalid, std::string(spec.words) + " needs " + std::string(spec.arguments) +
                                                 ", for example: studio-worker " + std::string(spec.example)};
  }
  if (words.size() > expected) {
    return base::Error{base::Code::kInvalid,
                       std::string(spec.words) + " takes no argument \"" + words[expected] + "\""};
  }
  if (spec.command == Command::kSetThreshold) {
    TRY(invocation.threshold, parse_number<double>("set-threshold", words[0], -1e9, 1e9));
  }
  return read_policy_words(words, invocation);
}

/// The command's words and where they end; options may stand in front of them.
struct Split {
  const Spec* spec = nullptr;
  std::vector<std::string> rest;
  std::string unknown;
};

Split split(const std::vector<std::string>& arguments) {
  Split result;
  std::vector<std::string> words;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < arguments.size() && words.size() < 2; ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--config" || argument == "--state" || argument == "--runtime-dir") {
      ++i;
    } else if (!argument.starts_with("-")) {
      words.push_back(argument);
      places.push_back(i);
    } else if (!words.empty()) {
      break;
    }
  }
  for (const std::size_t length : {std::size_t{2}, std::size_t{1}}) {
    if (words.size() < length) continue;
    const std::string name = length == 2 ? words[0] + " " + words[1] : words[0];
    const auto* found =
        std::find_if(kSpecs.begin(), kSpecs.end(), [&](const Spec& spec) { return spec.words == name; });
    if (found == kSpecs.end()) continue;
    result.spec = found;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (std::find(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(length), i) !=
          places.begin() + static_cast<std::ptrdiff_t>(length)) {
        continue;
      }
      result.rest.push_back(arguments[i]);
    }
    return result;
  }
  for (const auto& word : words) result.unknown += (result.unknown.empty() ? "" : " ") + word;
  return result;
}

Exit unknown_command(const std::string& words) {
  if (words.empty()) return {kExitUsage, "error: which command?\n\n" + overview(), true};
  if (const auto group = group_overview(words); !group.empty()) {
    return {kExitUsage, "error: which " + words + " command?\n\n" + group, true};
  }
  std::vector<std::string_view> names(kSpecs.size());
  std::transform(kSpecs.begin(), kSpecs.end(), names.begin(), [](const Spec& spec) { return spec.words; });
  std::string guess = nearest(words, names);
  if (guess.empty()) guess = nearest(words.substr(0, words.find(' ')), names);
  return usage_error("unknown command \"" + words + "\"" +
                     (guess.empty() ? std::string() : "; did you mean \"" + guess + "\"?"));
}

Exit unknown_option(const std::string& what, const cxxopts::Options& options) {
  // The library's message quotes the option with typographic marks: the name stands between the first and the last.
  const std::size_t begin = what.find("\u2018");
  const std::size_t end = what.find("\u2019");
  std::string name =
      begin != std::string::npos && end != std::string::npos ? what.substr(begin + 3, end - begin - 3) : "";
  std::vector<std::string> known;
  for (const auto& option : options.group_help("").options) known.insert(known.end(), option.l.begin(), option.l.end());
  const std::string guess = nearest(name, {known.begin(), known.end()});
  if (what.find("does not exist") == std::string::npos || name.empty()) return usage_error(what);
  return usage_error("unknown option \"" + std::string(name.size() == 1 ? "-" : "--") + name + "\"" +
                     (guess.empty() ? std::string() : "; did you mean \"--" + guess + "\"?"));
}

std::variant<Invocation, Exit> parse_command(const Spec& spec, const std::vector<std::string>& arguments) {
  cxxopts::Options options("studio-worker " + std::string(spec.words), std::string(spec.summary));
  options.set_width(80);
  options.custom_help("[OPTIONS]" + (spec.arguments.empty() ? "" : " " + std::string(spec.arguments)));
  add_common(options);
  add_options_of(spec.command, options);
  if (spec.group == "Policies") add_policy_options(spec.command, options);
  options.allow_unrecognised_options();
  Invocation invocation;
  invocation.command = spec.command;
  // A negative number is a value here, not an option.
  std::vector<std::string> words;
  std::vector<const char*> pass = {"studio-worker"};
  for (const auto& argument : arguments) {
    const bool negative =
        argument.size() > 1 && argument[0] == '-' && (std::isdigit(static_cast<unsigned char>(argument[1])) != 0);
    if (negative && spec.command == Command::kSetThreshold)
      words.push_back(argument);
    else
      pass.push_back(argument.c_str());
  }
  try {
    const auto parsed = options.parse(static_cast<int>(pass.size()), pass.data());
    if (parsed.count("help") != 0) {
      return Exit{kExitOk, options.help() + "\nexample: studio-worker " + std::string(spec.example) + "\n"};
    }
    for (const auto& word : parsed.unmatched()) {
      if (word.starts_with("-") && word != "-")
        return unknown_option(
            "Option \u2018" + word.substr(std::min(word.size(), word.find_first_not_of('-'))) + "\u2019 does not exist",
            options);
      words.push_back(word);
    }
    if (auto read = read_values(parsed, spec, invocation); !read) return usage_error(read.error().message);
  } catch (const cxxopts::exceptions::exception& failure) {
    return unknown_option(failure.what(), options);
  }
  if (auto read = read_positional(words, spec, invocation); !read) return usage_error(read.error().message);
  return invocation;
}

}  // namespace

base::Result<std::chrono::seconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::array kUnits = {std::pair{"s", 1}, std::pair{"m", 60}, std::pair{"h", 3600}, std::pair{"d", 86400}};
  const auto* known = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& one) { return unit == one.first; });
  constexpr std::int64_t kYear = 366LL * 86400;
  if (failure != std::errc() || known == kUnits.end() || count <= 0 || count > kYear / known->second) {
    return base::Error{
        base::Code::kInvalid,
        "a time is a number and a unit, like 90s, 30m, 2h or 1d, from 1s to 366d, not \"" + std::string(text) + "\""};
  }
  return std::chrono::seconds(count * known->second);
}

std::variant<Invocation, Exit> parse_command_line(int argc, const char* const* argv, const std::string& version) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  // "help run" is "run --help".
  if (!arguments.empty() && arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  const auto given = [&](std::string_view a, std::string_view b) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const auto& text) { return text == a || text == b; });
  };
  if (given("-V", "--version")) return Exit{kExitOk, "studio-worker " + version + "\n"};
  const Split found = split(arguments);
  if (found.spec == nullptr) {
    const std::string help = found.unknown.empty() ? overview() : group_overview(found.unknown);
    if (!help.empty() && given("-h", "--help")) return Exit{kExitOk, help};
    return unknown_command(found.unknown);
  }
  return parse_command(*found.spec, found.rest);
}

bool is_about_policy(Command command) {
  return std::any_of(kSpecs.begin(), kSpecs.end(),
                     [command](const Spec& spec) { return spec.command == command && spec.group == "Policies"; });
}

}  // namespace config
