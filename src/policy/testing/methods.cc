#include "policy/testing/methods.h"

#include <algorithm>
#include <array>

#include "policy/lua/table_reader.h"
#include "policy/names/tests.h"
#include "policy/rehearsal/instant.h"
#include "policy/rules/nearest.h"
#include "policy/rules/units.h"
#include "policy/testing/written_facts.h"

namespace policy::testing {
namespace {

constexpr int kArgument = 2;
constexpr auto kLongestWait = std::chrono::hours(24 * 31);
constexpr std::size_t kMostApps = 1000;

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, std::move(message)};
}

base::Result<std::string> text_or_nothing(lua_State* lua, int index, const char* what) {
  if (lua_isnoneornil(lua, index)) return std::string();
  return lua::read_text(lua, index, what);
}

base::Status clock(lua_State* lua, Trial& trial) {
  TRY(const auto text, lua::read_text(lua, kArgument, "t:clock"));
  rehearsal::Stage& stage = trial.stage();
  const auto instant = rehearsal::parse_instant(text, [&stage] { return base::Result<rules::Zone>(stage.zone()); });
  if (!instant) return invalid("t:clock: " + instant.error().message);
  stage.set_clock(*instant);
  return {};
}

base::Status wait(lua_State* lua, Trial& trial) {
  TRY(const auto text, lua::read_text(lua, kArgument, "t:wait"));
  const auto span = rules::parse_span(text);
  if (!span) return invalid("t:wait: " + span.error().message);
  if (*span > kLongestWait) return invalid("t:wait: at most 31d; t:clock jumps further");
  trial.stage().advance(*span);
  return {};
}

base::Status done(lua_State* lua, Trial& trial) {
  TRY(auto done, read_done(lua, kArgument, "t:done"));
  trial.stage().done(std::move(done.game), done.used);
  return {};
}

base::Status accepts(lua_State* lua, Trial& trial) {
  TRY(const auto offered, read_offer(lua, kArgument, "t:accepts"));
  return trial.accepts(offered);
}

base::Status declines(lua_State* lua, Trial& trial) {
  lua_settop(lua, kArgument + 1);
  TRY(const auto reason, text_or_nothing(lua, kArgument + 1, "t:declines: the reason"));
  TRY(const auto offered, read_offer(lua, kArgument, "t:declines"));
  return trial.declines(offered, reason);
}

base::Status app(lua_State* lua, Trial& trial) {
  TRY(auto name, lua::read_text(lua, kArgument, "t:app"));
  const auto& apps = trial.stage().facts().apps.value;
  if (apps && apps->size() >= kMostApps) return invalid("t:app: 1000 programs run already");
  trial.change([&name](job::MachineFacts& facts) {
    if (!facts.apps.value) facts.apps.value.emplace();
    auto& list = *facts.apps.value;
    const auto place = std::lower_bound(list.begin(), list.end(), name);
    if (place == list.end() || *place != name) list.insert(place, std::move(name));
  });
  return {};
}

base::Status no_apps(lua_State*, Trial& trial) {
  trial.change([](job::MachineFacts& facts) { facts.apps.value.emplace(); });
  return {};
}

/// 'active', or for how long nobody touched anything.
base::Status user(lua_State* lua, Trial& trial) {
  TRY(const auto text, lua::read_text(lua, kArgument, "t:user"));
  base::Duration idle{};
  if (text != "active") {
    const auto span = rules::parse_span(text);
    if (!span) return invalid("t:user: write 'active', or for how long nobody did anything, like '20m'");
    idle = *span;
  }
  trial.change([idle](job::MachineFacts& facts) { facts.user_idle.value = idle; });
  return {};
}

base::Status on_battery(lua_State* lua, Trial& trial) {
  if (!lua_isboolean(lua, kArgument)) return invalid("t:on_battery: write true or false");
  const bool battery = lua_toboolean(lua, kArgument) != 0;
  trial.change([battery](job::MachineFacts& facts) { facts.on_battery.value = battery; });
  return {};
}

base::Status machine(lua_State* lua, Trial& trial) {
  auto facts = trial.stage().facts();
  CHECK_OK(read_machine(lua, kArgument, "t:machine", facts));
  trial.stage().set_facts(std::move(facts));
  return {};
}

base::Status gpu(lua_State* lua, Trial& trial) {
  auto facts = trial.stage().facts();
  if (!facts.gpus.value) facts.gpus.value.emplace();
  CHECK_OK(read_card(lua, kArgument, "t:gpu", *facts.gpus.value));
  trial.stage().set_facts(std::move(facts));
  return {};
}

template <class Fact>
void forget_of_cards(job::MachineFacts& facts, Fact job::GpuFacts::*fact) {
  if (!facts.gpus.value) return;
  for (job::GpuFacts& card : *facts.gpus.value) (card.*fact).reset();
}

struct Sensor {
  std::string_view name;
  void (*forget)(job::MachineFacts& facts);
};
constexpr std::array<Sensor, 11> kSensors = {
    {{"apps", [](job::MachineFacts& facts) { facts.apps.value.reset(); }},
     {"user", [](job::MachineFacts& facts) { facts.user_idle.value.reset(); }},
     {"locked", [](job::MachineFacts& facts) { facts.locked.value.reset(); }},
     {"on_battery", [](job::MachineFacts& facts) { facts.on_battery.value.reset(); }},
     {"cpu", [](job::MachineFacts& facts) { facts.cpu.value.reset(); }},
     {"memory_free", [](job::MachineFacts& facts) { facts.memory_free.value.reset(); }},
     {"gpus", [](job::MachineFacts& facts) { facts.gpus.value.reset(); }},
     {"foreign_gpu", [](job::MachineFacts& facts) { forget_of_cards(facts, &job::GpuFacts::foreign); }},
     {"temperature", [](job::MachineFacts& facts) { forget_of_cards(facts, &job::GpuFacts::temperature); }},
     {"total", [](job::MachineFacts& facts) { forget_of_cards(facts, &job::GpuFacts::total); }},
     {"free", [](job::MachineFacts& facts) { forget_of_cards(facts, &job::GpuFacts::free); }}}};

/// A sensor that cannot tell.
base::Status unknown(lua_State* lua, Trial& trial) {
  TRY(const auto name, lua::read_text(lua, kArgument, "t:unknown"));
  const auto* sensor =
      std::find_if(kSensors.begin(), kSensors.end(), [&](const Sensor& each) { return each.name == name; });
  if (sensor == kSensors.end()) {
    std::vector<std::string_view> known;
    known.reserve(std::size(kSensors));
    for (const Sensor& each : kSensors) known.push_back(each.name);
    return invalid("t:unknown: " + rules::unknown_name("sensor", name, known));
  }
  trial.change(sensor->forget);
  return {};
}

base::Status paused(lua_State* lua, Trial& trial) {
  TRY(const auto title, text_or_nothing(lua, kArgument, "t:paused: the title"));
  return trial.paused(title);
}

base::Status running(lua_State*, Trial& trial) {
  return trial.running();
}

base::Status budget(lua_State* lua, Trial& trial) {
  if (lua_isnoneornil(lua, kArgument)) return trial.bounded(std::nullopt);
  TRY(const auto text, lua::read_text(lua, kArgument, "t:budget"));
  const auto size = rules::parse_size(text);
  if (!size) return invalid("t:budget: " + size.error().message);
  return trial.bounded(*size);
}

base::Status logs(lua_State* lua, Trial& trial) {
  lua_settop(lua, kArgument + 1);
  TRY(const auto expected, read_expected(lua, kArgument + 1, "t:logs"));
  TRY(const auto record, read_record(lua, kArgument, "t:logs"));
  return trial.logged(record, expected);
}

}  // namespace

const std::vector<NamedMethod>& methods() {
  using names::test_method;
  static const std::vector<NamedMethod> kMethods = {
      {test_method("clock"), &clock},       {test_method("wait"), &wait},
      {test_method("done"), &done},         {test_method("accepts"), &accepts},
      {test_method("declines"), &declines}, {test_method("app"), &app},
      {test_method("no_apps"), &no_apps},   {test_method("user"), &user},
      {test_method("machine"), &machine},   {test_method("gpu"), &gpu},
      {test_method("unknown"), &unknown},   {test_method("on_battery"), &on_battery},
      {test_method("paused"), &paused},     {test_method("running"), &running},
      {test_method("budget"), &budget},     {test_method("logs"), &logs}};
  return kMethods;
}

}  // namespace policy::testing
