#include "server/routes.h"

#include <charconv>

#include "desk/report.h"
#include "scenario/read.h"
#include "wire/picture.h"

namespace server {
namespace {

namespace json = boost::json;
using desk::Answer;

constexpr std::string_view kPrefix = "/graphics/api/workers/";
constexpr std::string_view kInputs = "/job-input/";

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return plain;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    parts.push_back(decode(path.substr(0, slash)));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

Answer input(std::string_view path) {
  if (path.ends_with(".png")) return {.status = 200, .body = wire::make_png(path), .content_type = "image/png"};
  if (path.ends_with(".wav")) return {.status = 200, .body = wire::make_wav(), .content_type = "audio/wav"};
  if (path.ends_with(".gguf")) {
    return {.status = 200, .body = "no real weights", .content_type = "application/octet-stream"};
  }
  return desk::error_answer(404, "no such input");
}

Answer registration(desk::Studio& studio, const Request& request, base::SteadyTime now) {
  const std::vector<std::string> parts = split(std::string_view(request.path).substr(kPrefix.size()));
  desk::Registry& registry = studio.registry();
  if (request.method == "POST" && parts.size() == 1 && parts[0] == "register-request") {
    return registry.request(request.body, request.source, now);
  }
  if (request.method == "GET" && parts.size() == 2 && parts[0] == "register-requests") {
    return registry.poll(parts[1], request.bearer, request.source, now);
  }
  if (request.method == "GET" && parts.size() == 1 && parts[0] == "pending") {
    json::array ids;
    for (const std::string& id : registry.pending()) ids.emplace_back(id);
    return desk::json_answer(200, {{"pending", std::move(ids)}});
  }
  if (request.method != "POST" || parts.size() != 3 || parts[0] != "pending")
    return desk::error_answer(404, "not found");
  bool known = false;
  if (parts[2] == "approve") {
    known = registry.approve(parts[1]);
  } else if (parts[2] == "reject") {
    boost::system::error_code error;
    const json::value body = json::parse(request.body, error);
    const json::value* reason = !error && body.is_object() ? body.get_object().if_contains("reason") : nullptr;
    known =
        registry.reject(parts[1], reason != nullptr && reason->is_string() ? std::string(reason->get_string()) : "");
  }
  return known ? desk::json_answer(200, {{"ok", true}}) : desk::error_answer(404, "no such pending request");
}

Answer add_jobs(desk::Studio& studio, const Request& request, base::SteadyTime now) {
  boost::system::error_code error;
  const json::value body = json::parse(request.body, error);
  if (error || !body.is_array()) return desk::error_answer(400, "the body must be a JSON list of jobs");
  const auto entries = scenario::read_entries(body.get_array(), "jobs");
  if (!entries) return desk::error_answer(400, entries.error().path + " " + entries.error().message);
  json::array ids;
  for (const std::string& id : studio.add_jobs(*entries, now)) ids.emplace_back(id);
  return desk::json_answer(200, {{"ids", std::move(ids)}});
}

Answer control(desk::Studio& studio, const Request& request, base::SteadyTime now) {
  const std::string_view what = std::string_view(request.path).substr(5);
  const Answer ok = desk::json_answer(200, {{"ok", true}});
  const auto parameter = [&](std::string_view name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
  };
  if (what == "report" && request.method == "GET") return desk::json_answer(200, desk::make_report(studio, now));
  if (request.method != "POST") return desk::error_answer(404, "not found");
  if (what == "jobs") return add_jobs(studio, request, now);
  if (what == "finish") return studio.finish_when_settled(now), ok;
  if (what == "drop") return studio.drop_all(now), ok;
  if (what == "silence") return studio.silence_all(), ok;
  if (what == "delete") {
    const std::string worker = parameter("worker");
    return studio.delete_worker(worker, now) ? ok : desk::error_answer(404, "there is no worker \"" + worker + "\"");
  }
  if (what == "close") {
    const auto code = parse_count(parameter("code"));
    if (!code || *code < 1000 || *code > 4999) return desk::error_answer(400, "code must be from 1000 to 4999");
    return studio.close_all(static_cast<std::uint16_t>(*code), now), ok;
  }
  return desk::error_answer(404, "not found");
}

}  // namespace

void split_target(std::string_view target, Request& request) {
  const std::size_t mark = target.find('?');
  request.path = std::string(target.substr(0, mark));
  if (mark == std::string_view::npos) return;
  std::string_view query = target.substr(mark + 1);
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const std::size_t equals = item.find('=');
    request.query[decode(item.substr(0, equals))] =
        equals == std::string_view::npos ? std::string() : decode(item.substr(equals + 1));
  }
}

std::optional<WorkerRoute> worker_route(std::string_view path) {
  if (!path.starts_with(kPrefix)) return std::nullopt;
  const std::vector<std::string> parts = split(path.substr(kPrefix.size()));
  if (parts.size() == 2 && parts[1] == "connect") return WorkerRoute{parts[0], {}};
  if (parts.size() == 4 && parts[1] == "jobs" && parts[3] == "complete") return WorkerRoute{parts[0], parts[2]};
  return std::nullopt;
}

std::optional<Wait> parse_wait(const Request& request) {
  Wait wait;
  for (const auto& [name, text] : request.query) {
    const auto value = parse_count(text);
    if (!value) return std::nullopt;
    if (name == "timeout_ms")
      wait.timeout_ms = std::min<std::uint64_t>(*value, 3'600'000);
    else
      wait.conditions[name] = *value;
  }
  return wait;
}

desk::Answer answer(desk::Studio& studio, const Request& request, base::SteadyTime now) {
  const std::string_view path = request.path;
  if (path.starts_with(kPrefix)) return registration(studio, request, now);
  if (path.starts_with("/dev/")) return control(studio, request, now);
  if (path.starts_with(kInputs) && request.method == "GET") {
    studio.record().count("inputs");
    return input(path);
  }
  return desk::error_answer(404, "not found");
}

}  // namespace server
