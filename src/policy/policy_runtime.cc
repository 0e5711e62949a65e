#include "policy/policy_runtime.h"

#include <utility>

#include "policy/lua/api.h"
#include "policy/lua/state.h"
#include "policy/rules/rule_set.h"

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

}  // namespace

struct PolicyRuntime::Loaded {
  lua::Api api;
  std::unique_ptr<lua::State> state;  // dies first: it points at the api
};

/// Collects the votes on one offer.
class PolicyRuntime::Poll {
 public:
  explicit Poll(bool explain) : explain_(explain) { verdict_.decision.accepted = true; }

  /// Whether the next rule needs to be asked.
  bool open() const { return explain_ || verdict_.decision.accepted; }

  void add(rules::Ballot ballot) {
    if (explain_) trace(ballot.vote, ballot.place, std::move(ballot.text));
    if (ballot.vote == job::Vote::kDecline) decline(ballot.code, std::move(ballot.reason), ballot.place);
  }

  void add(const lua::Hook& hook, lua::HookResult result) {
    verdict_.instructions += result.instructions;
    if (explain_) {
      for (auto& [text, place] : result.notes) trace(job::Vote::kNoOpinion, place, "note: " + text);
    }
    if (result.failure) {
      if (verdict_.error.empty()) verdict_.error = to_line(*result.failure);
      if (explain_) trace(job::Vote::kDecline, result.failure->place, "policy error: " + result.failure->text);
      decline(job::RejectCode::kPaused, "policy error", result.failure->place);
    } else if (!result.verdict) {
      if (explain_) trace(job::Vote::kNoOpinion, hook.place, "no opinion");
    } else {
      const bool accept = result.verdict->accept;
      if (explain_) {
        trace(accept ? job::Vote::kAccept : job::Vote::kDecline, result.verdict->place, result.verdict->reason);
      }
      if (!accept) decline(job::RejectCode::kNone, result.verdict->reason, result.verdict->place);
      if (accept && verdict_.decision.accepted) verdict_.decision.rule = rules::to_string(result.verdict->place);
    }
  }

  /// The entries before (or after) the one that applies, for the trace.
  void skip_games(const std::vector<rules::GameRule>& games, const rules::GameRule* applies, bool before) {
    bool seen = false;
    for (const rules::GameRule& game : games) {
      if (&game == applies) seen = true;
      if (&game == applies || seen == before) continue;
      trace(job::Vote::kSkipped, game.place,
            "game entry \"" + game.pattern + (before ? "\" does not match" : "\": an earlier entry applies"));
    }
  }

  void set_plan(const rules::GameRule& rule) {
    if (!verdict_.decision.accepted) return;
    verdict_.decision.plan.max_vram = rule.max_vram;
    verdict_.decision.plan.max_time = rule.max_time;
    verdict_.decision.rule = rules::to_string(rule.place);
  }

  void fail(const base::Error& error) {
    verdict_.error = error.message;
    decline(job::RejectCode::kPaused, "policy error", {});
  }

  Verdict take() { return std::move(verdict_); }

 private:
  void trace(job::Vote vote, const rules::Place& place, std::string text) {
    verdict_.decision.trace.push_back({vote, rules::to_string(place), std::move(text)});
  }

  /// The first no decides; later ones only show in the trace.
  void decline(job::RejectCode code, std::string reason, const rules::Place& place) {
    if (!verdict_.decision.accepted) return;
    verdict_.decision.accepted = false;
    verdict_.decision.code = code;
    verdict_.decision.reason = std::move(reason);
    verdict_.decision.rule = rules::to_string(place);
    verdict_.decision.plan = {};
  }

  bool explain_;
  Verdict verdict_;
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
  for (const SourceFile& file : files_) sources.emplace_back(file.name, file.text);
  if (auto failure = loaded_->api.install(*loaded_->state, std::move(sources))) {
    return base::Error{base::Code::kExhausted, "the policy's memory limit is too small: " + failure->text};
  }
  const lua::Budget budget{options_.instructions * kLoadFactor, options_.time * static_cast<int>(kLoadFactor)};
  std::string errors;
  const auto report = [&errors](const lua::Failure& failure) {
    errors += (errors.empty() ? "" : "\n") + to_line(failure);
  };
  for (const SourceFile& file : files_) {
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
  return {};
}

void PolicyRuntime::recover() {
  if (spoiled_) spoiled_ = !build();
}

Verdict PolicyRuntime::decide(const job::Offer& offer, const job::Facts& facts, bool explain) {
  Poll poll(explain);
  if (spoiled_) {
    const auto rebuilt = build();
    spoiled_ = !rebuilt;
    if (spoiled_) {
      poll.fail(rebuilt.error());
      return poll.take();
    }
  }
  lua::Api& api = loaded_->api;
  if (api.rules.accept_during) poll.add(api.rules.vote_opening(facts.now, explain));
  if (!api.rules.games.empty() && poll.open()) {
    const auto* rule = api.rules.game_rule(offer.game.str());
    if (explain) poll.skip_games(api.rules.games, rule, true);
    poll.add(api.rules.vote_game(rule, offer, explain));
    if (explain) poll.skip_games(api.rules.games, rule, false);
    if (rule != nullptr) poll.set_plan(*rule);
  }
  if (!api.hooks.empty() && poll.open()) ask_hooks(offer, facts.now, explain, poll);
  return poll.take();
}

/// All in one call, as far as nobody objects; one by one for an explanation.
void PolicyRuntime::ask_hooks(const job::Offer& offer, base::WallTime now, bool explain, Poll& poll) {
  lua::Api& api = loaded_->api;
  lua::State& state = *loaded_->state;
  state.seed_random(seed_of(offer.id.str()));
  if (const auto failure = api.begin_offer(state, offer, now)) {
    spoiled_ = true;
    poll.fail({base::Code::kExhausted, "facts: " + failure->text});
    return;
  }
  const lua::Budget budget{options_.instructions, options_.time, explain};
  for (std::size_t next = 0; next < api.hooks.size() && poll.open() && !spoiled_;) {
    auto result = api.run(state, next, explain ? next + 1 : api.hooks.size(), budget);
    next = result.hook + 1;
    spoiled_ = result.failure && result.failure->spent;
    const lua::Hook& hook = api.hooks[result.hook];
    poll.add(hook, std::move(result));
  }
}

PolicyRuntime::Summary PolicyRuntime::summary() const {
  const lua::Api& api = loaded_->api;
  Summary summary{.zone = api.rules.calendar.zone().name(),
                  .windows = api.rules.calendar.size(),
                  .games = api.rules.games.size(),
                  .hooks = api.hooks.size(),
                  .always_open = !api.rules.accept_during};
  for (const SourceFile& file : files_) summary.files.push_back(file.name);
  return summary;
}

std::string PolicyRuntime::local_time(base::WallTime when) const {
  const rules::Zone& zone = loaded_->api.rules.calendar.zone();
  return rules::format_local(zone, when) + " " + zone.name();
}

}  // namespace policy
