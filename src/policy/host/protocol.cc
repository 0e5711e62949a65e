#include "policy/host/protocol.h"

#include "policy/host/rules_wire.h"
#include "policy/host/wire.h"
#include "policy/host/wire/log_wire.h"
#include "policy/host/wire/sense.h"

namespace policy::host {
namespace {

constexpr std::size_t kMaxTrace = 10'000;
constexpr std::size_t kMaxErrors = 20;        // of tests: more of them say nothing new
constexpr std::size_t kMaxPeriods = 100'000;  // one for each window that can be declared

LoadRequest read_load(Reader& in) {
  LoadRequest request;
  request.options.memory = in.number();
  request.options.instructions = in.number();
  request.options.time = in.time();
  const auto files = in.count(kMaxFiles);
  for (std::size_t i = 0; i < files && !in.bad(); ++i) {
    auto name = in.text();
    request.files.push_back({std::move(name), in.text()});
  }
  return request;
}

std::unique_ptr<job::UsageTable> read_usage(Reader& in) {
  auto table = std::make_unique<job::UsageTable>();
  const auto periods = in.count(kMaxPeriods);
  std::optional<base::WallTime> before;
  for (std::size_t i = 0; i < periods && !in.bad(); ++i) {
    const base::WallTime start(in.time());
    if (before && start <= *before) in.reject();
    before = start;
    job::UsageTable::Row row;
    const auto games = in.count(job::kMostUsedGames);
    for (std::size_t game = 0; game < games && !in.bad(); ++game) {
      auto name = in.text();
      job::Used used{in.number(), in.time()};
      if (used.gpu_time < base::Duration() || used.gpu_time > job::kMostUsedTime) in.reject();
      row.emplace_back(std::move(name), used);
    }
    table->add(start, std::move(row));
  }
  return table;
}

void write_usage(Writer& out, const job::Facts& facts, const std::vector<base::WallTime>& periods) {
  out.flag(facts.usage != nullptr);
  if (facts.usage == nullptr) return;
  out.number(periods.size());
  for (const base::WallTime start : periods) {
    out.time(start.time_since_epoch());
    const auto uses = facts.usage->since(start, facts.now);
    out.number(uses.size());
    for (const job::GameUse& use : uses) {
      out.text(use.game);
      out.number(use.used.jobs);
      out.time(use.used.gpu_time);
    }
  }
}

DecideRequest read_decide(Reader& in) {
  DecideRequest request;
  request.id = in.number();
  request.explain = in.flag();
  request.facts.now = base::WallTime(in.time());
  request.facts.est_time = in.optional<base::Duration>();
  const auto est_time = request.facts.est_time.value_or(base::Duration());
  if (est_time < base::Duration() || est_time > job::kMostUsedTime) in.reject();
  if (in.flag()) request.facts.cached = in.flag();
  request.facts.download = in.optional<base::Bytes>();
  if (in.flag()) request.usage = read_usage(in);
  request.facts.usage = request.usage.get();
  job::Offer& offer = request.offer;
  offer.id = base::JobId(in.text());
  offer.game = base::GameId(in.text());
  offer.asset = in.text();
  offer.model = base::ModelId(in.text());
  offer.source.engine = in.text();
  offer.vram_gb = in.real();
  offer.kind = static_cast<job::Kind>(in.below(job::kAllKinds.size()));
  offer.facts.width = in.optional<std::uint32_t>();
  offer.facts.height = in.optional<std::uint32_t>();
  offer.facts.steps = in.optional<std::uint32_t>();
  offer.facts.seconds = in.optional<double>();
  offer.facts.chars = in.optional<std::uint64_t>();
  offer.facts.max_tokens = in.optional<std::uint32_t>();
  return request;
}

constexpr std::uint8_t kVotes = static_cast<std::uint8_t>(job::Vote::kSkipped) + 1;
constexpr std::uint8_t kCodes = static_cast<std::uint8_t>(job::RejectCode::kInsufficientMemory) + 1;

LoadReply read_loaded(Reader& in) {
  LoadReply reply;
  reply.error = in.text();
  if (!reply.error.empty()) return reply;
  for (bool& has : reply.declared.has_hooks) has = in.flag();
  reply.declared.rules = read_rules(in);
  return reply;
}

DecideReply read_verdict(Reader& in) {
  DecideReply reply;
  reply.id = in.number();
  reply.verdict.error = in.text();
  reply.verdict.instructions = in.number();
  job::Decision& decision = reply.verdict.decision;
  decision.accepted = in.flag();
  decision.plan.max_vram = in.optional<base::Bytes>();
  decision.plan.max_time = in.optional<base::Duration>();
  decision.code = static_cast<job::RejectCode>(in.below(kCodes));
  decision.reason = in.text();
  decision.rule = in.text();
  const auto lines = in.count(kMaxTrace);
  for (std::size_t i = 0; i < lines && !in.bad(); ++i) {
    job::TraceLine line;
    line.vote = static_cast<job::Vote>(in.below(kVotes));
    line.rule = in.text();
    line.text = in.text();
    decision.trace.push_back(std::move(line));
  }
  return reply;
}

RewriteRequest read_records(Reader& in) {
  RewriteRequest request;
  request.id = in.number();
  request.now = base::WallTime(in.time());
  request.records = read_log_facts(in);
  return request;
}

TestReply read_tested(Reader& in) {
  TestReply reply;
  reply.id = in.number();
  const auto errors = in.count(kMaxErrors);
  for (std::size_t i = 0; i < errors && !in.bad(); ++i) reply.errors.push_back(in.text());
  return reply;
}

RewriteReply read_rewrite_reply(Reader& in) {
  RewriteReply reply;
  reply.id = in.number();
  reply.rewritten = read_rewritten(in);
  return reply;
}

}  // namespace

void encode_load(std::string& frame, const SourceFiles& files, const RuntimeOptions& options) {
  Writer out(frame, Tag::kLoad);
  out.number(options.memory);
  out.number(options.instructions);
  out.time(options.time);
  out.number(files.size());
  for (const SourceFile& file : files) {
    out.text(file.name);
    out.text(file.text);
  }
}

void encode_decide(std::string& frame, std::uint64_t id, bool explain, const job::Offer& offer, const job::Facts& facts,
                   const std::vector<base::WallTime>& periods) {
  Writer out(frame, Tag::kDecide);
  out.number(id);
  out.flag(explain);
  out.time(facts.now.time_since_epoch());
  out.optional(facts.est_time);
  out.flag(facts.cached.has_value());
  if (facts.cached) out.flag(*facts.cached);
  out.optional(facts.download);
  write_usage(out, facts, periods);
  out.text(offer.id.str());
  out.text(offer.game.str());
  out.text(offer.asset);
  out.text(offer.model.str());
  out.text(offer.source.engine);
  out.real(offer.vram_gb);
  out.byte(static_cast<std::uint8_t>(offer.kind));
  out.optional(offer.facts.width);
  out.optional(offer.facts.height);
  out.optional(offer.facts.steps);
  out.optional(offer.facts.seconds);
  out.optional(offer.facts.chars);
  out.optional(offer.facts.max_tokens);
}

void encode_load_failure(std::string& frame, std::string_view error) {
  Writer out(frame, Tag::kLoaded);
  out.text(error);
}

void encode_loaded(std::string& frame, const rules::RuleSet& rules, const PerEvent<bool>& has_hooks) {
  Writer out(frame, Tag::kLoaded);
  out.text({});
  for (const bool has : has_hooks) out.flag(has);
  write_rules(out, rules);
}

void encode(std::string& frame, const DecideReply& reply) {
  Writer out(frame, Tag::kVerdict);
  out.number(reply.id);
  out.text(reply.verdict.error);
  out.number(reply.verdict.instructions);
  const job::Decision& decision = reply.verdict.decision;
  out.flag(decision.accepted);
  out.optional(decision.plan.max_vram);
  out.optional(decision.plan.max_time);
  out.byte(static_cast<std::uint8_t>(decision.code));
  out.text(decision.reason);
  out.text(decision.rule);
  const auto lines = std::min(decision.trace.size(), kMaxTrace);
  out.number(lines);
  for (std::size_t i = 0; i < lines; ++i) {
    out.byte(static_cast<std::uint8_t>(decision.trace[i].vote));
    out.text(decision.trace[i].rule);
    out.text(decision.trace[i].text);
  }
}

void encode_sense(std::string& frame, std::uint64_t id, const job::MachineFacts& facts, base::WallTime now) {
  Writer out(frame, Tag::kSense);
  out.number(id);
  out.time(now.time_since_epoch());
  write_sense(out, facts);
}

void encode(std::string& frame, const SenseReply& reply) {
  Writer out(frame, Tag::kSensed);
  out.number(reply.id);
  write_sensed(out, reply.sensed);
}

void encode(std::string& frame, const RewriteRequest& request) {
  Writer out(frame, Tag::kRecords);
  out.number(request.id);
  out.time(request.now.time_since_epoch());
  write_log_facts(out, request.records);
}

void encode(std::string& frame, const RewriteReply& reply) {
  Writer out(frame, Tag::kRewritten);
  out.number(reply.id);
  write_rewritten(out, reply.rewritten);
}

void encode(std::string& frame, const TestRequest& request) {
  Writer out(frame, Tag::kTest);
  out.number(request.id);
  out.time(request.time);
}

void encode(std::string& frame, const TestReply& reply) {
  Writer out(frame, Tag::kTested);
  out.number(reply.id);
  const auto errors = std::min(reply.errors.size(), kMaxErrors);
  out.number(errors);
  for (std::size_t i = 0; i < errors; ++i) out.text(reply.errors[i]);
}

std::optional<Request> decode_request(std::string_view frame) {
  Reader in(frame);
  std::optional<Request> request;
  const auto tag = static_cast<Tag>(in.byte());
  if (tag == Tag::kLoad) request = read_load(in);
  if (tag == Tag::kDecide) request = read_decide(in);
  if (tag == Tag::kSense) {
    SenseRequest sense{.id = in.number()};
    sense.now = base::WallTime(in.time());
    sense.facts = read_sense(in);
    request = std::move(sense);
  }
  if (tag == Tag::kRecords) request = read_records(in);
  if (tag == Tag::kTest) request = TestRequest{in.number(), in.time()};
  if (!in.complete()) return std::nullopt;
  return request;
}

std::optional<Reply> decode_reply(std::string_view frame) {
  Reader in(frame);
  std::optional<Reply> reply;
  const auto tag = static_cast<Tag>(in.byte());
  if (tag == Tag::kLoaded) reply = read_loaded(in);
  if (tag == Tag::kVerdict) reply = read_verdict(in);
  if (tag == Tag::kSensed) {
    SenseReply sensed{.id = in.number()};
    sensed.sensed = read_sensed(in);
    reply = std::move(sensed);
  }
  if (tag == Tag::kRewritten) reply = read_rewrite_reply(in);
  if (tag == Tag::kTested) reply = read_tested(in);
  if (!in.complete()) return std::nullopt;
  return reply;
}

}  // namespace policy::host
