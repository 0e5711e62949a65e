#pragma once
// The studio as a pure machine: events and the time go in, actions come out. No socket, no clock, no file. Thread: one.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/complete_form.h"
#include "desk/answer.h"
#include "desk/job_book.h"
#include "desk/record.h"
#include "desk/registry.h"
#include "desk/session.h"
#include "wire/frame.h"

namespace desk {

struct RunOptions {
  bool stay = false;              // the end of the jobs is not the end of the run
  bool keeps_files = false;       // there is a folder for results
  std::optional<double> seconds;  // the run's limit
};

enum class RunState : std::uint8_t { kRunning, kFinished, kOutOfTime };

class Studio {
 public:
  /// `base_url` is where workers reach this studio; inputs of jobs are served there.
  Studio(scenario::Scenario scenario, std::string base_url, RunOptions options, base::SteadyTime start);
  Studio(const Studio&) = delete;
  Studio& operator=(const Studio&) = delete;

  Registry& registry() { return registry_; }
  Record& record() { return record_; }
  const Record& record() const { return record_; }
  const JobBook& book() const { return book_; }
  const std::vector<double>& answer_latencies() const { return answers_us_; }
  double jobs_per_second() const;

  /// Call once for every upgrade request. A status: answer with it instead of opening a session.
  std::optional<unsigned> refuse_upgrade();
  SessionId connect(const std::string& worker, base::SteadyTime now);
  void on_text(SessionId session, std::string_view text, base::SteadyTime now);
  void on_binary(SessionId session, std::size_t size, base::SteadyTime now);
  /// `code` is the worker's close code, absent when the connection just ended.
  void on_closed(SessionId session, std::optional<std::uint16_t> code, base::SteadyTime now);
  /// The shell is about to write this job's offer.
  void offer_leaves(JobIndex job, base::SteadyTime now);

  UploadPlan begin_upload(const std::string& worker, const std::string& job, base::SteadyTime now);
  UploadEnd end_upload(const std::string& worker, const std::string& job, delivery::CompleteForm& form, bool whole,
                       base::SteadyTime now);

  std::vector<std::string> add_jobs(const std::vector<scenario::Entry>& entries, base::SteadyTime now);
  void finish_when_settled(base::SteadyTime now);
  void drop_all(base::SteadyTime now);
  void close_all(std::uint16_t code, base::SteadyTime now);
  void silence_all();
  /// False: there is no such worker.
  bool delete_worker(const std::string& worker, base::SteadyTime now);

  void on_time(base::SteadyTime now);
  base::SteadyTime next_wake() const;
  RunState run_state() const { return run_state_; }
  /// Sessions that got their welcome and are still there.
  std::size_t welcomed() const;
  /// One row a session, those that still live at the end.
  json::array session_rows(base::SteadyTime now) const;
  std::vector<Action> take_actions() { return std::exchange(actions_, {}); }

 private:
  struct FrameContext;

  // Sessions (studio.cc)
  Session* find(SessionId id);
  Session* live_session_of(const std::string& worker);
  void shut(Session& session, std::uint16_t code, const std::string& reason, base::SteadyTime now);
  void cut(Session& session, base::SteadyTime now);
  void silence(Session& session);
  void sweep(base::SteadyTime now);
  void after(base::SteadyTime now);
  void send(Session& session, std::string name, std::string text);

  // Frames (studio_frames.cc)
  void breach(const FrameContext& context, std::string_view rule, const std::string& detail);
  void on_hello(const FrameContext& context);
  void on_heartbeat(const FrameContext& context);
  void on_accept(const FrameContext& context);
  void on_reject(const FrameContext& context);
  void decline(const FrameContext& context, JobIndex index, const std::string& code, bool soft);
  void on_complete_json(const FrameContext& context);
  void on_fail(const FrameContext& context);
  void act(const FrameContext& context);
  void play_accept_faults(Session& session, base::SteadyTime now);

  // Offers and the end of jobs (studio_offers.cc)
  void dispatch(base::SteadyTime now);
  void offer(Session& session, JobIndex index, base::SteadyTime now);
  std::optional<JobIndex> pick(const Session& session);
  void note_idle(Session& session, base::SteadyTime now);
  void note_idle_with_claim(Session& session, base::SteadyTime now);
  void wake_resting(Session& session);
  void settle_if_hopeless(JobIndex index, base::SteadyTime now);
  void release(Session& session, const std::string& why, base::SteadyTime now);
  void end_job(JobIndex index, scenario::Outcome outcome, base::SteadyTime now);
  void answered(Job& job, base::SteadyTime now);

  // Results (studio_results.cc)
  bool claimed_by(const Job& job, const std::string& worker);
  Answer refuse_upload(const Job& job, JobIndex index, const std::string& worker, base::SteadyTime now);
  bool tolerated_repeat(Session& session, JobIndex index);
  void check_prompt(const Job& job, std::string_view prompt, std::string_view frame, base::SteadyTime now);
  void deliver(JobIndex index, StoredResult result, std::string_view frame, base::SteadyTime now);

  scenario::Settings settings_;
  scenario::Faults faults_;
  std::string base_url_;
  RunOptions options_;
  base::SteadyTime start_;
  Record record_;
  Registry registry_;
  JobBook book_;
  std::map<SessionId, Session> sessions_;
  std::vector<Action> actions_;
  std::vector<double> answers_us_;
  std::vector<std::pair<base::SteadyTime, SessionId>> deferred_drops_;
  SessionId next_session_ = 1;
  std::uint64_t upgrades_ = 0, offers_ = 0, accepts_ = 0, uploads_ = 0, json_results_ = 0, done_ = 0;
  std::optional<base::SteadyTime> first_offer_, last_done_, finish_at_, silence_at_;
  std::optional<base::SteadyTime> next_offer_;  // the pacing grid's next line
  std::optional<base::SteadyTime> paced_wake_;  // set while a job waits for that line
  base::SteadyTime next_sweep_;
  bool finish_asked_ = false;
  RunState run_state_ = RunState::kRunning;
};

}  // namespace desk
