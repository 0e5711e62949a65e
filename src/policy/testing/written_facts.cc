#include "policy/testing/written_facts.h"

#include <algorithm>
#include <limits>

#include "policy/logs/log_rule.h"
#include "policy/lua/table_reader.h"
#include "policy/names/tests.h"
#include "policy/rules/nearest.h"

namespace policy::testing {
namespace {

using lua::TableReader;

constexpr std::size_t kMostCards = 64;
constexpr std::size_t kMostPrograms = 1000;
constexpr base::Bytes kTaken = 2 * base::kGiB;  // of a card that is given its size only

base::Result<job::Kind> read_kind(const TableReader& table) {
  TRY(const auto name, table.text("kind"));
  if (!name) return job::Kind::kImage;
  const auto kind = job::parse_kind(*name);
  if (kind) return *kind;
  std::vector<std::string_view> known;
  known.reserve(std::size(job::kAllKinds));
  for (const job::Kind each : job::kAllKinds) known.push_back(job::to_string(each));
  return table.error("kind", rules::unknown_name("kind", *name, known));
}

/// A fact that has 32 bits on the wire.
base::Status read_small(const TableReader& table, const char* key, std::optional<std::uint32_t>& fact) {
  TRY(const auto count, table.count(key));
  if (!count) return {};
  if (*count > std::numeric_limits<std::uint32_t>::max()) return table.error(key, "is too large");
  fact = static_cast<std::uint32_t>(*count);
  return {};
}

base::Status read_task(const TableReader& table, job::TaskFacts& facts) {
  CHECK_OK(read_small(table, "width", facts.width));
  CHECK_OK(read_small(table, "height", facts.height));
  CHECK_OK(read_small(table, "steps", facts.steps));
  CHECK_OK(read_small(table, "max_tokens", facts.max_tokens));
  TRY(facts.seconds, table.number("seconds"));
  TRY(facts.chars, table.count("chars"));
  return {};
}

base::Result<std::vector<job::GpuProcess>> read_programs(lua_State* lua, const TableReader& card,
                                                         const std::string& what) {
  std::vector<job::GpuProcess> programs;
  card.has("foreign");
  const int list = lua_gettop(lua);
  const std::size_t size = lua_istable(lua, list) ? lua_objlen(lua, list) : 0;
  if (!lua_istable(lua, list) || size > kMostPrograms) {
    return card.error("foreign", "must be a list like { { name = 'Xorg', vram = '200MiB' } }");
  }
  for (std::size_t i = 1; i <= size; ++i) {
    lua_rawgeti(lua, list, static_cast<int>(i));
    TRY(const auto table, TableReader::open(lua, lua_gettop(lua), what + ": foreign", names::kTestProgramKeys, false));
    TRY(const auto name, table.text("name"));
    if (!name) return table.error("name", "is missing: the program");
    TRY(const auto vram, table.size("vram"));
    programs.push_back({*name, vram});
    lua_settop(lua, list);
  }
  return programs;
}

job::GpuFacts& card_of(std::vector<job::GpuFacts>& cards, std::uint32_t index) {
  const auto known =
      std::find_if(cards.begin(), cards.end(), [index](const job::GpuFacts& card) { return card.index == index; });
  if (known != cards.end()) return *known;
  auto card = rehearsal::quiet_machine().gpus.value->front();
  card.index = index;
  card.name = "GPU " + std::to_string(index);
  card.uuid = "GPU-" + std::to_string(index);
  return cards.emplace_back(std::move(card));
}

/// What is written replaces what is known.
template <class Value, class Written>
void put(Value& value, const std::optional<Written>& written) {
  if (written) value = *written;
}

base::Status read_memory(const TableReader& table, job::GpuFacts& card) {
  TRY(const auto total, table.size("total"));
  TRY(const auto free, table.size("free"));
  TRY(const auto ours, table.size("ours"));
  if (total && !free) card.free = *total - std::min(*total, kTaken);
  put(card.total, total);
  put(card.free, free);
  put(card.ours, ours);
  return {};
}

}  // namespace

base::Result<Offered> read_offer(lua_State* lua, int index, const std::string& what) {
  TRY(const auto table, TableReader::open(lua, index, what, names::kTestOfferKeys, false));
  Offered offered;
  job::Offer& offer = offered.offer;
  TRY(const auto id, table.text("id"));
  TRY(const auto game, table.text("game"));
  TRY(const auto asset, table.text("asset"));
  TRY(const auto model, table.text("model"));
  TRY(const auto engine, table.text("engine"));
  TRY(const auto vram, table.size("vram"));
  TRY(offer.kind, read_kind(table));
  TRY(offered.known.est_time, table.span("est_time"));
  TRY(const auto cached, table.flag("cached"));
  TRY(offered.known.download, table.size("download"));
  offered.known.cached = cached.value_or(offered.known.download.value_or(0) == 0);
  if (*offered.known.cached && offered.known.download.value_or(0) > 0) {
    return table.error("cached", "is true, and there is something to download");
  }
  if (*offered.known.cached) offered.known.download = 0;
  CHECK_OK(read_task(table, offer.facts));
  offer.id = base::JobId(id.value_or("test"));
  offer.game = base::GameId(game.value_or("a-game"));
  offer.asset = asset.value_or("an-asset");
  offer.model = base::ModelId(model.value_or("a-model"));
  offer.source.engine = engine.value_or("synthetic");
  offer.vram_gb = static_cast<double>(vram.value_or(base::kGiB)) / static_cast<double>(base::kGiB);
  return offered;
}

base::Result<Done> read_done(lua_State* lua, int index, const std::string& what) {
  TRY(const auto table, TableReader::open(lua, index, what, names::kTestDoneKeys, false));
  TRY(const auto game, table.text("game"));
  if (!game) return table.error("game", "is missing: whose jobs were done");
  CHECK_OK(read_kind(table));
  TRY(const auto times, table.count("times"));
  TRY(const auto gpu_time, table.span("gpu_time"));
  Done done{*game, {.jobs = times.value_or(1)}};
  // Nobody's jobs run longer in all than a quota can count.
  const auto most = gpu_time && *gpu_time > base::Duration() ? job::kMostUsedTime / *gpu_time : 0;
  const auto counted = std::min<std::uint64_t>(done.used.jobs, static_cast<std::uint64_t>(most));
  if (gpu_time) done.used.gpu_time = *gpu_time * static_cast<std::int64_t>(counted);
  return done;
}

base::Status read_card(lua_State* lua, int index, const std::string& what, std::vector<job::GpuFacts>& cards) {
  TRY(const auto table, TableReader::open(lua, index, what, names::kTestGpuKeys, false));
  TRY(const auto number, table.indices("index"));
  if (number.size() > 1) return table.error("index", "names one card");
  if (cards.size() >= kMostCards) return table.error("index", "there are 64 cards already");
  job::GpuFacts& card = card_of(cards, number.empty() ? 0 : number.front());
  CHECK_OK(read_memory(table, card));
  TRY(const auto uuid, table.text("uuid"));
  TRY(const auto name, table.text("name"));
  TRY(const auto temperature, table.number("temperature"));
  TRY(const auto busy, table.number("busy"));
  put(card.uuid, uuid);
  put(card.name, name);
  put(card.temperature, temperature);
  put(card.busy, busy);
  if (table.has("foreign")) {
    TRY(card.foreign, read_programs(lua, table, what));
  }
  return {};
}

base::Status read_machine(lua_State* lua, int index, const std::string& what, job::MachineFacts& facts) {
  TRY(const auto table, TableReader::open(lua, index, what, names::kTestMachineKeys, false));
  TRY(const auto locked, table.flag("locked"));
  TRY(const auto on_battery, table.flag("on_battery"));
  TRY(const auto cpu, table.number("cpu"));
  TRY(const auto memory_free, table.size("memory_free"));
  put(facts.locked.value, locked);
  put(facts.on_battery.value, on_battery);
  put(facts.cpu.value, cpu);
  put(facts.memory_free.value, memory_free);
  return {};
}

base::Result<logs::LogFacts> read_record(lua_State* lua, int index, const std::string& what) {
  TRY(const auto table, TableReader::open(lua, index, what + ": the record", names::kTestRecordKeys, false));
  logs::LogFacts record;
  TRY(const auto level, table.text("level"));
  if (level) {
    const auto known = logs::parse_level(*level);
    if (!known) return table.error("level", known.error().message);
    record.level = *known;
  }
  TRY(const auto about, table.text("about"));
  record.about = about.value_or("worker");
  const auto& known = logs::categories();
  if (about && *about == logs::kAboutJobs) {
    return table.error("about", "a record is about a job when it names one: job = '8f3c'");
  }
  if (std::find(known.begin(), known.end(), record.about) == known.end()) {
    return table.error("about", rules::unknown_name("category", record.about, known));
  }
  TRY(const auto message, table.text("message"));
  record.message = message.value_or("a message");
  TRY(record.job, table.text("job"));
  TRY(record.game, table.text("game"));
  TRY(record.kind, table.text("kind"));
  TRY(record.details, table.text("details"));
  return record;
}

base::Result<ExpectedLog> read_expected(lua_State* lua, int index, const std::string& what) {
  TRY(const auto table, TableReader::open(lua, index, what + ": what is expected", names::kTestExpectedKeys, true));
  ExpectedLog expected;
  TRY(expected.sinks, table.list());
  for (const std::string& sink : expected.sinks) {
    if (sink == "usual") continue;
    const auto target = logs::parse_target(sink);
    if (!target) return table.error("entry", target.error().message);
  }
  for (const names::Name& each : names::kTestExpectedKeys) {
    const std::string key(each.name);
    lua_getfield(lua, index, key.c_str());
    const bool gone = lua_isboolean(lua, -1) && lua_toboolean(lua, -1) == 0;
    if (gone) {
      expected.facts.emplace_back(key, std::nullopt);
      continue;
    }
    TRY(auto value, table.text(key.c_str()));
    if (value) expected.facts.emplace_back(key, std::move(*value));
  }
  return expected;
}

}  // namespace policy::testing
