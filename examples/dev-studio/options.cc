#include "options.h"

#include <limits>

#include <cxxopts.hpp>

namespace dev_studio {
namespace {

namespace json = boost::json;

cxxopts::Options make_parser() {
  cxxopts::Options parser("dev-studio", "A strict development studio for studio-worker, on loopback.\n");
  const auto text = [] { return cxxopts::value<std::string>(); };
  const auto count = [] { return cxxopts::value<std::uint64_t>(); };
  parser.add_options()("scenario", "TOML file with the jobs", text(), "FILE")(
      "port", "port on 127.0.0.1; 0 picks a free one", cxxopts::value<std::uint64_t>()->default_value("0"), "N")(
      "port-file", "write the port there once it listens", text(), "FILE")(
      "report", "write the JSON report there at the end", text(), "FILE")(
      "results", "keep delivered results in this folder", text(), "DIR")(
      "for", "time limit; unfinished jobs then give exit code 3", cxxopts::value<double>(), "SECONDS")(
      "stay", "do not end when all jobs are settled")("bench", "print offer latencies at the end")(
      "quick-ack", "acknowledge every TCP segment at once")("json-log", "log lines as JSON")(
      "verbose", "log every frame")("help", "print this help");
  parser.add_options("Faults")("drop-mid-job", "drop the connection after the Nth accept", text(), "N[,N]")(
      "upload-503", "answer 503 to the first N uploads", count(), "N")(
      "upload-html", "answer the first N uploads with a web page", count(), "N")(
      "cut-upload", "cut the Nth upload in the middle", text(), "N[,N]")(
      "go-silent-after", "send nothing more after SECONDS", cxxopts::value<double>(), "SECONDS")(
      "go-silent-job", "send nothing more after the Nth accept", text(), "N[,N]")(
      "garbage", "send unreadable frames before the Nth offer", text(), "N[,N]")(
      "garbage-kinds", "cut-json,array,unknown-type,missing-key,unknown-enum,deep,empty,binary", text(), "LIST")(
      "close-with", "close with CODE after the Nth accept", text(), "CODE@N[,...]")(
      "bare-close", "no error frame before a close")("offer-twice", "send the Nth offer twice", text(), "N[,N]")(
      "reoffer-done", "offer the Nth finished job again", text(), "N[,N]")(
      "no-json-ack", "lose the Nth completeJson, drop the connection", text(), "N[,N]")(
      "upgrade-status", "answer the Nth upgrade with an HTTP status", text(), "STATUS@N[,...]")(
      "register", "approve, pending[:POLLS], reject[:N], 404[:N], 401[:N], 429[:SECONDS]", text(), "HOW")(
      "rate-limit", "at most 10 registration calls a minute");
  return parser;
}

std::string fault_key(std::string name) {
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

json::array split(const std::string& text, bool numbers) {
  json::array items;
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::string item = text.substr(start, end - start);
    const bool digits = !item.empty() && item.size() < 18 && item.find_first_not_of("0123456789") == std::string::npos;
    // What is no number stays text: the scenario's reader refuses it with the fault's name.
    if (numbers && digits)
      items.emplace_back(std::stoull(item));
    else
      items.emplace_back(item);
    start = end + 1;
  }
  return items;
}

json::object read_faults(const cxxopts::ParseResult& given) {
  json::object faults;
  for (const char* name :
       {"drop-mid-job", "cut-upload", "go-silent-job", "garbage", "offer-twice", "reoffer-done", "no-json-ack"}) {
    if (given.count(name) > 0) faults[fault_key(name)] = split(given[name].as<std::string>(), true);
  }
  for (const char* name : {"garbage-kinds", "close-with", "upgrade-status"}) {
    if (given.count(name) > 0) faults[fault_key(name)] = split(given[name].as<std::string>(), false);
  }
  for (const char* name : {"upload-503", "upload-html"}) {
    if (given.count(name) > 0) faults[fault_key(name)] = given[name].as<std::uint64_t>();
  }
  for (const char* name : {"bare-close", "rate-limit"}) {
    if (given.count(name) > 0) faults[fault_key(name)] = true;
  }
  if (given.count("go-silent-after") > 0) faults["go_silent_after"] = given["go-silent-after"].as<double>();
  if (given.count("register") > 0) faults["register"] = given["register"].as<std::string>();
  return faults;
}

base::Error usage(const std::string& message) {
  return {base::Code::kInvalid, message + "; see dev-studio --help"};
}

}  // namespace

base::Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  cxxopts::Options parser = make_parser();
  try {
    const cxxopts::ParseResult given = parser.parse(argc, argv);
    CommandLine line;
    if (given.count("help") > 0) {
      line.help = parser.help();
      return line;
    }
    if (!given.unmatched().empty()) return usage("unexpected argument " + given.unmatched().front());
    if (given.count("scenario") == 0) return usage("--scenario FILE is missing");
    Options& options = line.options;
    const auto path = [&](const char* name) {
      return given.count(name) > 0 ? std::filesystem::path(given[name].as<std::string>()) : std::filesystem::path();
    };
    options.scenario = path("scenario");
    const auto port = given["port"].as<std::uint64_t>();
    if (port > std::numeric_limits<std::uint16_t>::max())
      return usage("--port needs a number up to 65535, not " + std::to_string(port));
    options.port = static_cast<std::uint16_t>(port);
    options.port_file = path("port-file");
    options.report = path("report");
    options.results = path("results");
    if (given.count("for") > 0) options.seconds = given["for"].as<double>();
    if (options.seconds && !(*options.seconds > 0 && *options.seconds < 1e6))
      return usage("--for needs 0 < SECONDS < 1e6");
    options.stay = given.count("stay") > 0;
    options.bench = given.count("bench") > 0;
    options.quick_ack = given.count("quick-ack") > 0;
    options.json_log = given.count("json-log") > 0;
    options.verbose = given.count("verbose") > 0;
    options.faults = read_faults(given);
    return line;
  } catch (const std::exception& problem) {
    return usage(problem.what());
  }
}

}  // namespace dev_studio
