// Host, as far as another policy is tried beside the one in force.

#include <utility>

#include "policy/host/host.h"

namespace policy {

asio::awaitable<base::Result<std::string>> Host::shadow(std::filesystem::path path) {
  return order("policy shadow", begin_shadow(std::move(path)));
}

asio::awaitable<base::Result<std::string>> Host::begin_shadow(std::filesystem::path path) {
  host::ShadowOptions options{path,
                              options_.host_program,
                              runtime_options(),
                              options_.hard_limit,
                              options_.quiet,
                              options_.look,
                              options_.disk ? options_.disk : executor_,
                              [this](const records::DecisionRecord& record) { recorder_.add(record); }};
  auto begun = std::make_unique<host::Shadow>(executor_, clock_, std::move(options));
  const auto started = co_await begun->start();
  if (!started) {
    co_await begun->stop();
    co_return started.error();
  }
  // A promotion that runs already is of the one before.
  while (changing_) co_await change_.wait();
  const auto before = std::exchange(shadow_, std::move(begun));
  if (before) co_await before->stop();
  changed();
  co_return path.string() + " decides beside the policy in force; see what it does with `policy shadow`";
}

asio::awaitable<base::Result<std::string>> Host::stop_shadow() {
  return order("policy shadow stop", stop_shadow_in_turn());
}

/// A promotion that runs already needs it to its end.
asio::awaitable<base::Result<std::string>> Host::stop_shadow_in_turn() {
  while (changing_) co_await change_.wait();
  co_return co_await end_shadow();
}

asio::awaitable<base::Result<std::string>> Host::end_shadow() {
  const auto ended = std::exchange(shadow_, nullptr);
  if (!ended) co_return base::Error{base::Code::kNotFound, "no shadow runs"};
  co_await ended->stop();
  changed();
  co_return "the shadow " + ended->path().string() + " has ended";
}

std::optional<ShadowReport> Host::shadow_report() const {
  if (!shadow_) return std::nullopt;
  return shadow_->report();
}

}  // namespace policy
