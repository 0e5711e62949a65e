#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/doctor/doctor.h"
#include "cli/text.h"
#include "config/exit_code.h"

namespace cli {
namespace {

namespace json = boost::json;

std::string_view word_of(doctor::Verdict verdict) {
  switch (verdict) {
    case doctor::Verdict::kFine:
      return "ok";
    case doctor::Verdict::kWarning:
      return "warn";
    case doctor::Verdict::kFailed:
      return "FAIL";
  }
  return "";
}

void print(const std::vector<doctor::Finding>& findings) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& finding : findings) {
    rows.push_back({std::string(word_of(finding.verdict)), finding.subject, base::log::printable(finding.says)});
    if (!finding.next.empty()) rows.push_back({"", "", "next: " + base::log::printable(finding.next)});
  }
  std::printf("%s", columns(rows, "").c_str());
}

void print_json(const std::vector<doctor::Finding>& findings, bool ok) {
  json::array rows;
  for (const auto& finding : findings) {
    rows.push_back(json::object{{"subject", finding.subject},
                                {"verdict", word_of(finding.verdict)},
                                {"says", finding.says},
                                {"next", finding.next}});
  }
  std::printf("%s\n", json::serialize(json::object{{"ok", ok}, {"checks", std::move(rows)}}).c_str());
}

}  // namespace

Outcome examine_worker(const config::Invocation& invocation, const config::Loaded& loaded) {
  // What the sensors and the transfer program would log stands in their rows.
  base::log::set_level(base::log::Level::kError);
  const auto& settings = loaded.settings;
  std::vector<doctor::Finding> findings = {doctor::look_at_configuration(loaded)};
  // Who this worker is, what it runs and for whom stands in the file alone.
  const bool read = !loaded.unreadable;
  if (read) findings.push_back(doctor::look_at_identity(settings));
  findings.push_back(doctor::look_at_state_folder(settings));
  findings.push_back(doctor::look_at_programs());
  if (read) findings.push_back(doctor::look_at_engines(settings));
  findings.push_back(doctor::look_at_cards());
  if (read) findings.push_back(doctor::look_at_studio(settings));
  findings.push_back(doctor::look_at_worker(settings));
  const bool ok = std::none_of(findings.begin(), findings.end(), [](const doctor::Finding& finding) {
    return finding.verdict == doctor::Verdict::kFailed;
  });
  if (invocation.json)
    print_json(findings, ok);
  else
    print(findings);
  return ok ? config::kExitOk : config::kExitFailed;
}

}  // namespace cli
