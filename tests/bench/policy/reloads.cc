// One folder saved again and again while offers are decided: is any of them decided by two policies, and does the
// daemon's side grow?

#include <fstream>
#include <string>

#include "base/files.h"
#include "stage.h"

namespace bench {
namespace {

/// In KiB, of this process.
std::int64_t resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6));
  }
  give_up("/proc/self/status tells no VmRSS");
}

/// Odd ones decline in a function, which the child runs; even ones by a declaration, which the daemon decides. Half of
/// one and half of another accepts, or names another version than the generation's.
std::string version(std::size_t number) {
  const auto name = "v" + std::to_string(number);
  const std::string require = "local worker = require 'worker'\n";
  if (number % 2 == 0) {
    return require + "worker.game '*' { accept = false, reason = '" + name +
           "' }\nworker.on('offer', function() end)\n";
  }
  return require + "worker.game '*' {}\nworker.on('offer', function() return worker.decline '" + name + "' end)\n";
}

asio::awaitable<void> measure(asio::any_io_executor executor, const Setting& setting, json::object& into) {
  const auto folder = setting.folder / "reloads";
  fs::create_directories(folder);
  write(folder / "rules.lua", version(1));
  const auto clock = base::make_system_clock();
  policy::PolicyOptions options;
  options.path = folder;
  options.host_program = setting.policy_host;
  options.quiet = std::chrono::milliseconds(1);
  options.data = setting.folder / "reload-data";
  const auto host = make_policy_host(executor, *clock, options);
  const auto started = co_await host->start();
  if (!started) give_up(started.error().message);
  // Buffers and arenas reach their size first.
  const std::size_t settled = setting.count / 10;
  std::int64_t before = 0;
  std::uint64_t decided = 0;
  std::uint64_t mixed = 0;
  const auto offer = make_offer();
  const auto facts = make_facts();
  for (std::size_t number = 2; number <= setting.count + settled; ++number) {
    if (number == settled + 2) before = resident();
    if (!base::write_file_atomically(folder / "rules.lua", version(number))) give_up("a save failed");
    const auto limit = clock->now() + std::chrono::seconds(20);
    while (host->status().generation < number) {
      if (clock->now() > limit) give_up("save " + std::to_string(number) + " did not come into force");
      const auto decision = co_await host->decide(offer, facts);
      ++decided;
      if (decision.reason != "v" + std::to_string(decision.generation)) ++mixed;
      const auto next = clock->now() + std::chrono::milliseconds(1);
      co_await clock->sleep_until(next);
    }
  }
  const auto after = resident();
  co_await host->stop();
  into = {{"reloads", setting.count},
          {"decisions", decided},
          {"mixed", mixed},
          {"rss_kib", after},
          {"growth_kib", after - before}};
}

}  // namespace

json::object reloads(const Setting& setting) {
  json::object result;
  run([&](asio::any_io_executor executor) { return measure(executor, setting, result); });
  return result;
}

}  // namespace bench
