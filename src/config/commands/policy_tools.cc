#include "config/commands/policy_tools.h"

#include "config/commands/numbers.h"

namespace config {

namespace {

std::optional<std::string> given(const cxxopts::ParseResult& parsed, const char* name) {
  if (parsed.count(name) == 0) return std::nullopt;
  return parsed[name].as<std::string>();
}

/// Which days are simulated, and what is assumed of them.
base::Status read_days(const cxxopts::ParseResult& parsed, Invocation& invocation) {
  const auto week = given(parsed, "week");
  invocation.from = week ? week : given(parsed, "from");
  invocation.whole_week = week.has_value();
  const auto days = given(parsed, "days");
  if (week && (days || given(parsed, "from"))) {
    return base::Error{base::Code::kInvalid, "--week is seven days from its Monday: leave --from and --days out"};
  }
  if (days) {
    TRY(invocation.days, parse_number<int>("--days", *days, 1, 3660));
  }
  if (parsed.count("app") != 0) invocation.apps = parsed["app"].as<std::vector<std::string>>();
  invocation.svg = given(parsed, "svg").value_or("");
  invocation.vram = given(parsed, "vram");
  return {};
}

}  // namespace

void add_policy_options(Command command, cxxopts::Options& options) {
  auto add = options.add_options();
  add("policy", "Lua file or folder; default: the configured one", cxxopts::value<std::string>(), "FILE|DIR");
  if (command == Command::kPolicyExplain) {
    add("last", "the newest recorded offer instead of a file");
    add("id", "the recorded offer of this job", cxxopts::value<std::string>(), "ID");
    add("at", "the clock: RFC 3339, or local 'YYYY-MM-DD HH:MM'", cxxopts::value<std::string>(), "TIME");
  }
  if (command == Command::kPolicyReplay) {
    add("with", "the policy to try", cxxopts::value<std::string>(), "FILE|DIR");
  }
  if (command == Command::kPolicyReplay || command == Command::kPolicyWhy || command == Command::kPolicyDiff ||
      command == Command::kPolicyTrace) {
    add("since", "how far back: 12h, 7d", cxxopts::value<std::string>(), "TIME");
  }
  if (command == Command::kPolicyShadow) add("stop", "end it");
  if (command == Command::kPolicyPromote) add("shadow", "the shadow, although a save is held");
  if (command == Command::kPolicyTest) {
    add("coverage", "rules that no test made decide, and lines that none ran");
    add("min", "fails below this coverage of rules or lines", cxxopts::value<std::string>(), "PERCENT");
  }
  if (command == Command::kPolicySimulate) {
    add("from", "the first day, YYYY-MM-DD; default: today", cxxopts::value<std::string>(), "DAY");
    add("days", "how many days; default: 7", cxxopts::value<std::string>(), "N");
    add("week", "the week with this day, from Monday", cxxopts::value<std::string>(), "DAY");
    add("app", "assume a program: maya@tue14-17; repeatable", cxxopts::value<std::vector<std::string>>(), "APP@TIME");
    add("vram", "memory of the card; default: this machine's", cxxopts::value<std::string>(), "SIZE");
    add("svg", "draw it into this file, too", cxxopts::value<std::string>(), "FILE");
  }
}

base::Status read_policy_options(const cxxopts::ParseResult& parsed, Invocation& invocation) {
  if (invocation.command == Command::kPolicyReplay) {
    const auto with = given(parsed, "with");
    if (!with) return base::Error{base::Code::kInvalid, "policy replay needs --with FILE|DIR: the policy to try"};
    invocation.with = *with;
  }
  if (invocation.command == Command::kPolicyReplay || invocation.command == Command::kPolicyWhy ||
      invocation.command == Command::kPolicyDiff || invocation.command == Command::kPolicyTrace) {
    if (const auto since = given(parsed, "since")) {
      TRY(invocation.since, parse_duration(*since));
    }
  }
  if (invocation.command == Command::kPolicyExplain) {
    invocation.at = given(parsed, "at");
    invocation.last = parsed.count("last") != 0;
    invocation.recorded_id = given(parsed, "id");
    if (invocation.last && invocation.recorded_id) {
      return base::Error{base::Code::kInvalid, "policy explain: --last and --id do not go together: leave one out"};
    }
  }
  if (invocation.command == Command::kPolicyShadow) invocation.stop = parsed.count("stop") != 0;
  if (invocation.command == Command::kPolicyPromote) invocation.of_shadow = parsed.count("shadow") != 0;
  if (invocation.command == Command::kPolicyTest) {
    if (const auto least = given(parsed, "min")) {
      TRY(invocation.least_coverage, parse_number<unsigned>("--min", *least, 1, 100));
    }
    invocation.coverage = parsed.count("coverage") != 0 || invocation.least_coverage;
  }
  return invocation.command == Command::kPolicySimulate ? read_days(parsed, invocation) : base::Status();
}

base::Status read_policy_words(const std::vector<std::string>& words, Invocation& invocation) {
  const bool recorded = invocation.last || invocation.recorded_id;
  if (invocation.command == Command::kPolicyExplain && recorded != words.empty()) {
    return base::Error{base::Code::kInvalid,
                       "policy explain needs OFFER.json, --last or --id ID, and one of them only"};
  }
  if (words.empty()) return {};
  if (invocation.command == Command::kPolicyShadow) {
    if (invocation.stop) return base::Error{base::Code::kInvalid, "policy shadow --stop names no policy"};
    invocation.shadow_folder = words[0];
  }
  if (invocation.command == Command::kPolicyDiff) invocation.compared.assign(words.begin(), words.end());
  if (invocation.command == Command::kPolicyExplain) invocation.offer_file = words[0];
  if (invocation.command == Command::kPolicyStubs) invocation.stubs_folder = words[0];
  if (invocation.command == Command::kPolicyRollback) {
    TRY(invocation.generation, parse_number<std::uint64_t>("policy rollback", words[0], 1, 1'000'000'000));
  }
  return {};
}

}  // namespace config
