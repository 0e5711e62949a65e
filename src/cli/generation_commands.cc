// The commands about the generations of a policy that are kept: history and rollback.

#include <cstdio>

#include <boost/json.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/paths.h"
#include "control/client.h"
#include "policy/generations/store.h"
#include "policy/policy_runtime.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kShortHash = 8;

policy::generations::Store store_of(const config::Loaded& loaded) {
  return policy::generations::Store(
      policy::generations::folder_in(config::policy_data_folder(loaded.settings.state_folder)));
}

/// The policy that a command is about: the configured one, otherwise that of the last worker.
std::string source_here(const config::Loaded& loaded, const std::optional<policy::generations::Mark>& mark) {
  if (!loaded.settings.policy.empty()) return policy::generations::source_of(loaded.settings.policy);
  return mark ? mark->source : std::string();
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + base::log::printable(name);
  return text;
}

/// How a generation came to be.
std::string origin_of(const std::string& reason) {
  if (reason == policy::generations::kSaved) return "saved in the folder";
  if (reason == policy::generations::kFoundAtStart) return "found in the folder at a start";
  if (reason == policy::generations::kPromoted) return "promoted, the save was held";
  if (reason == policy::generations::kFromShadow) return "promoted, it was the shadow";
  return base::log::printable(reason);
}

/// What decides: in the worker that runs, or in the next one at its start.
struct Present {
  bool running = false;
  std::uint64_t number = 0;  // 0 = no generation does
  std::string since;
};

/// A worker is asked: the mark on disk does not know of one that runs without a policy, or could not load any.
Present find_present(const config::Loaded& loaded, const std::optional<policy::generations::Mark>& mark,
                     const std::string& source) {
  const auto socket = control::socket_path(loaded.settings.runtime_folder, loaded.settings.config_file);
  const auto answer = control::ask(socket, R"({"command":"status"})");
  if (answer) {
    const json::value status = json::parse(*answer);
    const json::object& active = status.at("status").at("policy").as_object();
    return {true, active.at("generation").to_number<std::uint64_t>(), std::string(active.at("since").as_string())};
  }
  if (answer.error().code != base::Code::kNotFound) {
    std::fprintf(stderr, "warning: what is in force is not known: %s\n", answer.error().message.c_str());
    return {};
  }
  if (!mark || mark->source != source) return {};
  return {false, mark->number, mark->reason};
}

/// One generation with everything that is said about it.
struct Entry {
  policy::generations::Generation about;
  bool damaged = false;
  bool elsewhere = false;  // of another policy folder
  bool active = false;
};

std::string state_of(const Entry& entry, const Present& present) {
  std::string state = origin_of(entry.about.reason);
  if (entry.active) {
    state += present.running ? ", in force" : ", the next worker starts with it";
    if (present.since == policy::generations::kRollback) state += " (rolled back to it)";
  }
  if (entry.damaged) state += ", damaged";
  if (entry.elsewhere) state += ", of " + base::log::printable(entry.about.source);
  return state;
}

json::object json_of(const Entry& entry, const Present& present) {
  const auto& about = entry.about;
  return {{"generation", about.number},
          {"at", about.at},
          {"hash", about.hash},
          {"files", json::array(about.files.begin(), about.files.end())},
          {"reason", about.reason},
          {"source", about.source},
          {"damaged", entry.damaged},
          {"active", entry.active},
          {"active_since", entry.active ? present.since : std::string()}};
}

/// Without a worker the mark on disk is all there is to change: the next one starts with it.
base::Result<std::string> roll_back_at_rest(const config::Loaded& loaded, std::optional<std::uint64_t> wanted) {
  const auto store = store_of(loaded);
  auto mark = store.in_force();
  if (!mark) return base::Error{base::Code::kNotFound, "no worker has run with a policy yet: no generation is kept"};
  const auto source = source_here(loaded, mark);
  if (mark->source != source) {
    return base::Error{base::Code::kNotFound, "the last worker ran with the policy " + mark->source + " and not with " +
                                                  source + "; to roll that one back, add --policy " + mark->source};
  }
  TRY(auto kept, store.choose(wanted, *mark));
  const auto number = kept.about.number;
  CHECK_OK(policy::PolicyRuntime::load(std::move(kept.files)));
  const auto folder = policy::read_sources(source);
  mark->number = number;
  mark->reason = policy::generations::kRollback;
  mark->turned_away = folder ? policy::generations::fingerprint(*folder) : std::string();
  CHECK_OK(store.mark(*mark));
  return "no worker is running; the next one" + (loaded.settings.policy.empty() ? " with --policy " + source : "") +
         " starts with generation " + std::to_string(number) + ", until the policy folder changes";
}

}  // namespace

Outcome show_policy_history(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto store = store_of(loaded);
  std::vector<std::string> warnings;
  const auto generations = store.list(warnings);
  const auto mark = store.in_force();
  const auto source = source_here(loaded, mark);
  const auto present = find_present(loaded, mark, source);
  json::array list;
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : generations) {
    Entry entry{.about = one, .elsewhere = !is_of(one, source)};
    if (const auto whole = store.read(one.number); !whole) {
      entry.damaged = true;
      warnings.push_back(whole.error().message);
    }
    // A worker goes on with the files that it has read; the next one could not read them.
    entry.active = one.number == present.number && (present.running || !entry.damaged);
    list.push_back(json_of(entry, present));
    rows.push_back({(entry.active ? "* g" : "  g") + std::to_string(one.number), base::log::printable(one.at),
                    base::log::printable(one.hash.substr(0, kShortHash)), state_of(entry, present), joined(one.files)});
  }
  for (const auto& warning : warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  if (invocation.json) {
    std::printf("%s\n",
                json::serialize(json::object{{"running", present.running}, {"generations", std::move(list)}}).c_str());
  } else if (rows.empty()) {
    std::puts("no generation is kept; the first one is when a worker runs with a policy");
  } else {
    std::printf("%s", columns(rows, "").c_str());
  }
  return config::kExitOk;
}

Outcome roll_back_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  json::object request{{"command", "policy rollback"}};
  if (invocation.generation) request["generation"] = *invocation.generation;
  const auto socket = control::socket_path(loaded.settings.runtime_folder, loaded.settings.config_file);
  auto answer = control::ask(socket, json::serialize(request));
  if (!answer && answer.error().code == base::Code::kNotFound) {
    answer = roll_back_at_rest(loaded, invocation.generation);
  } else if (answer) {
    answer = std::string(json::parse(*answer).at("done").as_string());
  }
  if (!answer) return fail(config::kExitFailed, answer.error().message);
  say(*answer, invocation.json);
  return config::kExitOk;
}

}  // namespace cli
