#include "worker/job_pipeline.h"

#include <array>
#include <cstdio>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async/run_on.h"
#include "base/async/timeout.h"
#include "base/files.h"
#include "base/log.h"
#include "history/outbox.h"
#include "protocol/frames.h"

namespace worker {
namespace {

using base::log::Level;

constexpr std::size_t kRememberedVerdicts = 200;
constexpr std::string_view kJustDelivered = "this worker delivered this job a moment ago";
/// Turns of the io thread in which the offer behind a receipt gets its answer. Two to twelve were alike, measured back
/// to back; without any the answer took a quarter longer.
constexpr int kRoundsForAnOffer = 3;
/// A failure that the studio does not acknowledge in this time is over all the same: it frees the claim by itself.
constexpr base::Duration kFailAckLimit = std::chrono::seconds(10);

/// "1.52s" or "640µs", as the studio's views expect it.
std::string short_duration(base::Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::array<char, 32> text{};
  if (seconds >= 1)
    std::snprintf(text.data(), text.size(), "%.2fs", seconds);
  else if (seconds >= 1e-3)
    std::snprintf(text.data(), text.size(), "%.2fms", seconds * 1e3);
  else
    std::snprintf(text.data(), text.size(), "%.0fµs", seconds * 1e6);
  return text.data();
}

std::string shortest(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", number);
  return text.data();
}

job::Failure disk_failure(const base::Error& error) {
  const bool full = error.code == base::Code::kExhausted;
  return {full ? job::FailureClass::kDiskFull : job::FailureClass::kCrashed,
          full ? "disk full on the worker" : "the worker cannot write its files"};
}

}  // namespace

/// The job's place in the table, for exactly as long as its pipeline lives.
struct JobPipeline::Membership {
  Membership(JobPipeline& owner, ActiveJob job) : pipeline(owner), active(owner.parts_.jobs.add(std::move(job))) {}
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership() { pipeline.parts_.jobs.erase(active->id); }
  JobPipeline& pipeline;
  std::shared_ptr<ActiveJob> active;
};

asio::awaitable<void> JobPipeline::run(studio::OfferedJob offered) {
  const auto began = parts_.clock.now();
  job::Offer offer = std::move(offered.offer);
  const std::string hash = job::task_hash(offer);
  if (is_here_already(offer, hash, offered.session)) co_return;
  Membership member(
      *this, ActiveJob{.id = offer.id, .game = offer.game, .kind = offer.kind, .task_hash = hash, .since = began});
  const auto active = member.active;

  job::Decision decision = co_await decide(offer);
  admission::Lease lease = admit(offer, hash, decision);
  if (!decision.accepted) co_return decline(offer, *active, offered.session, decision);
  if (const auto sent = accept(*active, offered.session); !sent) {
    // The studio frees the claim with the session, so the job must not run.
    parts_.link.note(Level::kError, "accept send failed for offer " + offer.id.str() + ": " + sent.error().message,
                     studio::about(offer));
    co_return close(*active, job::Outcome::kSuperseded, sent.error().message, 0);
  }
  const auto took = parts_.clock.now() - began;
  ++counters_.accepted;
  parts_.jobs.claim(*active, offered.session);
  report_verdict(offer, decision, took);

  std::optional<history::JsonText> fresh;
  auto worked = co_await work(offer, decision.plan, *active, fresh);
  // Whatever comes now needs the studio and may take long; the memory is free.
  lease.release();
  if (auto* failure = std::get_if<job::Failure>(&worked)) co_return co_await fail(*active, std::move(*failure));
  parts_.jobs.enter(*active, JobStage::kDelivering);
  // A cancellation that came too late to stop the engine: the result stays in the outbox for its next claim.
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) co_return;
  co_await asio::this_coro::throw_if_cancelled(true);
  auto& produced = std::get<history::Produced>(worked);
  auto delivered = co_await parts_.delivery.deliver(std::move(produced), active, std::move(fresh));
  co_await finish(*active, std::move(delivered));
}

asio::awaitable<std::variant<history::Produced, job::Failure>> JobPipeline::work(
    job::Offer& offer, job::Plan plan, ActiveJob& active, std::optional<history::JsonText>& fresh) {
  auto prepared = co_await prepare(offer, plan);
  if (auto* failure = std::get_if<job::Failure>(&prepared)) co_return std::move(*failure);
  auto& request = std::get<engine::RunRequest>(prepared);
  auto task = std::make_shared<const std::string>(std::move(offer.task));
  request.task = task;
  std::filesystem::path folder = request.out_dir;
  auto outcome = co_await execute(offer, std::move(request), active);
  if (auto* failure = std::get_if<job::Failure>(&outcome)) co_return std::move(*failure);
  auto& artifacts = std::get<job::Artifacts>(outcome);
  std::string prompt = protocol::full_prompt(offer.kind, *task);
  task.reset();
  history::Produced result{.job = offer.id,
                           .game = offer.game,
                           .kind = offer.kind,
                           .task_hash = active.task_hash,
                           .folder = std::move(folder)};
  result.model = offer.model;
  result.size = job::size_class(offer);
  result.ran = active.ran;
  result.worker = parts_.link.status().worker.str();
  auto produced = co_await parts_.delivery.keep(std::move(result), artifacts, prompt);
  if (!produced) co_return disk_failure(produced.error());
  if (auto* json = std::get_if<job::JsonResult>(&artifacts)) {
    fresh = history::JsonText{std::move(json->text), std::move(prompt)};
  }
  co_return std::move(*produced);
}

asio::awaitable<void> JobPipeline::resume(history::Produced result) {
  Membership member(*this, ActiveJob{.id = result.job,
                                     .game = result.game,
                                     .kind = result.kind,
                                     .task_hash = result.task_hash,
                                     .stage = JobStage::kDelivering,
                                     .since = parts_.clock.now()});
  const auto active = member.active;
  auto delivered = co_await parts_.delivery.deliver(std::move(result), active, std::nullopt);
  co_await finish(*active, std::move(delivered));
}

bool JobPipeline::is_here_already(const job::Offer& offer, const std::string& hash, studio::SessionNumber session) {
  const auto active = parts_.jobs.find(offer.id);
  if (!active) return false;
  if (active->claims == 0 && active->stage == JobStage::kPreparing) {
    ++active->offers;
    return true;
  }
  std::string objection;
  if (active->task_hash != hash) objection = "another task of this job is still here";
  // The studio may have the result before a second accept, which would be one for a job that it no longer holds.
  const bool ends = active->stage == JobStage::kDelivering || active->failing;
  if (active->session == session && ends) objection = "its result is on the way";
  if (active->delivered) objection = kJustDelivered;
  if (!objection.empty()) {
    const auto code = active->delivered ? job::RejectCode::kPaused : job::RejectCode::kBusy;
    parts_.link.note(Level::kInfo, "rejecting offer " + offer.id.str() + ": " + objection, studio::about(offer));
    static_cast<void>(parts_.link.reject(offer.id, session, code, std::move(objection)));
    ++counters_.declined;
    return true;
  }
  if (!parts_.link.accept(offer.id, session)) return true;
  ++counters_.adopted;
  parts_.jobs.claim(*active, session);
  parts_.link.note(Level::kInfo,
                   "offer " + offer.id.str() + " is here already (" + std::string(to_string(active->stage)) +
                       "); accepted without a second run",
                   studio::about(offer));
  return true;
}

asio::awaitable<job::Decision> JobPipeline::decide(const job::Offer& offer) {
  job::Decision decision = parts_.rules.decide(offer.id, parts_.clock.now());
  if (!decision.accepted) co_return decision;
  if (auto reason = parts_.engines.cannot_serve(offer.source.engine, offer.kind)) {
    decision.accepted = false;
    decision.reason = std::move(*reason);
    decision.rule = "engines";
    co_return decision;
  }
  const engine::Manifest* manifest = parts_.engines.manifest(offer.source.engine, offer.kind);
  const auto model = co_await parts_.inputs.find_files(offer, manifest != nullptr && manifest->fetch_files);
  job::Facts facts = parts_.facts();
  facts.est_time = parts_.journal.typical_time(offer);
  facts.cached = model.missing.empty();
  facts.download = model.missing_size;
  facts.usage = &parts_.journal.usage();
  auto decided = co_await parts_.policy.decide(offer, facts);
  // A pause may have begun while a hook was asked.
  if (decided.accepted) decision = parts_.rules.decide(offer.id, parts_.clock.now());
  co_return decision.accepted ? std::move(decided) : std::move(decision);
}

admission::Lease JobPipeline::admit(const job::Offer& offer, const std::string& hash, job::Decision& decision) {
  if (!decision.accepted) return {};
  auto reserved = parts_.ledger.reserve(offer.id, job::vram_bytes(offer));
  const auto refuse = [&](job::RejectCode code, std::string reason, std::string rule) {
    decision.accepted = false;
    decision.code = code;
    decision.reason = std::move(reason);
    decision.rule = std::move(rule);
    return admission::Lease();
  };
  if (auto* refusal = std::get_if<admission::Refusal>(&reserved)) {
    return refuse(refusal->code, std::move(refusal->reason), std::move(refusal->rule));
  }
  if (const auto written = parts_.journal.accepted(offer, hash, parts_.clock.wall_now()); !written) {
    base::log::error("history", "a job was not accepted because it could not be written down",
                     {{"job", offer.id}, {"why", written.error().message}});
    return refuse(job::RejectCode::kPaused, disk_failure(written.error()).message, "journal");
  }
  return std::get<admission::Lease>(std::move(reserved));
}

base::Status JobPipeline::accept(const ActiveJob& active, studio::SessionNumber session) {
  for (unsigned answer = 0; answer < active.offers; ++answer) CHECK_OK(parts_.link.accept(active.id, session));
  return {};
}

void JobPipeline::decline(const job::Offer& offer, const ActiveJob& active, studio::SessionNumber session,
                          const job::Decision& decision) {
  base::Status sent;
  for (unsigned answer = 0; answer < active.offers; ++answer) {
    sent = parts_.link.reject(offer.id, session, decision.code, decision.reason);
  }
  if (decision.code == job::RejectCode::kNone) {
    parts_.rules.hold_back(offer.id, "declined a moment ago", parts_.clock.now());
  }
  ++counters_.declined;
  report_verdict(offer, decision, parts_.clock.now() - active.since);
  if (!sent) {
    parts_.link.note(Level::kError, "reject send failed for offer " + offer.id.str() + ": " + sent.error().message,
                     studio::about(offer));
  }
}

void JobPipeline::report_verdict(const job::Offer& offer, const job::Decision& decision, base::Duration took) {
  parts_.link.note(Level::kInfo,
                   "offer received " + offer.id.str() + " game=" + offer.game.str() + " asset=" + offer.asset +
                       " model=" + offer.model.str() + " vram=" + shortest(offer.vram_gb),
                   studio::about(offer));
  if (!decision.accepted) {
    parts_.link.note(Level::kInfo, "rejecting offer " + offer.id.str() + ": " + decision.reason, studio::about(offer));
  }
  base::log::info("policy", decision.accepted ? "accepted" : "declined",
                  {{"job", offer.id},
                   {"game", offer.game},
                   {"kind", job::to_string(offer.kind)},
                   {"rule", decision.rule},
                   {"reason", decision.reason},
                   {"generation", decision.generation}});
  verdicts_.push_back({parts_.clock.wall_now(), offer.id, offer.game, offer.kind, decision.accepted,
                       std::string(job::to_string(decision.code)), decision.reason, decision.rule, decision.generation,
                       took});
  if (verdicts_.size() > kRememberedVerdicts) verdicts_.pop_front();
  parts_.decided(verdicts_.back());
}

asio::awaitable<std::variant<engine::RunRequest, job::Failure>> JobPipeline::prepare(const job::Offer& offer,
                                                                                     const job::Plan& plan) {
  if (auto objection = parts_.inputs.objection(offer)) co_return std::move(*objection);
  const engine::Manifest* manifest = parts_.engines.manifest(offer.source.engine, offer.kind);
  if (manifest == nullptr) co_return job::Failure{job::FailureClass::kUnsupported, "the engine was removed"};
  auto model = co_await parts_.inputs.find_files(offer, manifest->fetch_files);
  if (!model.missing.empty()) {
    co_return job::Failure{job::FailureClass::kModelMissing, "model file " + model.missing.front() + " of `" +
                                                                 offer.model.str() + "` is not on this worker"};
  }
  engine::RunRequest request;
  auto inputs = wanted_inputs(offer.inputs, manifest->inputs);
  // A small JSON result goes into the journal, so a job without any file leaves no trace on the disk.
  if (!job::is_json_kind(offer.kind) || !inputs.empty()) {
    auto folder = parts_.journal.make_job_folder(offer.id);
    if (!folder) co_return disk_failure(folder.error());
    request.out_dir = std::move(*folder);
  }
  auto fetched = co_await parts_.inputs.fetch(std::move(inputs), request.out_dir);
  if (auto* failure = std::get_if<job::Failure>(&fetched)) co_return std::move(*failure);
  request.job = offer.id;
  request.game = offer.game;
  request.kind = offer.kind;
  request.model = offer.model;
  request.engine = offer.source.engine;
  request.defaults = offer.source.defaults;
  request.files = std::move(model.files);
  request.inputs = std::get<std::vector<engine::RunInput>>(std::move(fetched));
  request.max_time = plan.max_time;
  co_return request;
}

asio::awaitable<std::variant<job::Artifacts, job::Failure>> JobPipeline::execute(const job::Offer& offer,
                                                                                 engine::RunRequest request,
                                                                                 ActiveJob& active) {
  parts_.jobs.enter(active, JobStage::kRunning);
  const auto began = parts_.clock.now();
  std::function<void(const engine::Progress&)> report = [&active](const engine::Progress& step) {
    active.progress = step;
  };
  // A cancellation ends the engine inside `run`, which then returns; the awaits after it hand the job back.
  co_await asio::this_coro::throw_if_cancelled(false);
  auto outcome = co_await parts_.engines.run(std::move(request), std::move(report));
  active.ran = parts_.clock.now() - began;
  const auto* failure = std::get_if<job::Failure>(&outcome);
  if (failure == nullptr) {
    parts_.link.note(
        Level::kInfo,
        std::string(job::to_string(offer.kind)) + " dispatched in " + short_duration(parts_.clock.now() - began),
        studio::about(offer));
  } else if (failure->failure == job::FailureClass::kCancelled && !active.cancel_reason.empty()) {
    co_return job::Failure{job::FailureClass::kCancelled, active.cancel_reason};
  }
  co_return outcome;
}

asio::awaitable<void> JobPipeline::fail(ActiveJob& active, job::Failure failure) {
  co_await asio::this_coro::throw_if_cancelled(false);
  active.failing = true;
  parts_.link.note(Level::kError, "dispatch failed: " + failure.message, studio::about(active));
  const bool handed_back =
      failure.failure == job::FailureClass::kCancelled || failure.failure == job::FailureClass::kPreempted;
  // Without a claim of ours the studio has requeued the job already, and a fail frame would be a violation.
  if (active.session != 0 && active.session == parts_.link.session()) {
    const bool retryable = job::is_retryable(failure.failure);
    const auto sent = parts_.link.fail(active.id, active.session, failure.message, retryable);
    if (sent) {
      auto ack = parts_.link.acknowledged(active.id, active.session);
      auto bounded = base::with_timeout(parts_.clock, kFailAckLimit, "no failAck", std::move(ack));
      static_cast<void>(co_await std::move(bounded));
    } else {
      parts_.link.note(Level::kError,
                       "failed to notify studio of job " + active.id.str() + " failure: " + sent.error().message,
                       studio::about(active));
    }
  }
  close(active, handed_back ? job::Outcome::kHandedBack : job::Outcome::kFailed, failure.message, 0);
}

asio::awaitable<void> JobPipeline::finish(ActiveJob& active, Delivered delivered) {
  if (auto* failure = std::get_if<job::Failure>(&delivered)) {
    co_await fail(active, std::move(*failure));
    co_return;
  }
  // The studio's next offer often stands right behind the receipt, and it waits for an answer: this job's records and
  // the word that it is gone do not.
  active.delivered = true;
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await base::give_way(kRoundsForAnOffer);
  close(active, job::Outcome::kDelivered, "", std::get<job::Receipt>(delivered).bytes);
}

void JobPipeline::close(const ActiveJob& active, job::Outcome outcome, std::string detail, base::Bytes bytes) {
  switch (outcome) {
    case job::Outcome::kDelivered:
      ++counters_.delivered;
      parts_.rules.hold_back(active.id, std::string(kJustDelivered), parts_.clock.now());
      break;
    case job::Outcome::kFailed:
      ++counters_.failed;
      break;
    case job::Outcome::kHandedBack:
      ++counters_.handed_back;
      break;
    case job::Outcome::kSuperseded:
      ++counters_.superseded;
      break;
  }
  job::Record record{active.id, active.game, active.kind, outcome, std::move(detail), bytes};
  record.ran = active.ran;
  record.total = parts_.clock.now() - active.since;
  if (const auto closed = parts_.journal.closed(record); !closed) {
    base::log::error("history", "a finished job could not be written down",
                     {{"job", active.id}, {"why", closed.error().message}});
  }
}

}  // namespace worker
