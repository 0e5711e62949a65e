// Zones of the system.
#include "policy/rules/zone.h"

#include <date/tz.h>
#include <gmock/gmock.h>

#include "policy_fixture.h"

namespace policy::rules {
namespace {

using ::testing::HasSubstr;

TEST(Zone, TheMachinesIsThatOfTheLibrary) {
  const auto time = test::utc(2026, 7, 1);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto* const library = date::current_zone();
  const auto offset = library->get_info(date::sys_seconds(seconds.time_since_epoch())).offset;
  EXPECT_EQ(Zone::machine().name(), library->name());
  EXPECT_EQ(Zone::machine().local(time), seconds + offset);
}

TEST(Zone, TheVariableOfTheEnvironmentCountsForNothing) {
  const std::string name = Zone::machine().name();
  ASSERT_EQ(::setenv("TZ", name == "Asia/Tokyo" ? "Europe/Berlin" : "Asia/Tokyo", 1), 0);
  EXPECT_EQ(Zone::machine().name(), name);
  ::unsetenv("TZ");
}

TEST(Zone, WhatIsNoZoneIsAnErrorWithTheNearestName) {
  for (const std::string name :
       {"Europe/Belrin", "", "zone.tab", "../../../etc/passwd", "/etc/localtime", "Europe", "tzdata.zi"}) {
    const auto zone = Zone::find(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().code, base::Code::kNotFound) << name;
  }
  EXPECT_THAT(Zone::find("Europe/Belrin").error().message, HasSubstr("did you mean 'Europe/Berlin'?"));
}

TEST(Zone, ACityAloneIsAnErrorWithItsZone) {
  const auto message = [](std::string_view name) { return Zone::find(name).error().message; };
  EXPECT_EQ(message("berlin"), "unknown time zone 'berlin', did you mean 'Europe/Berlin'?");
  EXPECT_EQ(message("new york"), "unknown time zone 'new york', did you mean 'America/New_York'?");
  EXPECT_EQ(message("Mars/Phobos"), "unknown time zone 'Mars/Phobos': write it like 'Europe/Berlin'");
}

}  // namespace
}  // namespace policy::rules
