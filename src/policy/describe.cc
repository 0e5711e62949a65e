#include "policy/describe.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/log.h"
#include "policy/names/words.h"

namespace policy {
namespace {

using namespace std::chrono_literals;

constexpr auto& kDays = names::kWeekdays;

std::string in_quotes(std::string_view text) {
  return "\"" + base::log::printable(text, 200) + "\"";
}

std::string joined(const std::vector<std::string>& parts, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " " + std::string(last) + " " : ", ";
    text += parts[i];
  }
  return text;
}

std::string clock(std::chrono::minutes time) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d", static_cast<int>(time / 1h), static_cast<int>(time % 1h / 1min));
  return text.data();
}

/// Runs from Monday on: "mon-fri", "tue and thu", "every day".
std::string days_text(rules::DaySet days) {
  if (days == rules::kEveryDay) return "every day";
  const auto has = [days](std::size_t place) { return (days >> (place + 1) % 7 & 1) != 0; };
  std::vector<std::string> runs;
  for (std::size_t first = 0; first < 7; ++first) {
    if (!has(first)) continue;
    std::size_t last = first;
    while (last < 6 && has(last + 1)) ++last;
    const auto name = [](std::size_t place) { return std::string(kDays.at((place + 1) % 7)); };
    if (last - first >= 2) {
      runs.push_back(name(first) + "-" + name(last));
      first = last;
    } else {
      runs.push_back(name(first));
    }
  }
  return joined(runs, "and");
}

/// Where the name was declared, in words.
std::string meaning(const rules::Calendar& calendar, const std::string& name) {
  for (const rules::Window& window : calendar.windows()) {
    if (window.name == name) return in_quotes(name) + " (" + describe(window) + ")";
  }
  for (const rules::DateSet& dates : calendar.dates()) {
    if (dates.name == name) return in_quotes(name) + " (" + describe(dates) + ")";
  }
  return in_quotes(name);
}

std::string meanings(const rules::Calendar& calendar, const std::vector<std::string>& names, std::string_view last) {
  std::vector<std::string> parts;
  parts.reserve(names.size());
  for (const std::string& name : names) parts.push_back(meaning(calendar, name));
  return joined(parts, last);
}

void describe_hours(const rules::RuleSet& rules, std::vector<Sentence>& out) {
  const std::string zone = "all times are those of " + rules.calendar.zone().name();
  out.push_back({"hours", zone + (rules.zone_place ? "" : ", this machine's zone"),
                 rules.zone_place ? rules::to_string(*rules.zone_place) : ""});
  if (!rules.accept_during) {
    out.push_back({"hours", "jobs are claimed at any time", ""});
    return;
  }
  const rules::AcceptDuring& during = *rules.accept_during;
  const std::string rule = rules::to_string(during.place);
  out.push_back({"hours", "jobs are claimed during " + meanings(rules.calendar, during.names, "and"), rule});
  std::vector<std::string> windows;
  std::vector<std::string> dates;
  for (const std::string& name : during.except) (rules.calendar.is_window(name) ? windows : dates).push_back(name);
  if (!windows.empty()) out.push_back({"hours", "but not during " + meanings(rules.calendar, windows, "or"), rule});
  if (!dates.empty()) {
    out.push_back(
        {"hours",
         "and no window opens on " + meanings(rules.calendar, dates, "or") + "; one that opened before runs to its end",
         rule});
  }
  if (during.finish_before_end > 0s) {
    out.push_back(
        {"hours", "none is claimed in the last " + format_span(during.finish_before_end) + " of a window", rule});
  }
}

std::string game_text(const rules::GameRule& game) {
  std::string text = "game " + in_quotes(game.pattern) + " is ";
  if (!game.accept) return text + "declined" + (game.reason.empty() ? "" : ": " + in_quotes(game.reason));
  text += "accepted";
  if (!game.kinds.empty()) {
    std::vector<std::string> kinds;
    for (const job::Kind kind : game.kinds) kinds.emplace_back(job::to_string(kind));
    text += ", only " + joined(kinds, "and");
  }
  if (!game.models.empty()) {
    std::vector<std::string> models;
    for (const std::string& model : game.models) models.push_back(in_quotes(model));
    text += ", only models " + joined(models, "and");
  }
  if (game.max_vram) text += ", up to " + rules::format_size(*game.max_vram) + " of VRAM";
  if (game.max_time) text += ", for at most " + format_span(*game.max_time);
  if (game.quota) text += ", not more than " + rules::to_text(*game.quota);
  return text;
}

void describe_games(const rules::RuleSet& rules, std::vector<Sentence>& out) {
  bool everything = rules.games.empty();
  for (const rules::GameRule& game : rules.games) {
    const bool first = !everything;
    everything = everything || game.pattern == "*";
    if (first) out.push_back({"games", game_text(game), rules::to_string(game.place)});
  }
  if (rules.games.empty()) out.push_back({"games", "every game is accepted", ""});
  if (!everything) out.push_back({"games", "every other game is declined", rules::to_string(rules.games.back().place)});
}

/// "GPU 0 and 1".
std::string cards_text(const std::vector<std::uint32_t>& cards) {
  std::vector<std::string> parts;
  parts.reserve(cards.size());
  for (const std::uint32_t card : cards) parts.push_back(std::to_string(card));
  return "GPU " + joined(parts, "and");
}

void describe_memory(const rules::RuleSet& rules, std::vector<Sentence>& out) {
  for (const rules::VramRule& rule : rules.vram) {
    std::vector<std::string> parts;
    if (rule.keep_free) parts.push_back(rules::format_size(*rule.keep_free) + " of VRAM stay free");
    if (rule.at_most) parts.push_back("jobs use at most " + rules::format_size(*rule.at_most) + " of VRAM");
    if (rule.at_most_percent) {
      parts.push_back("jobs use at most " + std::to_string(*rule.at_most_percent) + " % of the VRAM");
    }
    std::string text = rule.during.empty() ? "" : "during " + meaning(rules.calendar, rule.during) + " ";
    text += joined(parts, "and");
    if (!rule.gpus.empty()) text += " of " + cards_text(rule.gpus);
    out.push_back({"memory", std::move(text), rules::to_string(rule.place)});
  }
}

std::string pause_condition(const pause::PauseRule& rule) {
  std::vector<std::string> parts;
  if (!rule.apps.empty()) parts.push_back(joined(rule.apps, "or") + " runs");
  if (rule.foreign_gpu) {
    std::vector<std::string> known = {"ours"};
    known.insert(known.end(), rule.foreign_gpu->ignore.begin(), rule.foreign_gpu->ignore.end());
    std::string text = "a program other than " + joined(known, "or") + " uses";
    if (rule.foreign_gpu->min_vram > 0) text += " " + rules::format_size(rule.foreign_gpu->min_vram) + " of";
    parts.push_back(text + " the GPU");
  }
  if (rule.user_active_within) {
    parts.push_back("somebody used this computer within " + format_span(*rule.user_active_within));
  }
  if (rule.on_battery) parts.emplace_back(*rule.on_battery ? "it runs on battery" : "it runs on mains");
  if (rule.hotter_than) {
    const auto degrees = static_cast<int>(*rule.hotter_than);
    parts.push_back("a card is hotter than " + std::to_string(degrees) + " C");
  }
  return joined(parts, "and");
}

std::string pause_effect(const pause::PauseRule& rule) {
  switch (rule.effective()) {
    case pause::Action::kFinish:
      return rule.release_vram ? "no new job, the running one goes on, an idle engine ends"
                               : "no new job, the running one goes on";
    case pause::Action::kSuspend:
      return "no new job, the running one stands still";
    case pause::Action::kReturn:
      return "no new job, the running one goes back to the studio and the engine ends";
  }
  return {};
}

void describe_pauses(const rules::RuleSet& rules, std::vector<Sentence>& out) {
  const auto meanings = [&](const std::vector<std::string>& names) {
    std::vector<std::string> parts;
    parts.reserve(names.size());
    for (const std::string& name : names) parts.push_back(meaning(rules.calendar, name));
    return joined(parts, "or");
  };
  for (const pause::PauseRule& rule : rules.pauses) {
    std::string when = pause_condition(rule);
    if (!when.empty()) when = " while " + when;
    if (!rule.during.empty()) when += " during " + meanings(rule.during);
    if (!rule.unless.empty()) when += ", except during " + meanings(rule.unless);
    std::string text = in_quotes(rule.title) + " pauses" + when + ": " + pause_effect(rule);
    if (rule.start_after > 0s) text += "; it begins after " + format_span(rule.start_after);
    if (rule.resume_after > 0s) text += "; it ends " + format_span(rule.resume_after) + " later";
    const bool measured =
        !rule.apps.empty() || rule.foreign_gpu || rule.user_active_within || rule.on_battery || rule.hotter_than;
    if (measured && !rule.pause_if_unknown) text += "; what cannot be measured does not pause";
    out.push_back({"pauses", text, rules::to_string(rule.place)});
  }
}

/// Every record that anybody would see: what has no level of its own takes what the worker's level lets through.
bool takes_all(const logs::LogRule& rule) {
  return rule.about.empty() && rule.game.empty() &&
         rule.level.value_or(base::log::Level::kDebug) == base::log::Level::kDebug;
}

/// `other`: an entry before it keeps records for itself.
std::string log_text(const logs::LogRule& rule, bool other) {
  const bool each = rule.about.empty() && rule.game.empty();
  std::string which = !each ? "log records" : other ? "every other log record" : "every log record";
  if (!rule.about.empty()) which += " about " + joined(rule.about, "and");
  if (!rule.game.empty()) which += " of game " + in_quotes(rule.game);
  if (rule.level) which += " of level " + std::string(base::log::to_string(*rule.level)) + " and above";
  if (rule.sink == logs::Sink::kNone) return which + (each ? " is dropped" : " are dropped");
  std::string text = which + (each ? " goes to " : " go to ");
  if (rule.sink == logs::Sink::kFile) text += "the file " + rule.file;
  if (rule.sink == logs::Sink::kConsole) text += "the console";
  if (rule.sink == logs::Sink::kStudio) text += "the studio";
  if (rule.format) text += *rule.format == base::log::Format::kJson ? " as JSON" : " as text";
  if (rule.keep) text += ", kept for " + format_span(*rule.keep);
  if (rule.max_size) text += ", at most " + rules::format_size(*rule.max_size);
  if (rule.at_most)
    text += ", at most " + std::to_string(rule.at_most->count) + " in " + format_span(rule.at_most->per);
  return text + (rule.stop ? ", and nowhere else" : "");
}

void describe_logs(const rules::RuleSet& rules, std::vector<Sentence>& out) {
  bool other = false;
  for (const logs::LogRule& rule : rules.logs) {
    out.push_back({"logs", log_text(rule, other), rules::to_string(rule.place)});
    other = other || rule.stop || rule.sink == logs::Sink::kNone;
  }
  if (rules.logs.empty() || std::any_of(rules.logs.begin(), rules.logs.end(), takes_all)) return;
  out.push_back({"logs", "what none of these takes goes to the console and, where it is meant for it, to the studio",
                 rules::to_string(rules.logs.back().place)});
}

constexpr std::array<std::string_view, kHookEventNames.size()> kHookTexts = {
    "a function looks at every offer that nothing above declines", "a function decides when the worker pauses",
    "a function bounds the memory of each card", "a function looks at every log record and may change it"};

}  // namespace

std::string describe(const rules::Window& window) {
  const std::string days = days_text(window.days);
  if (window.lasts) return days + " " + clock(window.from) + " for " + format_span(*window.lasts);
  if (window.from == 0min && window.until == 24h) return days + " all day";
  const auto later = std::chrono::floor<std::chrono::days>(window.until - 1min);
  const bool one_day = std::find(kDays.begin(), kDays.end(), days) != kDays.end();
  if (!one_day || later.count() == 0) return days + " " + clock(window.from) + "-" + clock(window.until - later);
  const auto day = static_cast<std::size_t>(std::find(kDays.begin(), kDays.end(), days) - kDays.begin());
  const auto last = (day + static_cast<std::size_t>(later.count())) % kDays.size();
  return "from " + days + " " + clock(window.from) + " to " + std::string(kDays.at(last)) + " " +
         clock(window.until - later);
}

std::string describe(const rules::DateSet& dates) {
  std::vector<std::string> parts;
  for (const rules::DateRange& range : dates.ranges) {
    const auto day = [](std::chrono::sys_days when) {
      return rules::format_local(rules::Zone::utc(), base::WallTime(when)).substr(4, 10);
    };
    parts.push_back(range.first == range.last ? day(range.first) : day(range.first) + " .. " + day(range.last));
  }
  return joined(parts, "and");
}

std::vector<Sentence> describe(const PolicyRuntime& runtime) {
  std::vector<Sentence> sentences;
  describe_hours(runtime.rules(), sentences);
  describe_games(runtime.rules(), sentences);
  describe_pauses(runtime.rules(), sentences);
  describe_memory(runtime.rules(), sentences);
  describe_logs(runtime.rules(), sentences);
  for (const auto& [event, place] : runtime.summary().hooks) {
    sentences.push_back({"hooks", std::string(kHookTexts.at(static_cast<std::size_t>(event))), place});
  }
  return sentences;
}

std::string to_text(const std::vector<Sentence>& sentences) {
  std::size_t widest = 0;
  for (const Sentence& sentence : sentences) widest = std::max(widest, sentence.rule.size());
  std::string text;
  std::string_view about;
  for (const Sentence& sentence : sentences) {
    std::string line = sentence.about == about ? std::string() : sentence.about;
    about = sentence.about;
    line.resize(8, ' ');
    line += sentence.rule;
    line.resize(8 + widest + 2, ' ');
    text += line + sentence.text + "\n";
  }
  return text;
}

}  // namespace policy
