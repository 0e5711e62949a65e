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
#include "policy/policy_host.h"
#include "policy/policy_runtime.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kShortHash = 8;

policy::generations::Store store_of(const config::Loaded& loaded) {
  return policy::generations::Store(
      policy::generations::folder_in(config::policy_data_folder(loaded.settings.state_folder)));
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + base::log::printable(name);
  return text;
}

/// Without a worker the mark on disk is all there is to change: the next one starts with it.
base::Result<std::string> roll_back_at_rest(const config::Loaded& loaded, std::optional<std::uint64_t> wanted) {
  const auto store = store_of(loaded);
  auto mark = store.in_force();
  const auto source = policy::generations::source_of(loaded.settings.policy);
  if (!mark || loaded.settings.policy.empty() || mark->source != source) {
    return base::Error{base::Code::kNotFound, "no worker has run with the policy " + source + " yet"};
  }
  if (!wanted) {
    std::vector<std::string> ignored;
    for (const auto& one : store.list(ignored)) {
      if (one.number < mark->number && !wanted) wanted = one.number;
    }
    if (!wanted) return base::Error{base::Code::kNotFound, "no older generation is kept"};
  }
  TRY(auto kept, store.read(*wanted));
  CHECK_OK(policy::PolicyRuntime::load(std::move(kept.files)));
  const auto folder = policy::read_sources(loaded.settings.policy);
  mark->number = *wanted;
  mark->reason = policy::generations::kRollback;
  mark->turned_away = folder ? policy::generations::fingerprint(*folder) : std::string();
  CHECK_OK(store.mark(*mark));
  return "no worker is running; the next one starts with generation " + std::to_string(*wanted) +
         ", until the policy folder changes";
}

}  // namespace

int show_policy_history(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto store = store_of(loaded);
  std::vector<std::string> warnings;
  const auto generations = store.list(warnings);
  const auto mark = store.in_force();
  json::array list;
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : generations) {
    const bool active = mark && mark->number == one.number;
    list.push_back(json::object{{"generation", one.number},
                                {"at", one.at},
                                {"hash", one.hash},
                                {"files", json::array(one.files.begin(), one.files.end())},
                                {"reason", one.reason},
                                {"active", active},
                                {"active_since", active ? mark->reason : std::string()}});
    std::string state = base::log::printable(one.reason);
    if (active) state += mark->reason == one.reason ? ", in force" : ", in force by " + mark->reason;
    rows.push_back({(active ? "* g" : "  g") + std::to_string(one.number), base::log::printable(one.at),
                    base::log::printable(one.hash.substr(0, kShortHash)), state, joined(one.files)});
  }
  for (const auto& warning : warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  if (invocation.json) {
    std::printf("%s\n", json::serialize(json::object{{"generations", std::move(list)}}).c_str());
  } else if (rows.empty()) {
    std::puts("no generation is kept; the first one is when a worker runs with a policy");
  } else {
    std::printf("%s", columns(rows, "").c_str());
  }
  return config::kExitOk;
}

int roll_back_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
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
  std::printf("%s\n", base::log::printable(*answer).c_str());
  return config::kExitOk;
}

}  // namespace cli
