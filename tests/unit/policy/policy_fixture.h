#pragma once
// What the policy tests share: offers, instants, a policy from text.

#include <chrono>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "policy/policy_runtime.h"

namespace policy::test {

inline job::Offer make_offer(std::string game = "ember-keep", job::Kind kind = job::Kind::kImage) {
  job::Offer offer;
  offer.id = base::JobId("8f3c");
  offer.game = base::GameId(std::move(game));
  offer.asset = "rock";
  offer.model = base::ModelId("flux-dev");
  offer.vram_gb = 9.2;
  offer.kind = kind;
  offer.source.engine = "synthetic";
  offer.facts.width = 1024;
  offer.facts.height = 512;
  return offer;
}

/// A UTC instant.
inline base::WallTime utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute);
}

inline job::Facts at(base::WallTime now) {
  job::Facts facts;
  facts.now = now;
  return facts;
}

inline std::string with_worker(std::string_view text) {
  return "local worker = require 'worker'\n" + std::string(text);
}

/// The errors of one file named p.lua whose first line requires the worker; empty when it loads.
inline std::string load_error(std::string_view text) {
  const auto runtime = PolicyRuntime::load({{"p.lua", with_worker(text)}});
  return runtime ? "" : runtime.error().message;
}

inline std::unique_ptr<PolicyRuntime> load(std::string_view text, RuntimeOptions options = {}) {
  auto runtime = PolicyRuntime::load({{"p.lua", with_worker(text)}}, options);
  if (!runtime) {
    ADD_FAILURE() << runtime.error().message;
    return nullptr;
  }
  return std::move(*runtime);
}

/// A hook with this body, on line 2 and following.
inline std::unique_ptr<PolicyRuntime> load_hook(std::string_view body, RuntimeOptions options = {}) {
  return load("worker.on('offer', function(offer)\n" + std::string(body) + "\nend)", options);
}

}  // namespace policy::test
