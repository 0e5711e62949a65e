// policy shadow and policy promote: another policy beside the one in force, and in its place.

#include <cstdio>
#include <filesystem>
#include <variant>

#include <boost/json.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "control/client.h"

namespace cli {
namespace {

namespace json = boost::json;

/// The worker's answer; why there is none otherwise.
std::variant<json::object, Outcome> ask_worker(const config::Loaded& loaded, const json::object& request) {
  const auto socket = control::socket_path(loaded.settings.runtime_folder, loaded.settings.config_file);
  const auto answer = control::ask(socket, json::serialize(request));
  if (!answer && answer.error().code == base::Code::kNotFound) {
    return fail(config::kExitNotRunning, answer.error().message + "; start it with: studio-worker run");
  }
  if (!answer) return fail(config::kExitFailed, answer.error().message);
  return json::parse(*answer).as_object();
}

/// Sends it and says what was done.
Outcome order(const config::Loaded& loaded, const json::object& request, bool as_json) {
  const auto answer = ask_worker(loaded, request);
  if (const auto* failed = std::get_if<Outcome>(&answer)) return *failed;
  say(std::get<json::object>(answer).at("done").as_string(), as_json);
  return config::kExitOk;
}

void print(const json::object& shadow) {
  const std::string path = base::log::printable(shadow.at("path").as_string());
  std::printf("%s beside the policy in force, since %s\n", path.c_str(), shadow.at("since").as_string().c_str());
  const std::string error = first_error(shadow.at("error").as_string(), "studio-worker policy check --policy " + path);
  if (!error.empty()) std::printf("its newest save is refused: %s\n", error.c_str());
  const auto count = [&shadow](const char* key) { return shadow.at(key).to_number<unsigned long long>(); };
  if (const auto dropped = count("dropped"); dropped > 0) std::printf("%llu offers came too fast for it\n", dropped);
  if (const auto restarts = count("restarts"); restarts > 0) {
    std::printf("its host was started again %llu times\n", restarts);
  }
  std::printf(
      "%s\nput it in force: studio-worker policy promote\nend it:          studio-worker policy shadow --stop\n",
      shadow.at("text").as_string().c_str());
}

Outcome show(const config::Loaded& loaded, bool as_json) {
  const auto answer = ask_worker(loaded, {{"command", "policy shadow"}});
  if (const auto* failed = std::get_if<Outcome>(&answer)) return *failed;
  const json::value& shadow = std::get<json::object>(answer).at("shadow");
  if (as_json) {
    std::puts(json::serialize(shadow).c_str());
  } else if (shadow.is_null()) {
    std::puts("no policy is tried; begin with: studio-worker policy shadow DIR");
  } else {
    print(shadow.as_object());
  }
  return config::kExitOk;
}

}  // namespace

Outcome shadow_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  if (invocation.stop) return order(loaded, {{"command", "policy shadow"}, {"stop", true}}, invocation.json);
  if (invocation.shadow_folder.empty()) return show(loaded, invocation.json);
  std::error_code failure;
  const auto path = std::filesystem::absolute(invocation.shadow_folder, failure).lexically_normal();
  return order(loaded,
               {{"command", "policy shadow"}, {"path", failure ? invocation.shadow_folder.string() : path.string()}},
               invocation.json);
}

Outcome promote_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  json::object request{{"command", "policy promote"}};
  if (invocation.of_shadow) request["shadow"] = true;
  return order(loaded, request, invocation.json);
}

}  // namespace cli
