#pragma once
// Drives the studio's machine without sockets: a clock turned by hand, frames as text, actions collected per session.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "desk/report.h"
#include "desk/studio.h"
#include "scenario/read.h"
#include "wire/picture.h"
#include "worker_frames.h"

namespace fakes {

class Desk {
 public:
  /// `document` is a scenario as JSON; worker w-1 with the token "tide" is known.
  explicit Desk(const std::string& document, desk::RunOptions options = {}) {
    boost::json::object root = boost::json::parse(document).as_object();
    boost::json::object& settings = root.emplace("studio", boost::json::object{}).first->value().as_object();
    settings.emplace("worker_id", "w-1");
    settings.emplace("auth_token", "tide");
    settings.emplace("job_prefix", "job");
    settings.emplace("linger_ms", 0);
    auto scenario = scenario::read_scenario(root);
    STUDIO_ASSERT(scenario.has_value());
    studio_.emplace(std::move(*scenario), "http://127.0.0.1:4000", options, now);
  }

  desk::Studio& operator*() { return *studio_; }
  desk::Studio* operator->() { return &*studio_; }

  void collect() {
    for (desk::Action& action : studio_->take_actions()) {
      if (auto* send = std::get_if<desk::Send>(&action)) {
        if (send->offer) studio_->offer_leaves(*send->offer, now);
        sent[send->session].push_back(send->text);
      } else if (auto* close = std::get_if<desk::Close>(&action)) {
        closed[close->session] = close->code;
      } else if (auto* drop = std::get_if<desk::Drop>(&action)) {
        closed[drop->session] = kDropped;
      } else if (auto* silence = std::get_if<desk::Silence>(&action)) {
        closed[silence->session] = kSilent;
      } else if (auto* store = std::get_if<desk::Store>(&action)) {
        stored[store->name] = store->text;
      }
    }
  }

  void say(desk::SessionId session, const std::string& text) {
    studio_->on_text(session, text, now);
    collect();
  }

  /// A session that is welcomed; without its first heartbeat it gets no offers.
  desk::SessionId welcome(const std::string& worker = "w-1", const std::string& token = "tide") {
    const desk::SessionId session = studio_->connect(worker, now);
    collect();
    say(session, hello(token));
    return session;
  }

  /// A session that is ready for offers.
  desk::SessionId arrive() {
    const desk::SessionId session = welcome();
    say(session, heartbeat());
    return session;
  }

  void lose(desk::SessionId session) {
    studio_->on_closed(session, std::nullopt, now);
    collect();
  }

  /// Time passes in one step; heartbeats are the test's business.
  void pass(std::chrono::milliseconds time) {
    now += time;
    studio_->on_time(now);
    collect();
  }

  /// The next heartbeat of a worker that keeps its rhythm.
  void beat(desk::SessionId session, const std::string& current_job = "") {
    pass(std::chrono::seconds(5));
    say(session, heartbeat(current_job));
  }

  std::string last(desk::SessionId session) { return sent[session].empty() ? "" : sent[session].back(); }

  std::vector<std::string> offers(desk::SessionId session) {
    std::vector<std::string> ids;
    for (const std::string& text : sent[session]) {
      boost::system::error_code error;
      const boost::json::value frame = boost::json::parse(text, error);
      if (error || !frame.is_object() || frame.at("type").as_string() != "offer") continue;
      ids.emplace_back(frame.at("claim").at("jobId").as_string());
    }
    return ids;
  }

  /// The whole upload of a job: begin, form, end. Returns the HTTP status.
  unsigned upload(const std::string& job, const std::string& prompt, const std::string& ext = "png",
                  const std::string& bytes = wire::make_png("a")) {
    desk::UploadPlan plan = studio_->begin_upload("w-1", job, now);
    collect();
    if (!plan.store) return plan.answer.status;
    delivery::CompleteForm form([](std::string_view) {});
    feed_part(form, {"prompt", "", ""}, prompt);
    feed_part(form, {"ext", "", ""}, ext);
    feed_part(form, {"image", job + "." + ext, std::string(delivery::mime_of(ext))}, bytes);
    const desk::UploadEnd end = studio_->end_upload("w-1", job, form, true, now);
    collect();
    return end.answer.status;
  }

  std::vector<std::string> rules() const {
    std::vector<std::string> rules;
    for (const desk::Violation& violation : studio_->record().all_violations()) rules.push_back(violation.rule);
    return rules;
  }

  std::string outcome(const std::string& job) const {
    return std::string(scenario::to_string(studio_->book().all()[*studio_->book().find(job)].outcome));
  }
  const desk::Job& job(const std::string& id) const { return studio_->book().all()[*studio_->book().find(id)]; }

  static constexpr int kDropped = -1;
  static constexpr int kSilent = -2;
  base::SteadyTime now{std::chrono::seconds(1000)};
  std::map<desk::SessionId, std::vector<std::string>> sent;
  std::map<desk::SessionId, int> closed;
  std::map<std::string, std::string> stored;

 private:
  static void feed_part(delivery::CompleteForm& form, const delivery::PartHead& head, const std::string& bytes) {
    form.on_part(head);
    form.on_bytes(bytes);
    form.on_part_end();
  }

  std::optional<desk::Studio> studio_;
};

}  // namespace fakes
