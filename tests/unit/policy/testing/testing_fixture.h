#pragma once
// A policy and a test file from text, and what the test came to.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "policy/testing/run.h"
#include "policy_fixture.h"

namespace policy::test {

/// Games, a night, a pause and a bound, all in UTC.
inline const std::string kHouse = with_worker(
    "worker.zone 'UTC'\n"
    "worker.window 'night' { from = '22:00', to = '07:00' }\n"
    "worker.game 'tide-*' { quota = { jobs = 3, per = 'night' } }\n"
    "worker.game 'proto-*' { accept = false, reason = 'in-house' }\n"
    "worker.game '*' {}\n"
    "worker.pause_when 'artist' { apps = 'maya*', resume_after = '5m' }\n"
    "worker.vram { during = 'night', at_most = '10GiB' }\n"
    "worker.on('offer', function(offer)\n"
    "  if offer.kind == 'video' then\n"
    "    return worker.decline 'no videos'\n"
    "  end\n"
    "end)\n");

inline SourceFiles house(std::string_view tests) {
  return {{"house.lua", kHouse}, {"house_test.lua", std::string(tests)}};
}

inline testing::Report run_house(std::string_view tests, testing::RunOptions options = {}) {
  auto report = testing::run_tests(house(tests), options);
  if (!report) {
    ADD_FAILURE() << report.error().message;
    return {};
  }
  return std::move(*report);
}

/// The error of one test with this body, which begins on line 2; empty when it holds.
inline std::string error_of(std::string_view body) {
  const auto report = run_house("test('it', function(t)\n" + std::string(body) + "\nend)");
  const auto errors = report.errors();
  return errors.empty() ? "" : errors.front();
}

}  // namespace policy::test
