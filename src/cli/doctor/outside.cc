// The checks that ask somebody: the studio, and the worker that runs.

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "base/async/task_group.h"
#include "base/clock.h"
#include "cli/doctor/doctor.h"
#include "cli/text.h"
#include "control/client.h"
#include "net/http_client.h"
#include "process/child_process.h"
#include "studio/urls.h"

namespace cli::doctor {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr base::Duration kLimit = std::chrono::seconds(10);

asio::awaitable<void> ask(net::HttpClient& http, std::string url,
                          std::optional<base::Result<net::HttpResponse>>& answer) {
  net::HttpRequest request;
  request.url = std::move(url);
  request.limit = kLimit;
  answer = co_await http.send(std::move(request));
}

base::Result<net::HttpResponse> answer_of(const std::string& url, const std::string& ca_file) {
  asio::io_context io{1};
  const auto clock = base::make_system_clock();
  const auto http = net::make_http_client(
      io.get_executor(), *clock, {.transfer_program = process::sibling_program("studio-transfer"), .ca_file = ca_file});
  std::optional<base::Result<net::HttpResponse>> answer;
  base::TaskGroup tasks(io.get_executor());
  tasks.spawn("ask", ask(*http, url, answer));
  while (!answer && io.run_one() > 0) {
  }
  if (!answer) return base::Error{base::Code::kUnavailable, "the transfer program does not answer"};
  return std::move(*answer);
}

/// The first thing that is wrong with the worker that runs.
Finding judged(const json::object& status) {
  const std::string subject = "worker";
  const auto& connection = status.at("connection").as_object();
  const auto& policy = status.at("policy").as_object();
  const std::string state = text_of(connection, "state");
  const std::string detail = text_of(connection, "detail");
  if (state != "connected") {
    return {subject, Verdict::kFailed, "runs, but is not connected: " + state + (detail.empty() ? "" : ", " + detail),
            "studio-worker status"};
  }
  if (policy.at("safe_mode").as_bool()) {
    return {subject, Verdict::kFailed, "claims nothing: its policy could not be loaded", "studio-worker policy check"};
  }
  if (const std::string lost = text_of(status, "degraded"); !lost.empty()) {
    return {subject, Verdict::kFailed, "degraded: " + lost, "look at the driver's log (dmesg)"};
  }
  if (!text_of(policy, "error").empty()) {
    return {subject, Verdict::kWarning, "goes on with an older policy: the newest save was refused",
            "studio-worker policy check"};
  }
  if (!status.at("claiming").as_bool()) {
    return {subject, Verdict::kWarning, "runs, and claims no jobs now", "studio-worker status says why"};
  }
  return {subject, Verdict::kFine, "runs, connected as " + text_of(connection, "worker"), ""};
}

}  // namespace

Finding look_at_studio(const config::Settings& settings) {
  const auto urls = studio::Urls::parse(settings.api_base_url);
  if (!urls) return {"studio", Verdict::kFailed, urls.error().message, "set api_base_url in config.toml"};
  const auto answer = answer_of(urls->base() + "/", settings.ca_file);
  if (answer) return {"studio", Verdict::kFine, urls->base() + " answers", ""};
  return {"studio", Verdict::kFailed, "no answer: " + answer.error().message,
          "check api_base_url in config.toml, the network, and ca_file for a certificate of your own"};
}

Finding look_at_worker(const config::Settings& settings) {
  const auto socket = control::socket_path(settings.runtime_folder, settings.config_file);
  const auto answer = control::ask(socket, R"({"command":"status"})");
  if (!answer && answer.error().code == base::Code::kNotFound) {
    return {"worker", Verdict::kWarning, "none runs for this configuration", "studio-worker run"};
  }
  if (!answer) return {"worker", Verdict::kFailed, answer.error().message, "end it, and start it again"};
  return judged(json::parse(*answer).at("status").as_object());
}

}  // namespace cli::doctor
