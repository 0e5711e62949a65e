// Decisions in this process and through the child, each with the limits on.

#include <boost/asio/thread_pool.hpp>

#include "policy/policy_runtime.h"
#include "stage.h"

namespace bench {
namespace {

using Steady = std::chrono::steady_clock;

json::object in_process(const std::string& text, std::size_t count) {
  auto runtime = policy::PolicyRuntime::load({{"rules.lua", text}});
  if (!runtime) give_up(runtime.error().message);
  const auto offer = make_offer();
  const auto facts = make_facts();
  std::vector<base::Duration> times;
  times.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto since = Steady::now();
    const auto verdict = (*runtime)->decide(offer, facts);
    times.push_back(Steady::now() - since);
    if (!verdict.decision.accepted) give_up("declined: " + verdict.decision.reason);
  }
  return percentiles(std::move(times));
}

asio::awaitable<void> through_host(asio::any_io_executor executor, const Setting& setting, json::object& into) {
  asio::thread_pool disk(1);
  const auto folder = setting.folder / "decisions";
  fs::create_directories(folder);
  write(folder / "rules.lua", fifty_rules());
  const auto clock = base::make_system_clock();
  policy::PolicyOptions options;
  options.path = folder;
  options.host_program = setting.policy_host;
  options.data = setting.folder / "data";
  options.disk = disk.get_executor();
  const auto host = make_policy_host(executor, *clock, options);
  const auto started = co_await host->start();
  if (!started) give_up(started.error().message);
  std::vector<base::Duration> times;
  times.reserve(setting.count);
  const auto facts = make_facts();
  for (std::size_t i = 0; i < setting.count; ++i) {
    const auto offer = make_offer(i);
    const auto since = Steady::now();
    host->wake();
    const auto decision = co_await host->decide(offer, facts);
    times.push_back(Steady::now() - since);
    if (!decision.accepted) give_up("declined: " + decision.reason);
  }
  co_await host->stop();
  into = percentiles(std::move(times));
}

}  // namespace

json::object decisions(const Setting& setting) {
  json::object host;
  run([&](asio::any_io_executor executor) { return through_host(executor, setting, host); });
  return {{"rules", in_process(fifty_rules(), setting.count)},
          {"functions", in_process(fifty_functions(), setting.count)},
          {"host", std::move(host)}};
}

}  // namespace bench
