// Host, as far as a policy that comes into force is swept.

#include <utility>

#include "base/async/run_on.h"
#include "base/log.h"
#include "policy/host/host.h"
#include "policy/sweep/sweep.h"

namespace policy {

/// A year of windows takes longer than an offer may wait, so another thread looks at it.
asio::awaitable<void> Host::warn_of(rules::RuleSet rules, SourceFiles files) {
  sweep::Surroundings around{clock_.wall_now(), options_.cards};
  auto work = [rules = std::move(rules), files = std::move(files), around = std::move(around)] {
    return sweep::sweep(rules, files, around);
  };
  const auto executor = options_.disk ? options_.disk : executor_;
  const auto warnings = co_await base::run_on(executor, std::move(work));
  for (const sweep::Warning& warning : warnings) {
    base::log::warn("policy",
                    warning.never_accepts ? "the policy in force never accepts a job"
                                          : "a part of the policy in force can never work",
                    {{"rule", rules::to_string(warning.place)}, {"why", warning.text}});
  }
}

}  // namespace policy
