#pragma once
// AboutJob: the job that a line of the log is about. Rules of a policy may send the lines of a game elsewhere.

#include <optional>
#include <utility>

#include "base/ids.h"
#include "job/kind.h"

namespace studio {

struct AboutJob {
  base::JobId job;
  base::GameId game;  // empty where only the job is known
  std::optional<job::Kind> kind;

  // NOLINTNEXTLINE(google-explicit-constructor): whoever knows only the id says the id
  AboutJob(base::JobId id) : job(std::move(id)) {}
  AboutJob(base::JobId id, base::GameId of, job::Kind what) : job(std::move(id)), game(std::move(of)), kind(what) {}
};

/// Of anything that names a job, its game and its kind.
template <class Named>
AboutJob about(const Named& named) {
  if constexpr (requires { named.id; })
    return {named.id, named.game, named.kind};
  else
    return {named.job, named.game, named.kind};
}

}  // namespace studio
