// A declaration that is called in another form than the card's is an error that shows the form.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/names/functions.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::StartsWith;

TEST(WrongForm, IsAnErrorAtItsLineThatShowsTheRightOne) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"worker.window('night', { from = '22:00', to = '07:00' })",
       "worker.window takes only a name, and here a table follows inside of the parentheses"},
      {"worker.window { from = '22:00', to = '07:00' }",
       "worker.window: the name comes first and must be a string, not a table"},
      {"worker.window 'x' '22:00'", "worker.window 'x' needs a table, not a string"},
      {"worker.window 'x' ({ all_day = true }, 3)", "worker.window takes only one table, and here a number follows"},
      {"worker.window 'x'", "worker.window 'x' lacks its { ... } part"},
      {"worker.dates('x', { '2026-12-24' })", "worker.dates takes only a name"},
      {"worker.dates 'x' {}", "worker.dates 'x' names no day"},
      {"worker.accept_during {}", "worker.accept_during names no window: name one, or leave it out to take work"},
      {"worker.accept_during { except = 'x' }", "worker.accept_during names no window"},
      {"worker.accept_during 'night'", "worker.accept_during needs a table, not a string"},
      {"worker.accept_during({ 'night' }, { 'weekend' })", "worker.accept_during takes only one table"},
      {"worker.game('x', {})", "worker.game takes only a name"},
      {"worker.pause_when('x', { apps = 'a' })", "worker.pause_when takes only a name"},
      {"worker.log_to('console', {})", "worker.log_to takes only a name"},
      {"worker.vram('x', { keep_free = '1GiB' })", "worker.vram needs a table, not a string"},
      {"worker.zone { 'Europe/Berlin' }", "worker.zone must be a string, not a table"},
      {"worker.zone('Europe/Berlin', 3)", "worker.zone takes only one name"},
      {"worker.on 'offer' (function() end)", "worker.on 'offer' needs a function as its second argument"},
      {"worker.on('offer', function() end, 3)", "worker.on takes only an event and one function"},
      {"worker.on { 'offer' }", "worker.on: the event comes first and must be a string, not a table"},
  };
  for (const auto& [text, problem] : table) {
    const auto declaration = std::string_view(text).substr(0, text.find_first_of(" ({"));
    const auto form = "; write it like " + std::string(names::example_of(declaration));
    EXPECT_THAT(load_error("\n" + text), AllOf(StartsWith("p.lua:3: " + problem), EndsWith(form))) << text;
  }
}

TEST(WrongForm, AColonIsTold) {
  const std::string told =
      "a function of 'worker' is called with a colon: write worker.NAME with a dot, not worker:NAME";
  EXPECT_EQ(load_error("worker:window 'x' { all_day = true }"), "p.lua:2: " + told);
  const auto runtime = load_hook("worker:note('x')");
  EXPECT_EQ(runtime->decide(make_offer(), at({})).error, "p.lua:3: " + told);
}

TEST(WrongForm, AWindowWithoutAnEndOrAStartIsToldWhatToAdd) {
  const auto error = [](const std::string& keys) { return load_error("worker.window 'x' { " + keys + " }"); };
  const std::string where = "p.lua:2: worker.window 'x': ";
  EXPECT_EQ(error("from = '22:00'"), where + "from: has no end: add to = '07:00', or lasts = '8h'");
  EXPECT_EQ(error("to = '22:00'"), where + "to: has no start: add from = '22:00'");
  EXPECT_EQ(error("lasts = '8h'"), where + "lasts: has no start: add from = '22:00'");
  EXPECT_EQ(error("days = 'mon'"), where + "from: is missing: add from = '22:00' and to = '07:00', or all_day = true");
}

TEST(WrongForm, AListOfNothingIsNotTakenForEverything) {
  EXPECT_EQ(load_error("worker.window 'x' { days = {}, all_day = true }"),
            "p.lua:2: worker.window 'x': days: is empty; leave it out for every day");
  EXPECT_EQ(load_error("worker.game 'x' { models = {} }"),
            "p.lua:2: worker.game 'x': models: is empty; leave it out for every model");
  EXPECT_EQ(load_error("worker.game 'x' { kinds = {} }"),
            "p.lua:2: worker.game 'x': kinds: is empty; write accept = false instead");
}

/// What a message tells to write has to load.
TEST(WrongForm, EveryFormThatIsShownLoads) {
  std::string policy = "worker.window 'night' { all_day = true }\nworker.window 'weekend' { all_day = true }\n";
  for (const names::Form& form : names::kForms) {
    std::string text(form.example);
    if (form.name == "window") continue;
    if (const auto dots = text.find("..."); dots != std::string::npos) text.replace(dots, 3, "");
    policy += text + "\n";
  }
  EXPECT_EQ(load_error(policy), "");
  EXPECT_EQ(load_error(names::example_of("worker.window")), "");
}

}  // namespace
}  // namespace policy::test
