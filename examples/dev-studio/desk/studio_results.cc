// How results come in: the upload route's decisions, and what a delivery changes.

#include <algorithm>

#include "base/log.h"
#include "desk/studio.h"

namespace desk {
namespace {

Answer stored() {
  return json_answer(200, {{"ok", true}});
}

/// Only what can be a plain file name; everything else the worker wrote is reported and kept as .bin.
std::string safe_ext(std::string_view ext) {
  const bool plain = !ext.empty() && ext.size() <= 8 && std::all_of(ext.begin(), ext.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return plain ? std::string(ext) : "bin";
}

}  // namespace

bool Studio::claimed_by(const Job& job, const std::string& worker) {
  if (job.state != JobState::kOffered && job.state != JobState::kAccepted) return false;
  const Session* session = find(job.holder);
  return session != nullptr && session->worker == worker;
}

/// A second delivery is fine where the studio itself made a second offer of the job.
bool Studio::tolerated_repeat(Session& session, JobIndex index) {
  const auto owed = session.owed.find(index);
  if (owed == session.owed.end() || !book_.at(index).result) return false;
  if (owed->second.deliveries > 0) {
    --owed->second.deliveries;
    return true;
  }
  return owed->second.answers > 0 && book_.at(index).offers > 1;
}

UploadPlan Studio::begin_upload(const std::string& worker, const std::string& job_id, base::SteadyTime now) {
  ++uploads_;
  record_.count("uploads");
  UploadPlan plan;
  plan.cut = faults_.cut_upload.contains(uploads_);
  const auto index = book_.find(job_id);
  if (uploads_ <= faults_.upload_503) {
    plan.answer = error_answer(503, "the scenario is out of order");
  } else if (uploads_ <= faults_.upload_html) {
    if (index && claimed_by(book_.at(*index), worker)) book_.at(*index).portal_answered = true;
    plan.answer = {
        .status = 200, .body = "<html><body>Log in to the harbour network</body></html>", .content_type = "text/html"};
  } else if (!index) {
    plan.answer = error_answer(404, "no such job");
  } else if (!claimed_by(book_.at(*index), worker)) {
    plan.answer = refuse_upload(book_.at(*index), *index, worker, now);
  } else {
    plan.store = true;
  }
  return plan;
}

Answer Studio::refuse_upload(const Job& job, JobIndex index, const std::string& worker, base::SteadyTime now) {
  Session* session = live_session_of(worker);
  record_.count("uploads_refused");
  const bool again = job.result && session != nullptr && job.done_by == session->id;
  if (again && !tolerated_repeat(*session, index)) {
    record_.violation("duplicate-delivery", "uploaded again after it was stored", "", job.id, now);
  }
  return error_answer(409, "conflict");
}

void Studio::check_prompt(const Job& job, std::string_view prompt, std::string_view frame, base::SteadyTime now) {
  if (prompt == job.claim.prompt) return;
  record_.violation("prompt",
                    "the prompt has " + std::to_string(prompt.size()) + " bytes and differs from the task's " +
                        std::to_string(job.claim.prompt.size()),
                    frame, job.id, now);
}

UploadEnd Studio::end_upload(const std::string& worker, const std::string& job_id, delivery::CompleteForm& form,
                             bool whole, base::SteadyTime now) {
  const auto index = book_.find(job_id);
  if (!index || !claimed_by(book_.at(*index), worker)) {
    const Answer refused =
        index ? refuse_upload(book_.at(*index), *index, worker, now) : error_answer(404, "no such job");
    return {refused, {}};
  }
  Job& job = book_.at(*index);
  const std::string frame =
      "POST complete, ext " + form.file().ext + ", " + std::to_string(form.file().size) + " bytes";
  wire::Problems problems;
  form.finish(job.id, problems);
  if (!whole || !form.has_file()) {
    problems.push_back({"upload-form", whole ? "the form has no image part" : "the form does not end"});
    record_.violations(problems, frame, job.id, now);
    return {error_answer(400, problems.back().detail), {}};
  }
  if (scenario::has_json_result(job.entry->kind)) {
    problems.push_back({"delivery-route", "an upload for a kind with a JSON result"});
  } else {
    delivery::check_file(job.entry->kind, job.claim.ext, form.file(), problems);
  }
  record_.violations(problems, frame, job.id, now);
  check_prompt(job, form.prompt(), frame, now);
  const std::string name = job.id + "." + safe_ext(form.file().ext);
  deliver(*index, StoredResult{options_.keeps_files ? name : "", form.file().size, form.sha256(), form.file().ext},
          frame, now);
  after(now);
  return {stored(), name};
}

void Studio::deliver(JobIndex index, StoredResult result, std::string_view frame, base::SteadyTime now) {
  Job& job = book_.at(index);
  ++job.deliveries;
  record_.count("delivered");
  last_done_ = now;
  if (Session* session = find(job.holder)) {
    job.done_by = session->id;
    session->held.reset();
  }
  if (job.result && job.result->sha256 != result.sha256) {
    record_.violation("changed-result", "the second delivery has other bytes than the first", frame, job.id, now);
  }
  const bool first = !job.result;
  job.result = std::move(result);
  if (first) job.done_us = static_cast<double>((now - job.offered_at).count()) / 1e3;
  end_job(index, scenario::Outcome::kDone, now);
  if (!first) return;
  ++done_;
  if (faults_.reoffer_done.contains(done_)) book_.reopen(index);
}

}  // namespace desk
