// dev-studio: plays a scenario to the workers that come, checks what they send, and reports.

#include <csignal>
#include <cstdio>
#include <iostream>

#include <boost/asio/signal_set.hpp>

#include "base/files.h"
#include "base/log.h"
#include "desk/report.h"
#include "options.h"
#include "scenario/toml_file.h"
#include "server/app.h"

namespace {

namespace asio = boost::asio;

// Exit codes that scripts rely on; 0, 1 and 3 come from desk::exit_code.
constexpr int kUsage = 2;

int complain(const base::Error& error) {
  std::cerr << "dev-studio: " << error.message << '\n';
  return kUsage;
}

void print_line(const char* name, const boost::json::object& row) {
  std::cout << name << " us: " << boost::json::serialize(row) << '\n';
}

void print_summary(const desk::Studio& studio, const boost::json::object& report, bool bench) {
  std::cout << "settled " << studio.book().settled() << " of " << studio.book().all().size() << " jobs, "
            << studio.record().violation_count() << " violations\n";
  if (!bench) return;
  const boost::json::object& latency = report.at("latency_us").as_object();
  print_line("offer to answer", latency.at("offer_to_answer").as_object());
  print_line("offer to done", latency.at("offer_to_done").as_object());
  std::printf("jobs per second: %.1f\n", studio.jobs_per_second());
}

base::Status write_port(const dev_studio::Options& options, std::uint16_t port) {
  if (options.port_file.empty()) return {};
  return base::write_file_atomically(options.port_file, std::to_string(port) + "\n", 0644);
}

base::Status prepare_results(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return base::file_error("create", folder, error.value());
  return {};
}

int play(const dev_studio::Options& options, scenario::Scenario scenario) {
  asio::io_context io{1};
  auto acceptor = server::listen_on_loopback(io, options.port);
  if (!acceptor) return complain(acceptor.error());
  const std::uint16_t port = acceptor->local_endpoint().port();
  const std::string url = "http://127.0.0.1:" + std::to_string(port);
  const desk::RunOptions run{.stay = options.stay, .keeps_files = !options.results.empty(), .seconds = options.seconds};
  auto studio = std::make_unique<desk::Studio>(std::move(scenario), url, run, std::chrono::steady_clock::now());
  boost::json::object report;
  std::unique_ptr<server::App> app;
  const auto on_end = [&] { report = desk::make_report(app->studio(), app->now()); };
  app = std::make_unique<server::App>(
      io, std::move(studio), server::AppOptions{.results = options.results, .quick_ack = options.quick_ack}, on_end);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) app->end();
  });
  base::TaskGroup tasks(io.get_executor());
  server::accept_connections(*app, *acceptor, tasks);
  app->perform();
  if (const auto status = write_port(options, port); !status) return complain(status.error());
  std::cout << "dev-studio listening on " << url << std::endl;
  io.run();
  print_summary(app->studio(), report, options.bench);
  if (!options.report.empty()) {
    const std::string text = boost::json::serialize(report) + "\n";
    if (const auto status = base::write_file_atomically(options.report, text, 0644); !status)
      return complain(status.error());
  }
  return desk::exit_code(app->studio());
}

}  // namespace

int main(int argc, char** argv) {
  auto line = dev_studio::parse_command_line(argc, argv);
  if (!line) return complain(line.error());
  if (!line->help.empty()) {
    std::cout << line->help;
    return 0;
  }
  const dev_studio::Options& options = line->options;
  base::log::set_json(options.json_log);
  if (options.verbose) base::log::set_level(base::log::Level::kDebug);
  auto scenario = scenario::load(options.scenario, options.faults);
  if (!scenario) return complain(scenario.error());
  if (const auto status = prepare_results(options.results); !status) return complain(status.error());
  return play(options, std::move(*scenario));
}
