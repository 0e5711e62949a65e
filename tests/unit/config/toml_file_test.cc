#include "config/toml_file.h"

#include <gmock/gmock.h>

namespace config {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kSecret = "hunter2-hunter2";

struct Bad {
  std::string text;  // $ stands for the secret
  std::string place;
  std::string cause;
};

std::string filled(std::string text) {
  for (std::size_t at = text.find('$'); at != std::string::npos; at = text.find('$')) text.replace(at, 1, kSecret);
  return text;
}

TEST(Toml, P13_SaysWhereAndWhyAndNeverWhatStandsThere) {
  const std::vector<Bad> table = {
      {"auth_token = \"$\n", "1:14", "not closed"},
      {"auth_token = '$\n", "1:14", "not closed"},
      {"auth_token = \"\"\"$\n", "1:14", "three quotes"},
      {"auth_token = $\n", "1:14", "text stands in quotes"},
      {"auth_token \"$\"\n", "1:1", "needs ="},
      {"$\n", "1:1", "needs ="},
      {"auth_token = \"$\" \"$\"\n", "1:32", "only a comment"},
      {"auth_token = true$\n", "1:18", "only a comment"},
      {"auth_token = 12$\n", "1:16", "only a comment"},
      {"auth_token=\"$\"\rworker_id=\"x\"\n", "1:29", "only a comment"},
      {"a = 1\nauth_token = \"$\\q\"\n", "2:14", "bad escape"},
      {"a = 1\nauth_token = \"$\\uD800\"\n", "2:36", "UTF-8"},
      {"a = 1\nauth_token = \"$\xFF\"\n", "2:30", "UTF-8"},
      {"a = '$\xE9'\n", "1:21", "UTF-8"},
      {"'\xE9' = \"$\"\n", "1:2", "UTF-8"},
      {"a = 1\n\n  auth_token = \"$\x01\"\n", "3:16", "control character"},
      {"[auth_token.$\n", "1:1", "no key"},
      {"auth_token =\n", "1:12", "a value must stand behind the ="},
      {"\"$ = 1\n", "1:1", "no key"},
      {"= \"$\"\n", "1:1", "no key"},
      {"auth_token = [\"$\"\n", "2:1", "list is not closed"},
      {"auth_token = {a=\"$\"\n", "1:", "braces"},
      {"auth_token = \"a\"\nauth_token = \"$\"\n", "2:14", "second time"},
      {"[a]\nb=1\n[a]\nb=\"$\"\n", "3:1", "second time"},
      {"a.b = 1\na.b.$ = \"$\"\n", "2:", "holds a value already"},
      {"auth_token = 1979-05-27T$\n", "1:14", "date or time"},
      {"vram_threshold_gb = 1_\n", "1:21", "no number"},
      {"vram_threshold_gb = 0x\n", "1:21", "no number"},
      {std::string("a = 1\nb = \"\0$\"\n", 13), "2:6", "NUL"},
      {std::string("\xFF\xFE") + std::string("a\0 \0", 4), "1:4", "NUL"},
  };
  for (const Bad& bad : table) {
    SCOPED_TRACE(bad.text);
    const auto parsed = parse_toml(filled(bad.text), "config.toml");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, base::Code::kInvalid);
    EXPECT_THAT(parsed.error().message, StartsWith("config.toml:" + bad.place));
    EXPECT_THAT(parsed.error().message, HasSubstr(bad.cause));
    EXPECT_THAT(parsed.error().message, Not(HasSubstr(std::string(kSecret))));
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos) << "one line";
  }
}

TEST(Toml, P13_AnyCutOfAFileIsReadOrRefusedWithItsPlace) {
  const std::string text =
      "# config\napi_base_url = \"https://studio.example\"\nvram_threshold_gb = 12.5 # GiB\nengines_path = [\"a\", "
      "'b']\n"
      "when = 1979-05-27T07:32:00Z\n[table.sub]\nlong = \"\"\"\nx\n\"\"\"\ninline = { a = 1, b = [true] }\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto parsed = parse_toml(text.substr(0, length), "c");
    if (!parsed) {
      EXPECT_THAT(parsed.error().message, testing::MatchesRegex("c:[0-9]+:[0-9]+: .+")) << length;
    }
  }
  EXPECT_TRUE(parse_toml(text, "c"));
}

TEST(Toml, P13_RefusesNestingThatWouldExhaustTheStack) {
  const std::string many(60000, '[');
  EXPECT_THAT(parse_toml("a = " + many, "c").error().message, StartsWith("c:1:69: nested"));
  EXPECT_FALSE(parse_toml("a = " + std::string(60000, '{'), "c"));
  EXPECT_FALSE(parse_toml(many, "c"));
  std::string dotted = "a";
  for (int i = 0; i < 10000; ++i) dotted += ".a";
  EXPECT_THAT(parse_toml("x = 1\n" + dotted + " = 1\n", "c").error().message, StartsWith("c:2:"));
  EXPECT_THAT(parse_toml("[" + dotted + "]\n", "c").error().message, HasSubstr("nested"));
}

TEST(Toml, BracketsAndDotsInTextAreNoNesting) {
  const std::string brackets(500, '[');
  const std::string text = "# " + brackets + "\na = \"" + brackets + "\\\"" + brackets + "\"\nb = '" + brackets +
                           "\\'\nc = \"\"\"\n" + brackets + "\n\"\" \"" + brackets + "\"\"\"\nd = '''" + brackets +
                           "\n'''\ne = \"" + std::string(500, '.') + "\"\n";
  const auto parsed = parse_toml(text, "c");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->size(), 5U);
  std::string list = "f = [";
  for (int i = 0; i < 200; ++i) list += "1.5, ";
  EXPECT_TRUE(parse_toml(list + "]\n", "c"));
}

TEST(Toml, ReadsEveryTypeWithItsPlace) {
  const auto parsed = parse_toml("a = true\n  b = -3\nc = 2.5\nd = \"t\"\ne = [1, 2]\n[f]\ng = 1\n", "c");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at("a").type_name(), "a boolean");
  EXPECT_EQ(parsed->at("b").type_name(), "an integer");
  EXPECT_EQ(parsed->at("c").type_name(), "a float");
  EXPECT_EQ(parsed->at("d").type_name(), "a string");
  EXPECT_EQ(parsed->at("e").array()->size(), 2U);
  EXPECT_TRUE(parsed->at("f").table()->contains("g"));
  EXPECT_EQ(parsed->at("b").line, 2U);
  EXPECT_EQ(parsed->at("b").column, 7U);
}

TEST(Toml, ComparesValuesAndNotPlaces) {
  const auto value = [](const std::string& text) { return parse_toml("a = " + text + "\n", "c")->at("a"); };
  EXPECT_TRUE(same(value("[1, {b = \"x\"}]"), value("  [ 1,{b='x'} ]")));
  EXPECT_FALSE(same(value("[1, {b = \"x\"}]"), value("[1, {b = \"y\"}]")));
  EXPECT_FALSE(same(value("1"), value("1.0")));
  EXPECT_FALSE(same(value("[1]"), value("[1, 2]")));
  EXPECT_FALSE(same(value("{b = 1}"), value("{c = 1}")));
}

TEST(Nearest, FindsWhatWasMeantAndNothingElse) {
  const std::vector<std::string_view> keys = {"vram_threshold_gb", "max_jobs", "policy"};
  EXPECT_EQ(nearest("vram_treshold_gb", keys), "vram_threshold_gb");
  EXPECT_EQ(nearest("max-jobs", keys), "max_jobs");
  EXPECT_EQ(nearest("polizy", keys), "policy");
  EXPECT_EQ(nearest("entirely_different", keys), "");
}

}  // namespace
}  // namespace config
