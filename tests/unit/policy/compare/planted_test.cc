// Every planted change of one minute, one game, one GiB or one key is found, and no other way to write the same is.

#include "planted.h"

#include "policy/compare/diff.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

const base::WallTime kToday = utc(2026, 3, 20, 9);
#if defined(__SANITIZE_THREAD__)
constexpr int kEdits = 30;  // one thread does it all, and each takes about half a second here
#else
constexpr int kEdits = 300;
#endif

std::unique_ptr<PolicyRuntime> loaded(SourceFiles files) {
  auto runtime = PolicyRuntime::load(files);
  if (runtime) return std::move(*runtime);
  ADD_FAILURE() << runtime.error().message << "\n" << files.front().text;
  return nullptr;
}

std::string told(const compare::Diff& diff) {
  std::string text;
  for (const auto& one : diff.differences) text += one.about + ": " + one.text + "\n";
  return text;
}

bool found(const Marked& policy, std::size_t mark) {
  const auto before = loaded(policy.files());
  const auto after = loaded(policy.files(mark));
  if (!before || !after) return false;
  return !compare::diff(*before, *after, kToday).differences.empty() &&
         !compare::diff(*after, *before, kToday).differences.empty();
}

TEST(PlantedTest, EveryChangeOfTheShippedPoliciesIsFound) {
  const Marked policy = shipped();
  ASSERT_GE(policy.marks(), 30U);
  for (std::size_t mark = 0; mark < policy.marks(); ++mark) {
    EXPECT_TRUE(found(policy, mark)) << policy.name_of(mark);
  }
}

TEST(PlantedTest, EveryChangeOfGeneratedPoliciesIsFound) {
  Random random(20260320);
  int right = 0;
  for (int i = 0; i < kEdits; ++i) {
    const Marked policy = generate(random);
    const auto mark = static_cast<std::size_t>(pick(random, 0, static_cast<int>(policy.marks()) - 1));
    const bool seen = found(policy, mark);
    EXPECT_TRUE(seen) << policy.name_of(mark);
    right += seen ? 1 : 0;
  }
  // For the table of scripts/bench policy.
  RecordProperty("tried", std::to_string(kEdits));
  RecordProperty("right", std::to_string(right));
}

TEST(PlantedTest, AnotherWayToWriteTheSameIsNoDifference) {
  Random random(20260321);
  for (int i = 0; i < 100; ++i) {
    const Marked policy = i % 10 == 0 ? shipped() : generate(random);
    const auto before = loaded(policy.files());
    const auto files = rewritten(policy, random);
    const auto after = loaded(files);
    ASSERT_TRUE(before && after);
    const auto diff = compare::diff(*before, *after, kToday);
    EXPECT_TRUE(diff.exact);
    EXPECT_EQ(told(diff), "") << files[0].text << files[1].text << files[2].text;
  }
}

}  // namespace
}  // namespace policy::test
