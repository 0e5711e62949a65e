// `policy check` beside the records of a worker: it says what a reload would.
#include "host_fixture.h"
#include "policy/inspect.h"

namespace policy::test {
namespace {

constexpr std::string_view kFailing =
    "worker.on('offer', function(offer)\n"
    "  if offer.game == 'ember-keep' then return offer.steps > 3 end\n"
    "end)\n";

class CheckOnRecords : public PolicyHostTest {
 public:
  CheckOnRecords() { options.data = root.path() / "data"; }

  /// A worker that decided three offers by this policy.
  void work(std::string_view policy) {
    write(folder / "a.lua", with_worker(policy));
    run([](PolicyHostTest& test) -> asio::awaitable<void> {
      for (int i = 0; i < 3; ++i) {
        const auto offer = make_offer();
        static_cast<void>(co_await test.host->decide(offer, kNow));
      }
    });
  }
  CheckReport checked(std::string_view policy) {
    const fs::path edited = root.path() / "edited";
    fs::create_directory(edited);
    write(edited / "a.lua", with_worker(policy));
    auto report = check(edited, utc(2026, 3, 24, 12), options.data);
    EXPECT_TRUE(report);
    return report ? std::move(*report) : CheckReport();
  }
};

TEST_F(CheckOnRecords, CountsWhatWouldBeDecidedOtherwise) {
  EXPECT_EQ(checked("").replayed, 0U);
  work("");
  const auto same = checked("worker.game '*' {}\n");
  EXPECT_EQ(same.replayed, 3U);
  EXPECT_EQ(same.decided_otherwise, 0U);
  const auto other = checked("worker.game 'ember-*' { accept = false }\nworker.game '*' {}\n");
  EXPECT_EQ(other.decided_otherwise, 3U);
  EXPECT_TRUE(other.ok());
}

TEST_F(CheckOnRecords, WhatAReloadWouldHoldIsSaid) {
  work("");
  EXPECT_EQ(checked("worker.game '*' { accept = false }\n").held,
            "it accepts none of the last 3 offers, the one in force 3");
  EXPECT_EQ(checked("worker.game 'ember-*' {}\n").held, "");
}

TEST_F(CheckOnRecords, AFunctionThatFailsOnARecordedOfferIsAnError) {
  work("");
  const auto report = checked(kFailing);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_THAT(report.errors[0], StartsWith("a.lua:3: "));
  EXPECT_THAT(report.errors[0], HasSubstr("(on the recorded offer 8f3c)"));
}

TEST_F(CheckOnRecords, APolicyThatIsInForceIsNotLoadedAgainAndSoNotRefused) {
  work(kFailing);
  const auto report = checked(kFailing);
  EXPECT_TRUE(report.ok());
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_THAT(sweep::to_line(report.warnings.back()), StartsWith("a function fails: a.lua:3: "));
}

}  // namespace
}  // namespace policy::test
