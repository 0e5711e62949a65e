// The registry says what there is: nothing less, nothing more, and the shipped editor files are made of it.

#include "policy/names/registry.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

#include "policy/lua/api.h"
#include "policy/names/stubs.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string shipped(std::string_view name) {
  std::ifstream file(STUDIO_SOURCE_DIR "/policies/" + std::string(name));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Raises at the first of these facts that is nil.
std::string all_of(std::string_view table, std::span<const names::Name> facts) {
  std::string code;
  for (const names::Name& fact : facts) {
    if (fact.type == "nil") continue;
    const std::string name = std::string(table) + "." + std::string(fact.name);
    code += "  assert(" + name + " ~= nil, '" + name + "')\n";
  }
  return code;
}

TEST(Registry, HasTheFunctionsOfTheWorkerAndNoOthers) {
  lua::Api api;
  const auto state = lua::State::create(32 * base::kMiB);
  ASSERT_FALSE(api.install(*state, {}));
  lua_State* lua = state->raw();
  lua_rawgeti(lua, LUA_REGISTRYINDEX, api.worker);
  lua_getmetatable(lua, -1);
  lua_getfield(lua, -1, "__index");
  lua_getupvalue(lua, -1, 1);
  std::set<std::string> there;
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    lua_pop(lua, 1);
    there.insert(lua_tostring(lua, -1));
  }
  std::set<std::string> listed;
  for (const auto& function : names::kFunctions) listed.emplace(function.name);
  EXPECT_EQ(there, listed);
}

TEST(Registry, EveryFactOfAnOfferIsFilled) {
  auto offer = make_offer();
  offer.facts = {.width = 1, .height = 1, .steps = 1, .seconds = 1, .chars = 1, .max_tokens = 1};
  auto facts = at(utc(2026, 3, 24));
  facts.est_time = std::chrono::minutes(1);
  facts.cached = false;
  facts.download = 0;
  const auto runtime = load_hook(all_of("offer", names::kOfferFacts));
  EXPECT_EQ(runtime->decide(offer, facts).error, "");
  offer.facts.chars.reset();
  EXPECT_THAT(runtime->decide(offer, facts).error, HasSubstr("offer.chars")) << "what is not there is nil";
}

TEST(Registry, EveryFactOfTheMachineIsFilled) {
  const auto runtime =
      load("worker.on('pause', function(machine, gpus)\n" + all_of("machine", names::kMachineFacts) +
           all_of("gpus[1]", names::kGpuFacts) + all_of("gpus[1].foreign[1]", names::kGpuProcessFacts) + "end)");
  job::MachineFacts facts;
  facts.apps.value = std::vector<std::string>{"maya"};
  facts.user_idle.value = std::chrono::seconds(1);
  facts.locked.value = facts.on_battery.value = false;
  facts.cpu.value = 0.5;
  facts.memory_free.value = 1;
  facts.gpus.value = std::vector<job::GpuFacts>{{.index = 0,
                                                 .uuid = "u",
                                                 .name = "n",
                                                 .total = 1,
                                                 .free = 1,
                                                 .temperature = 1,
                                                 .busy = 1,
                                                 .ours = 1,
                                                 .foreign = std::vector<job::GpuProcess>{{"x", 1}}}};
  EXPECT_EQ(runtime->sense(facts, utc(2026, 3, 24)).error, "");
  EXPECT_NE(runtime->sense({}, utc(2026, 3, 24)).error, "");
}

TEST(Registry, EveryFactOfARecordIsFilled) {
  const auto runtime = load("worker.on('log', function(record)\n" + all_of("record", names::kRecordFacts) + "end)");
  const logs::LogFacts record{base::log::Level::kInfo, "worker", "text", "j", "g", "llm", "a=b"};
  EXPECT_EQ(runtime->rewrite({record}, {}).error, "");
}

TEST(Registry, LevelsAreSpelledAsTheLogSpellsThem) {
  for (std::size_t i = 0; i < names::kLevels.size(); ++i) {
    EXPECT_EQ(names::kLevels.at(i), base::log::to_string(static_cast<base::log::Level>(i)));
  }
}

TEST(Stubs, TheShippedFilesAreThoseOfThisProgram) {
  EXPECT_EQ(shipped(names::kTypesFile), names::editor_types()) << "run: studio-worker policy stubs policies/";
  EXPECT_EQ(shipped(names::kSettingsFile), names::editor_settings()) << "run: studio-worker policy stubs policies/";
}

TEST(Stubs, HoldEveryNameOfTheRegistry) {
  const auto text = names::editor_types();
  for (const auto& list :
       {std::span<const names::Class>(names::kTables), std::span<const names::Class>(names::kFacts)}) {
    for (const auto& each : list) {
      EXPECT_THAT(text, HasSubstr("---@class (exact) " + std::string(each.type) + "\n"));
      for (const auto& name : each.names) {
        EXPECT_THAT(text, HasSubstr("---@field " + std::string(name.name) + (name.always ? " " : "? "))) << name.name;
      }
    }
  }
  for (const auto& function : names::kFunctions) {
    EXPECT_THAT(text, HasSubstr("function worker." + std::string(function.name) + "("));
  }
  for (const auto& absent : names::kAbsent) {
    EXPECT_THAT(text, Not(HasSubstr("function " + std::string(absent.name) + "(")));
  }
}

TEST(Stubs, AreNoPartOfAPolicyAndKnownAgain) {
  EXPECT_FALSE(is_policy_file(names::kTypesFile));
  EXPECT_TRUE(names::is_generated(names::editor_types()));
  EXPECT_TRUE(names::is_generated(names::editor_settings()));
  EXPECT_FALSE(names::is_generated("---@meta worker\n" + names::editor_types()));
}

}  // namespace
}  // namespace policy::test
