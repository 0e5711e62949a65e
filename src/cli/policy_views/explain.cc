// policy explain: one offer, rule by rule, at a time that was asked for, or now on this machine.

#include "policy/explain/explain.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include <boost/json.hpp>

#include "admission/ledger.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "config/exit_code.h"
#include "config/load.h"
#include "config/paths.h"
#include "control/client.h"
#include "engine/model_files.h"
#include "engine/roster.h"
#include "machine/sensors.h"
#include "policy/generations/store.h"
#include "policy/inspect.h"
#include "policy/rules/rule_set.h"
#include "protocol/frames.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kShortHash = 8;

/// What is asked about, and what is known of that moment.
struct Question {
  job::Offer offer;
  job::Facts facts;
  std::optional<job::MachineFacts> machine;
  policy::House house;
  std::string then;  // what was decided, of a recorded offer
};

/// Which generation has these files, if any.
struct Identity {
  std::string hash;
  std::uint64_t generation = 0;  // 0 = none that is known
  bool in_force = false;         // in the worker that runs now
};

/// Accepts a claim, or the whole offer frame that holds one.
base::Result<job::Offer> read_offer(const std::filesystem::path& path) {
  TRY(const std::string text, base::read_file(path, 64 * base::kMiB));
  boost::system::error_code unreadable;
  const json::value parsed = json::parse(text, unreadable);
  const json::object* object = unreadable ? nullptr : parsed.if_object();
  if (object == nullptr || !object->contains("claim")) {
    auto offer = protocol::decode_claim(text);
    if (offer) return offer;
    return std::move(offer).error().within(path.string() + " is no claim");
  }
  auto frame = protocol::decode(text);
  if (auto* whole = std::get_if<protocol::OfferFrame>(&frame)) return std::move(whole->offer);
  const auto* bad = std::get_if<protocol::BadFrame>(&frame);
  return base::Error{base::Code::kInvalid,
                     path.string() + " is no offer: " + (bad != nullptr ? bad->reason : "its type is not \"offer\"")};
}

base::Result<Question> read_recorded(const config::Invocation& invocation, const config::Loaded& loaded) {
  TRY(auto record, recorded_offer(invocation, loaded));
  const job::Decision& decision = record.decision;
  Question question{std::move(record.offer), std::move(record.facts), std::nullopt, {}, {}};
  question.then =
      "recorded: generation " + std::to_string(decision.generation) + " " +
      (decision.accepted ? "accepted it" : "declined it \"" + base::log::printable(decision.reason) + "\"") +
      (decision.rule.empty() ? "" : ", " + base::log::printable(decision.rule));
  return question;
}

/// Whether an engine of this machine serves the offer, and whether the files are here that it reads.
void ask_engines(const config::Settings& settings, Question& question) {
  const job::Offer& offer = question.offer;
  const auto manifests = config::load_engines(settings.engines).manifests;
  if (auto reason = engine::why_not(manifests, offer.source.engine, offer.kind)) {
    question.house.before_rules.push_back({"engines", std::move(*reason), job::RejectCode::kNone});
  }
  if (question.facts.cached) return;
  const auto serving = engine::find_manifest(manifests, offer.source.engine, offer.kind);
  const bool read = !serving || manifests[*serving].fetch_files;
  const auto model = engine::find_model_files(settings.models_root, offer, read);
  question.facts.cached = model.missing.empty();
  question.facts.download = model.missing_size;
}

/// What config.toml says at any time.
void ask_config(const config::Settings& settings, Question& question) {
  const std::string name = settings.config_file.filename().string();
  auto& house = question.house;
  if (!settings.auto_enabled) house.before_pauses.push_back({name + ": auto_enabled", "worker disabled by operator"});
  if (settings.only_when_idle) {
    house.before_rules.push_back({name + ": only_when_idle", "only when idle: the person is using this computer"});
  }
  const admission::Ledger ledger(
      {.vram_threshold_gb = settings.vram_threshold_gb, .vram_total = job::total_memory(question.facts.gpus)});
  house.memory = ledger.bound();
  house.memory_rule = ledger.bound_rule();
}

/// What the operator told the worker that runs now: a drain goes before what config.toml says, a pause behind it.
void ask_worker(const json::object& status, std::vector<policy::Objection>& objections) {
  if (status.at("draining").as_bool()) objections.insert(objections.begin(), {"drain", "the worker is ending"});
  if (!status.at("paused").as_bool()) return;
  const json::value* left = status.if_contains("paused_for_seconds");
  const auto until = left != nullptr ? "for another " + human_duration(left->to_number<double>())
                                     : std::string("until studio-worker resume");
  objections.push_back({"pause", "worker paused by operator " + until});
}

/// The cards are this machine's at any time; what runs on it is known of now alone.
base::Result<Question> read_question(const config::Invocation& invocation, const policy::PolicyRuntime& runtime) {
  Question question;
  TRY(question.offer, read_offer(invocation.offer_file));
  question.facts.now = base::make_system_clock()->wall_now();
  const auto sensors = machine::make_sensors();
  if (invocation.at) {
    question.facts.gpus = sensors->probe_gpus();
    return question;
  }
  auto wanted = policy::pause::sensors_for(runtime.rules().pauses, runtime.has_hooks());
  question.machine = sensors->read(wanted);
  const auto& cards = question.machine->gpus.value;
  question.facts.gpus = cards ? *cards : sensors->probe_gpus();
  return question;
}

/// Nothing when none runs for this configuration.
std::optional<json::object> running_worker(const config::Settings& settings) {
  const auto socket = control::socket_path(settings.runtime_folder, settings.config_file);
  const auto answer = control::ask(socket, R"({"command":"status"})");
  if (!answer) return std::nullopt;
  return json::parse(*answer).at("status").as_object();
}

Identity identify(const policy::SourceFiles& files, const config::Settings& settings,
                  const std::optional<json::object>& worker) {
  Identity identity{policy::generations::fingerprint(files), 0, false};
  if (worker) {
    const json::object& active = worker->at("policy").as_object();
    identity.in_force = active.at("hash").as_string() == json::string_view(identity.hash);
    if (identity.in_force) identity.generation = active.at("generation").to_number<std::uint64_t>();
  }
  if (identity.in_force) return identity;
  const auto folder = policy::generations::folder_in(config::policy_data_folder(settings.state_folder));
  std::vector<std::string> ignored;
  for (const auto& kept : policy::generations::Store(folder).list(ignored)) {
    if (kept.hash == identity.hash) identity.generation = std::max(identity.generation, kept.number);
  }
  return identity;
}

std::string to_text(const Identity& identity) {
  const auto hash = " (" + identity.hash.substr(0, kShortHash) + ")";
  if (identity.generation == 0) return "policy" + hash + ", never in force";
  return "policy g" + std::to_string(identity.generation) + hash + (identity.in_force ? ", in force" : "");
}

json::array trace_of(const job::Decision& decision) {
  json::array trace;
  for (const auto& line : decision.trace) {
    trace.push_back(json::object{{"vote", job::to_string(line.vote)}, {"rule", line.rule}, {"text", line.text}});
  }
  return trace;
}

json::object pauses_of(const policy::Explanation& explanation) {
  json::array held;
  for (const auto& one : explanation.pauses) {
    held.push_back(json::object{
        {"title", one.title}, {"rule", one.rule}, {"why", one.why}, {"action", policy::pause::to_string(one.action)}});
  }
  return {{"held", std::move(held)},
          {"unknown", json::array(explanation.unmeasured.begin(), explanation.unmeasured.end())}};
}

json::value budget_of(const policy::Budget& budget) {
  if (!budget.bytes) return nullptr;
  return json::object{{"bytes", *budget.bytes}, {"rule", budget.rule}, {"exact", budget.exact}};
}

void print_json(const Question& question, const policy::Explanation& explanation, const Identity& identity) {
  const auto& decision = explanation.decision;
  json::object whole{
      {"job", question.offer.id.str()},
      {"game", question.offer.game.str()},
      {"kind", job::to_string(question.offer.kind)},
      {"at", base::format_utc(question.facts.now)},
      {"accepted", decision.accepted},
      {"code", job::to_string(decision.code)},
      {"reason", decision.reason},
      {"rule", decision.rule},
      {"error", explanation.error},
      {"trace", trace_of(decision)},
      {"pauses", pauses_of(explanation)},
      {"budget", budget_of(explanation.budget)},
      {"near_miss", explanation.near_miss},
      {"policy",
       json::object{{"hash", identity.hash}, {"generation", identity.generation}, {"in_force", identity.in_force}}},
      {"instructions", explanation.instructions}};
  std::puts(json::serialize(whole).c_str());
}

}  // namespace

Outcome explain_policy(const config::Invocation& invocation, const config::Loaded& loaded) {
  const auto& path = loaded.settings.policy;
  if (path.empty()) return fail(config::kExitUsage, kNoPolicy);
  auto files = policy::read_sources(path);
  if (!files) return fail(config::kExitFailed, files.error().message);
  const auto worker = running_worker(loaded.settings);
  const Identity identity = identify(*files, loaded.settings, worker);
  const auto runtime = policy::PolicyRuntime::load(std::move(*files));
  if (!runtime) return fail(config::kExitFailed, runtime.error().message);
  const bool recorded = invocation.last || invocation.recorded_id;
  auto question = recorded ? read_recorded(invocation, loaded) : read_question(invocation, **runtime);
  if (!question) return fail(config::kExitFailed, question.error().message);
  if (invocation.at) {
    const auto at = policy::parse_time(path, *invocation.at);
    if (!at) return fail(config::kExitUsage, at.error().message);
    question->facts.now = *at;
  }
  ask_config(loaded.settings, *question);
  ask_engines(loaded.settings, *question);
  if (worker && !recorded && !invocation.at) ask_worker(*worker, question->house.before_pauses);
  auto explanation = policy::explain(**runtime, question->offer, question->facts, question->machine, question->house);
  if (invocation.json) {
    print_json(*question, explanation, identity);
    return config::kExitOk;
  }
  explanation.policy = to_text(identity);
  std::fputs(policy::to_text(question->offer, question->facts, explanation).c_str(), stdout);
  if (!explanation.error.empty()) std::printf("policy error: %s\n", explanation.error.c_str());
  if (!question->then.empty()) std::puts(question->then.c_str());
  return config::kExitOk;
}

}  // namespace cli
