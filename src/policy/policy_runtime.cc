#include "policy/policy_runtime.h"

#include <utility>

#include "policy/lua/api.h"
#include "policy/lua/identity/function_code.h"
#include "policy/lua/record/log_hook.h"
#include "policy/lua/sense/sense.h"
#include "policy/lua/state.h"
#include "policy/rules/poll.h"

namespace policy {
namespace {

std::string to_line(const lua::Failure& failure) {
  return rules::to_string(failure.place) + ": " + failure.text;
}

/// FNV-1a: the same offer gives the same "random" numbers everywhere.
std::uint64_t seed_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return hash;
}

void trace(rules::Poll& poll, const lua::Hook& hook, const lua::HookResult& result) {
  for (const auto& [text, place] : result.notes) poll.trace(job::Vote::kNoOpinion, place, "note: " + text);
  if (result.failure) {
    poll.trace(job::Vote::kDecline, result.failure->place, "policy error: " + result.failure->text);
  } else if (result.verdict) {
    const auto vote = result.verdict->accept ? job::Vote::kAccept : job::Vote::kDecline;
    poll.trace(vote, result.verdict->place, result.verdict->reason);
  } else {
    poll.trace(job::Vote::kNoOpinion, hook.place, "no opinion");
  }
}

void add(rules::Poll& poll, const lua::Hook& hook, lua::HookResult result, Verdict& verdict) {
  if (poll.explains()) trace(poll, hook, result);
  verdict.instructions += result.instructions;
  if (result.failure) {
    if (verdict.error.empty()) verdict.error = to_line(*result.failure);
    poll.decline(job::RejectCode::kPaused, "policy error", result.failure->place);
  } else if (result.verdict && result.verdict->accept) {
    poll.accept(result.verdict->place);
  } else if (result.verdict) {
    poll.decline(job::RejectCode::kNone, std::move(result.verdict->reason), result.verdict->place);
  }
}

void fail(rules::Poll& poll, std::string error, Verdict& verdict) {
  verdict.error = std::move(error);
  poll.decline(job::RejectCode::kPaused, "policy error", {});
}

}  // namespace

struct PolicyRuntime::Loaded {
  lua::Api api;
  std::unique_ptr<lua::State> state;  // dies first: it points at the api
};

PolicyRuntime::PolicyRuntime(SourceFiles files, RuntimeOptions options) : files_(std::move(files)), options_(options) {}
PolicyRuntime::~PolicyRuntime() = default;

base::Result<std::unique_ptr<PolicyRuntime>> PolicyRuntime::load(SourceFiles files, RuntimeOptions options) {
  std::unique_ptr<PolicyRuntime> runtime(new PolicyRuntime(std::move(files), options));
  CHECK_OK(runtime->build());
  return runtime;
}

base::Status PolicyRuntime::build() {
  loaded_ = std::make_unique<Loaded>();
  loaded_->state = lua::State::create(options_.memory);
  if (!loaded_->state) return base::Error{base::Code::kExhausted, "no memory for a policy"};
  std::vector<std::pair<std::string, std::string>> sources;
  for (const SourceFile& file : files_) {
    if (!is_test_file(file.name)) sources.emplace_back(file.name, file.text);
  }
  if (auto failure = loaded_->api.install(*loaded_->state, std::move(sources))) {
    return base::Error{base::Code::kExhausted, "the policy's memory limit is too small: " + failure->text};
  }
  const lua::Budget budget{options_.instructions * kLoadFactor, options_.time * static_cast<int>(kLoadFactor)};
  std::string errors;
  const auto report = [&errors](const lua::Failure& failure) {
    errors += (errors.empty() ? "" : "\n") + to_line(failure);
  };
  for (const SourceFile& file : files_) {
    if (is_test_file(file.name)) continue;
    const auto failure = loaded_->api.load(*loaded_->state, file.name, budget);
    if (!failure) continue;
    report(*failure);
    if (failure->spent) break;
  }
  // A name that is missing may be declared in the file that is broken: only the first kind of error is sure.
  if (errors.empty()) {
    for (const lua::Failure& failure : loaded_->api.finish_load()) report(failure);
  }
  if (!errors.empty()) return base::Error{base::Code::kInvalid, std::move(errors)};
  if (footprint_ != nullptr) watch(*footprint_);
  return {};
}

void PolicyRuntime::watch(Footprint& footprint) {
  footprint_ = &footprint;
  loaded_->state->watch_lines(&footprint.lines);
}

void PolicyRuntime::spoke(const rules::Place& place) {
  if (footprint_ != nullptr) footprint_->hooks.insert(rules::to_string(place));
}

void PolicyRuntime::recover() {
  if (spoiled_) spoiled_ = !build();
}

Verdict PolicyRuntime::decide(const job::Offer& offer, const job::Facts& facts, bool explain) {
  Verdict verdict;
  rules::Poll poll(explain);
  const auto rebuilt = spoiled_ ? build() : base::Status();
  spoiled_ = !rebuilt;
  if (spoiled_) {
    fail(poll, rebuilt.error().message, verdict);
  } else {
    poll.ask(loaded_->api.rules, offer, facts);
    if (!loaded_->api.hooks[HookEvent::kOffer].empty() && poll.open()) ask_hooks(offer, facts, poll, verdict);
  }
  verdict.decision = poll.take();
  return verdict;
}

/// All in one call, as far as nobody objects; one by one for an explanation.
void PolicyRuntime::ask_hooks(const job::Offer& offer, const job::Facts& facts, rules::Poll& poll, Verdict& verdict) {
  lua::Api& api = loaded_->api;
  lua::State& state = *loaded_->state;
  state.seed_random(seed_of(offer.id.str()));
  if (const auto failure = api.begin_offer(state, offer, facts)) {
    spoiled_ = true;
    return fail(poll, "facts: " + failure->text, verdict);
  }
  const lua::Budget budget{options_.instructions, options_.time, poll.explains()};
  const lua::Hooks& hooks = api.hooks[HookEvent::kOffer];
  for (std::size_t next = 0; next < hooks.size() && poll.open() && !spoiled_;) {
    auto result = api.run(state, HookEvent::kOffer, next, poll.explains() ? next + 1 : hooks.size(), budget);
    next = result.hook + 1;
    spoiled_ = result.failure && result.failure->spent;
    const lua::Hook& hook = hooks[result.hook];
    if (result.verdict) spoke(hook.place);
    add(poll, hook, std::move(result), verdict);
  }
  api.usage = nullptr;
}

Sensed PolicyRuntime::sense(const job::MachineFacts& facts, base::WallTime now) {
  Sensed sensed;
  const auto rebuilt = spoiled_ ? build() : base::Status();
  spoiled_ = !rebuilt;
  std::optional<std::string> error;
  if (spoiled_) {
    error = rebuilt.error().message;
  } else if (const auto failure = lua::begin_sense(*loaded_->state, loaded_->api, facts, now)) {
    spoiled_ = true;
    error = "facts: " + failure->text;
  }
  if (error) {
    sensed.pauses.push_back({"policy error", "", *error, pause::Action::kFinish, false});
    sensed.bounds_failed = true;
    sensed.error = std::move(*error);
    return sensed;
  }
  ask_pause_hooks(sensed);
  if (facts.gpus.value) ask_budget_hooks(*facts.gpus.value, sensed);
  return sensed;
}

void PolicyRuntime::ask_pause_hooks(Sensed& sensed) {
  const lua::Budget budget{options_.instructions, options_.time};
  const lua::Hooks& hooks = loaded_->api.hooks[HookEvent::kPause];
  for (std::size_t i = 0; i < hooks.size() && !spoiled_; ++i) {
    auto result = lua::ask_pause(*loaded_->state, loaded_->api, i, budget);
    if (result.failure) {
      spoiled_ = result.failure->spent;
      if (sensed.error.empty()) sensed.error = to_line(*result.failure);
      sensed.pauses.push_back({"policy error", rules::to_string(result.failure->place), result.failure->text,
                               pause::Action::kFinish, false});
    } else if (result.pause) {
      spoke(hooks[i].place);
      const bool release = result.pause->release_vram;
      const auto action = *result.pause->pause;
      const bool returns = release && action == pause::Action::kSuspend;
      sensed.pauses.push_back({result.pause->reason, rules::to_string(result.pause->place), "a function says so",
                               returns ? pause::Action::kReturn : action, release});
    }
  }
}

void PolicyRuntime::ask_budget_hooks(const std::vector<job::GpuFacts>& gpus, Sensed& sensed) {
  const lua::Budget budget{options_.instructions, options_.time};
  const lua::Hooks& hooks = loaded_->api.hooks[HookEvent::kBudget];
  for (std::size_t card = 0; card < gpus.size(); ++card) {
    std::optional<CardBound> smallest;
    for (std::size_t i = 0; i < hooks.size(); ++i) {
      if (spoiled_) {
        sensed.bounds_failed = true;
        return;
      }
      auto result = lua::ask_budget(*loaded_->state, loaded_->api, i, card, budget);
      if (result.failure) {
        spoiled_ = result.failure->spent;
        sensed.bounds_failed = true;
        if (sensed.error.empty()) sensed.error = to_line(*result.failure);
        continue;
      }
      if (result.bound) spoke(hooks[i].place);
      if (result.bound && (!smallest || *result.bound < smallest->bytes)) {
        smallest =
            CardBound{gpus[card].index, *result.bound, std::move(result.reason), rules::to_string(hooks[i].place)};
      }
    }
    if (smallest) sensed.bounds.push_back(std::move(*smallest));
  }
}

logs::Rewritten PolicyRuntime::rewrite(const std::vector<logs::LogFacts>& records, base::WallTime now) {
  logs::Rewritten rewritten;
  const auto enough = std::chrono::steady_clock::now() + options_.time;
  const lua::Budget budget{options_.instructions, options_.time};
  for (const logs::LogFacts& record : records) {
    if (!rewritten.records.empty() && (spoiled_ || std::chrono::steady_clock::now() >= enough)) break;
    if (spoiled_) recover();
    lua::LogHookResult result{lua::Failure{"no memory for a policy", {}}, record};
    if (!spoiled_) {
      loaded_->state->seed_random(seed_of(record.message));
      result = lua::run_log_hooks(*loaded_->state, loaded_->api, record, now, budget);
      spoiled_ = result.failure && result.failure->spent;
    }
    if (result.failure && rewritten.error.empty()) rewritten.error = to_line(*result.failure);
    if (!result.failure && result.record != record) {
      for (const lua::Hook& hook : loaded_->api.hooks[HookEvent::kLog]) spoke(hook.place);
    }
    rewritten.records.push_back(result.failure ? std::nullopt : std::optional(std::move(result.record)));
  }
  return rewritten;
}

const rules::RuleSet& PolicyRuntime::rules() const {
  return loaded_->api.rules;
}

PerEvent<bool> PolicyRuntime::has_hooks() const {
  PerEvent<bool> has;
  for (std::size_t i = 0; i < kHookEventNames.size(); ++i) {
    const auto event = static_cast<HookEvent>(i);
    has[event] = !loaded_->api.hooks[event].empty();
  }
  return has;
}

PolicyRuntime::Summary PolicyRuntime::summary() const {
  const lua::Api& api = loaded_->api;
  const rules::Calendar& calendar = api.rules.calendar;
  Summary summary{.zone = calendar.zone().name(),
                  .windows = calendar.size() - calendar.dates().size(),
                  .dates = calendar.dates().size(),
                  .games = api.rules.games.size(),
                  .always_open = !api.rules.accept_during};
  for (std::size_t i = 0; i < kHookEventNames.size(); ++i) {
    const auto event = static_cast<HookEvent>(i);
    for (const lua::Hook& hook : api.hooks[event]) summary.hooks.push_back({event, rules::to_string(hook.place)});
  }
  for (const SourceFile& file : files_) {
    if (!is_test_file(file.name)) summary.files.push_back(file.name);
  }
  return summary;
}

std::vector<PolicyRuntime::HookCode> PolicyRuntime::hook_code() const {
  std::vector<HookCode> code;
  const lua::Api& api = loaded_->api;
  for (std::size_t i = 0; i < kHookEventNames.size(); ++i) {
    const auto event = static_cast<HookEvent>(i);
    for (const lua::Hook& hook : api.hooks[event]) {
      code.push_back({{event, rules::to_string(hook.place)}, lua::code_of(*loaded_->state, api, hook.function)});
    }
  }
  return code;
}

std::string PolicyRuntime::local_time(base::WallTime when) const {
  const rules::Zone& zone = loaded_->api.rules.calendar.zone();
  return rules::format_local(zone, when) + " " + zone.name();
}

}  // namespace policy
