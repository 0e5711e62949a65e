#include "scenario/read.h"

#include <charconv>

namespace scenario {
namespace {

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_expect(Fields& fields, Entry& entry) {
  const auto names = fields.texts("expect");
  if (!names) {
    entry.expect = {Outcome::kDone, Outcome::kDeclined};
    return;
  }
  for (const std::string& name : *names) {
    if (name == "any") continue;
    const auto outcome = parse_outcome(name);
    if (!outcome) return fields.fail("expect", "knows done, declined, failed, unserved, unanswered and any");
    entry.expect.push_back(*outcome);
  }
}

Read<Entry> read_entry(const json::object& object, const std::string& path) {
  Fields fields(object, path);
  Entry entry;
  std::string kind;
  fields.text("kind", kind);
  const auto known = parse_kind(kind);
  if (!known) fields.fail("kind", "must be image, llm, audio_stt, audio_tts, video or mesh");
  entry.kind = known.value_or(Kind::kImage);
  // A limit that a slip of the finger meets before the memory does.
  fields.count("count", entry.count, 1'000'000);
  fields.text("game", entry.game);
  fields.text("asset", entry.asset);
  fields.text("model", entry.model);
  fields.text("engine", entry.engine);
  fields.number("vram_gb", entry.vram_gb);
  fields.text("prompt", entry.prompt);
  fields.flag("unique_prompts", entry.unique_prompts);
  fields.count("prompt_bytes", entry.prompt_bytes, 60'000'000);
  fields.count("images", entry.images, 64);
  fields.object("task", entry.task);
  fields.object("model_source", entry.model_source);
  fields.text("raw_claim", entry.raw_claim);
  read_expect(fields, entry);
  if (entry.model.empty()) {
    constexpr std::string_view kAudio = "audio_";
    const std::string_view name = to_string(entry.kind);
    entry.model = "synthetic-" + std::string(name.starts_with(kAudio) ? name.substr(kAudio.size()) : name);
  }
  if (auto error = fields.finish()) return tl::unexpected(std::move(*error));
  return entry;
}

void read_codes(Fields& fields, std::string_view key, std::vector<CodeAt>& codes) {
  const auto texts = fields.texts(key);
  if (!texts) return;
  codes.clear();
  for (const std::string& text : *texts) {
    const auto code = parse_code_at(text);
    if (!code) return fields.fail(key, "must look like CODE@N, for example 4003@2");
    codes.push_back(*code);
  }
}

void read_garbage_kinds(Fields& fields, Faults& faults) {
  const auto names = fields.texts("garbage_kinds");
  if (!names) return;
  faults.garbage_kinds.clear();
  for (const std::string& name : *names) {
    const auto kind = parse_garbage(name);
    if (!kind) {
      return fields.fail("garbage_kinds",
                         "knows cut-json, array, unknown-type, missing-key, unknown-enum, deep, empty and binary");
    }
    faults.garbage_kinds.push_back(*kind);
  }
}

Read<Faults> read_faults(const json::object& object) {
  Fields fields(object, "faults");
  Faults faults;
  fields.positions("drop_mid_job", faults.drop_mid_job);
  fields.count("upload_503", faults.upload_503);
  fields.count("upload_html", faults.upload_html);
  fields.positions("cut_upload", faults.cut_upload);
  double silent_after = 0;
  fields.number("go_silent_after", silent_after);
  if (fields.has("go_silent_after")) faults.go_silent_after_s = silent_after;
  fields.positions("go_silent_job", faults.go_silent_job);
  fields.positions("garbage", faults.garbage);
  read_garbage_kinds(fields, faults);
  read_codes(fields, "close_with", faults.close_with);
  fields.flag("bare_close", faults.bare_close);
  fields.positions("offer_twice", faults.offer_twice);
  fields.positions("reoffer_done", faults.reoffer_done);
  fields.positions("no_json_ack", faults.no_json_ack);
  read_codes(fields, "upgrade_status", faults.upgrade_status);
  std::string registration = "approve";
  fields.text("register", registration);
  const auto parsed = parse_registration(registration);
  if (!parsed)
    fields.fail("register", "must be approve, pending[:POLLS], reject[:N], 404[:N], 401[:N] or 429[:SECONDS]");
  faults.registration = parsed.value_or(Registration{});
  fields.flag("rate_limit", faults.rate_limit);
  if (auto error = fields.finish()) return tl::unexpected(std::move(*error));
  return faults;
}

Read<Settings> read_settings(const json::object& object) {
  Fields fields(object, "studio");
  Settings settings;
  fields.number("heartbeat_timeout_s", settings.heartbeat_timeout_s);
  fields.count("max_attempts", settings.max_attempts);
  fields.count("max_soft_declines", settings.max_soft_declines);
  fields.count("reoffer_busy_ms", settings.reoffer_busy_ms, 3'600'000);
  fields.flag("offer_others_after_soft_decline", settings.offer_others_after_soft_decline);
  fields.number("pace_per_second", settings.pace_per_second);
  std::string order = "round-robin";
  fields.text("order", order);
  if (order != "round-robin" && order != "sequence") fields.fail("order", "must be round-robin or sequence");
  settings.order = order == "sequence" ? Order::kSequence : Order::kRoundRobin;
  fields.count("linger_ms", settings.linger_ms, 3'600'000);
  fields.text("job_prefix", settings.job_prefix);
  fields.text("worker_id", settings.worker_id);
  fields.text("auth_token", settings.auth_token);
  if (settings.worker_id.empty() != settings.auth_token.empty()) {
    fields.fail(settings.worker_id.empty() ? "auth_token" : "worker_id", "needs worker_id and auth_token together");
  }
  if (settings.max_attempts == 0) fields.fail("max_attempts", "must be at least 1");
  if (auto error = fields.finish()) return tl::unexpected(std::move(*error));
  return settings;
}

}  // namespace

std::optional<Registration> parse_registration(std::string_view text) {
  using Mode = Registration::Mode;
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  Registration registration;
  if (colon != std::string_view::npos) {
    registration.count = parse_count(text.substr(colon + 1));
    if (!registration.count) return std::nullopt;
  }
  if (word == "approve")
    registration.mode = Mode::kApprove;
  else if (word == "pending")
    registration.mode = Mode::kPending;
  else if (word == "reject")
    registration.mode = Mode::kReject;
  else if (word == "404")
    registration.mode = Mode::kNotFound;
  else if (word == "401")
    registration.mode = Mode::kUnauthorized;
  else if (word == "429")
    registration.mode = Mode::kRateLimited;
  else
    return std::nullopt;
  const bool once = registration.mode == Mode::kNotFound || registration.mode == Mode::kUnauthorized;
  if (once && !registration.count) registration.count = 1;
  return registration;
}

std::optional<CodeAt> parse_code_at(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto code = parse_count(text.substr(0, at));
  const auto position = parse_count(text.substr(at + 1));
  if (!code || !position || *code < 100 || *code > 4999 || *position == 0) return std::nullopt;
  return CodeAt{static_cast<std::uint16_t>(*code), *position};
}

Read<std::vector<Entry>> read_entries(const json::array& list, const std::string& path) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = path + "[" + std::to_string(i) + "]";
    const json::object* object = list[i].if_object();
    if (object == nullptr) return tl::unexpected(FieldError{place, "must be a table"});
    auto entry = read_entry(*object, place);
    if (!entry) return tl::unexpected(std::move(entry.error()));
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Read<Scenario> read_scenario(const json::object& document) {
  Fields fields(document, "");
  json::object studio;
  json::object faults;
  fields.object("studio", studio);
  fields.object("faults", faults);
  json::array jobs;
  fields.list("jobs", jobs);
  if (auto error = fields.finish()) return tl::unexpected(std::move(*error));
  Scenario scenario;
  auto settings = read_settings(studio);
  if (!settings) return tl::unexpected(std::move(settings.error()));
  auto entries = read_entries(jobs, "jobs");
  if (!entries) return tl::unexpected(std::move(entries.error()));
  auto played = read_faults(faults);
  if (!played) return tl::unexpected(std::move(played.error()));
  scenario.studio = std::move(*settings);
  scenario.jobs = std::move(*entries);
  scenario.faults = std::move(*played);
  return scenario;
}

}  // namespace scenario
