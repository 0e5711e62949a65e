#include "planted.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <regex>

namespace policy::test {
namespace {

constexpr std::string_view kHead = "local worker = require 'worker'\n";

/// Calls `use(text before, left, right)` for each mark, and returns what follows the last.
template <class Use>
std::string for_each_mark(const std::string& text, Use use) {
  std::size_t from = 0;
  for (std::size_t open = 0; (open = text.find('<', from)) != std::string::npos;) {
    const auto bar = text.find('|', open);
    const auto close = text.find('>', open);
    if (bar == std::string::npos || close == std::string::npos || close < bar) break;
    use(text.substr(from, open - from), text.substr(open + 1, bar - open - 1), text.substr(bar + 1, close - bar - 1));
    from = close + 1;
  }
  return text.substr(from);
}

std::string with_change(const std::string& text, std::size_t changed, std::size_t& mark) {
  std::string result;
  const auto rest = for_each_mark(text, [&](const std::string& before, const std::string& left, const auto& right) {
    result += before + (mark++ == changed ? right : left);
  });
  return result + rest;
}

std::string clock(int minutes) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%02d:%02d", minutes / 60, minutes % 60);
  return text.data();
}

std::string mark(const std::string& left, const std::string& right) {
  return "<" + left + "|" + right + ">";
}

/// "'<12|13>GiB'".
std::string number(int value, const std::string& unit) {
  return "'" + mark(std::to_string(value), std::to_string(value + 1)) + unit + "'";
}

std::string window(Random& random, const std::string& name, int first, int last) {
  const int from = pick(random, first + 1, first + 120);
  const int to = pick(random, last - 120, last - 1);
  const int step = pick(random, 0, 1) == 0 ? 1 : -1;
  return "worker.window '" + name + "' { days = 'mon-<fri|sat>', from = '" + mark(clock(from), clock(from + step)) +
         "', to = '" + mark(clock(to), clock(to + step)) + "' }\n";
}

std::string game(Random& random, const std::string& name) {
  std::string keys;
  switch (pick(random, 0, 6)) {
    case 0:
      keys = "kinds = { 'image', '<llm|mesh>' }";
      break;
    case 1:
      keys = "models = { 'flux*', '<sdxl|sdxm>' }";
      break;
    case 2:
      keys = "max_vram = " + number(pick(random, 4, 20), "GiB");
      break;
    case 3:
      keys = "max_time = " + number(pick(random, 5, 50), "m");
      break;
    case 4:
      keys = "quota = { jobs = " + mark("3", "4") + ", per = '<day|early>' }";
      break;
    case 5:
      keys = "quota = { gpu_time = " + number(pick(random, 1, 20), "m") + ", per = '<late|week>' }";
      break;
    default:
      keys = "accept = <false|true>, reason = '<not here|not today>'";
      // A game that is accepted gives no reason, and the other mark is looked for alone.
      if (pick(random, 0, 1) == 0) keys = "accept = false, reason = '<not here|not today>'";
      break;
  }
  return "worker.game '" + name + "<-*|-x*>' { " + keys + " }\n";
}

std::string pause(Random& random, const std::string& title) {
  std::string keys;
  switch (pick(random, 0, 4)) {
    case 0:
      keys = "apps = { 'maya*', '<blender|blended>*' }, resume_after = " + number(pick(random, 1, 9), "m");
      break;
    case 1:
      keys = "foreign_gpu = { min_vram = " + number(512, "MiB") +
             ", ignore = { '<Xorg|Xorh>' } }, action = '<suspend|return>'";
      break;
    case 2:
      keys = "user_active_within = " + number(10, "m") + ", unless = '<early|late>', if_unknown = '<pause|ignore>'";
      break;
    case 3:
      keys = "hotter_than = " + number(80, "C") + ", gpus = { <0|1> }, start_after = " + number(30, "s");
      break;
    default:
      keys = "on_battery = <true|false>, during = { 'early', '<late|middle>' }, action = '<finish|suspend>'";
      break;
  }
  return "worker.pause_when '" + title + "' { " + keys + " }\n";
}

}  // namespace

int pick(Random& random, int least, int most) {
  return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
}

std::size_t Marked::marks() const {
  std::size_t count = 0;
  for (const auto& block : blocks) {
    for_each_mark(block, [&count](const auto&, const auto&, const auto&) { ++count; });
  }
  return count;
}

SourceFiles Marked::files(std::size_t changed) const {
  std::string text(kHead);
  std::size_t mark = 0;
  for (const auto& block : blocks) text += with_change(block, changed, mark);
  return {{"p.lua", text}};
}

std::string Marked::name_of(std::size_t wanted) const {
  std::size_t mark = 0;
  std::string name;
  for (const auto& block : blocks) {
    for_each_mark(block, [&](const auto&, const auto& left, const auto& right) {
      if (mark++ == wanted) name = left + " -> " + right + " in " + block;
    });
  }
  return name;
}

Marked generate(Random& random) {
  Marked policy;
  policy.blocks.emplace_back("worker.zone '<Europe/Berlin|Europe/London>'\n");
  policy.blocks.push_back(window(random, "early", 0, 8 * 60));
  policy.blocks.push_back(window(random, "middle", 8 * 60, 15 * 60));
  policy.blocks.push_back(window(random, "late", 15 * 60, 23 * 60));
  policy.blocks.emplace_back("worker.dates 'off' { '2026-06-01 .. 2026-06-0<3|4>', '2026-<09|10>-07' }\n");
  policy.blocks.push_back("worker.accept_during { 'early', 'middle', 'late', except = { 'off' }, finish_before_end = " +
                          number(pick(random, 5, 20), "m") + " }\n");
  const int games = pick(random, 1, 4);
  for (int i = 0; i < games; ++i) policy.blocks.push_back(game(random, "game" + std::to_string(i)));
  policy.blocks.emplace_back("worker.game '*' { accept = <true|false> }\n");
  policy.blocks.push_back("worker.vram { keep_free = " + number(pick(random, 1, 4), "GiB") +
                          ", at_most = " + number(pick(random, 12, 20), "GiB") + " }\n");
  policy.blocks.push_back("worker.vram { during = '<early|late>', keep_free = " + number(pick(random, 6, 10), "GiB") +
                          ", at_most = '<40|41>%' }\n");
  const int pauses = pick(random, 1, 3);
  for (int i = 0; i < pauses; ++i) policy.blocks.push_back(pause(random, "pause " + std::to_string(i)));
  policy.blocks.emplace_back(
      "worker.log_to 'file:<jobs|tasks>.jsonl' { about = '<job|http>', format = '<json|text>', keep = '<14|15>d' }\n"
      "worker.log_to 'studio' { level = '<warn|error>', at_most = '<60|61>/min' }\n");
  policy.blocks.push_back("local limit = " + mark("12", "13") +
                          "\nlocal function large(offer) return offer.vram > worker.gib(limit) end\n"
                          "worker.on('offer', function(offer)\n  if large(offer) then return worker.decline '" +
                          mark("too large", "too big") + "' end\nend)\n");
  return policy;
}

Marked shipped() {
  Marked policy;
  const auto files = read_sources(STUDIO_POLICIES);
  const auto plus_one = [](const std::string& digits) {
    std::string next = std::to_string(std::stoi(digits) + 1);
    return std::string(digits.size() > next.size() ? digits.size() - next.size() : 0, '0') + next;
  };
  // Minutes of a clock, numbers with a unit, counts, days of a date, and words that have a neighbour.
  const std::regex places(
      R"((:)(\d\d)(?=')|(')(\d+)(?=[mGM%d/])|(= )(\d+)(?=,)|(-)(\d\d)(?=')|(')(suspend|ember-keep|llm|weekend|maya|job|warn)(?=['*]))");
  const std::vector<std::pair<std::string, std::string>> words = {{"suspend", "finish"}, {"ember-keep", "ember-kept"},
                                                                  {"llm", "mesh"},       {"weekend", "office"},
                                                                  {"maya", "mayo"},      {"job", "http"},
                                                                  {"warn", "error"}};
  for (const SourceFile& file : files.value_or(SourceFiles())) {
    if (is_test_file(file.name)) continue;
    std::string text;
    auto rest = file.text.substr(file.text.find('\n') + 1);
    for (std::smatch found; std::regex_search(rest, found, places); rest = found.suffix()) {
      std::size_t group = 1;
      while (!found[group].matched) group += 2;
      const std::string value = found[group + 1];
      const auto word = std::find_if(words.begin(), words.end(), [&](const auto& one) { return one.first == value; });
      // The declaration of a window keeps its name, so that only its use changes.
      const bool declared = std::string(found.prefix()).ends_with("window ");
      text += std::string(found.prefix()) + found[group].str() +
              (declared ? value : mark(value, word != words.end() ? word->second : plus_one(value)));
    }
    policy.blocks.push_back(text + rest);
  }
  return policy;
}

SourceFiles rewritten(const Marked& policy, Random& random) {
  // The entries of games and of the log are asked in their order; the rest has none.
  const auto ordered = [](const std::string& block) {
    return block.starts_with("worker.game") || block.starts_with("worker.log_to");
  };
  std::vector<std::string> free;
  std::vector<std::string> kept;
  for (const auto& block : policy.blocks) {
    std::size_t none = 0;
    std::string text = with_change(block, Marked::kNone, none);
    if (pick(random, 0, 1) == 0) std::replace(text.begin(), text.end(), '\'', '"');
    if (pick(random, 0, 1) == 0) text = "-- " + std::to_string(random()) + "\n--[[ a note\n]]\n" + text;
    if (pick(random, 0, 1) == 0) text = std::regex_replace(text, std::regex(R"( = )"), "  =\n  ");
    if (pick(random, 0, 1) == 0) text = std::regex_replace(text, std::regex(R"((\W)10m(\W))"), "$01600s$2");
    (ordered(block) ? kept : free).push_back(std::move(text));
  }
  std::shuffle(free.begin(), free.end(), random);
  SourceFiles files = {{"10.lua", std::string(kHead)}, {"20.lua", std::string(kHead)}, {"30.lua", std::string(kHead)}};
  for (const auto& block : free) files[static_cast<std::size_t>(pick(random, 0, 2))].text += block;
  for (const auto& block : kept) files[1].text += block;
  files[2].text += "worker.window 'nobody asks for it' { from = '01:00', to = '02:00' }\n";
  return files;
}

}  // namespace policy::test
