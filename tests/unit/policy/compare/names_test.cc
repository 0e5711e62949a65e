#include "policy/compare/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace policy::compare {
namespace {

using ::testing::UnorderedElementsAre;

TEST(NamesTest, StandForEveryCombinationOfPatterns) {
  EXPECT_THAT(representatives({}).texts, UnorderedElementsAre("a"));
  EXPECT_THAT(representatives({"ab"}).texts, UnorderedElementsAre("a", "ab"));
  EXPECT_THAT(representatives({"a*"}).texts, UnorderedElementsAre("a", "b"));
  EXPECT_THAT(representatives({"*"}).texts, UnorderedElementsAre("a"));
  // Both at once, each alone, none.
  EXPECT_THAT(representatives({"a*", "*b"}).texts, UnorderedElementsAre("a", "b", "c", "ab"));
  EXPECT_THAT(representatives({"a*c", "abc"}).texts, UnorderedElementsAre("a", "ac", "abc"));
}

TEST(NamesTest, SayWhenThereAreTooMany) {
  std::vector<std::string> texts;
  std::vector<std::string_view> patterns;
  for (char c = 'a'; c <= 'z'; ++c) texts.push_back(std::string("*") + c + "*" + c + "*");
  patterns.reserve(texts.size());
  for (const auto& text : texts) patterns.emplace_back(text);
  EXPECT_FALSE(representatives(patterns).all);
}

}  // namespace
}  // namespace policy::compare
