// A slip of the fingers in any word of the language is an error at its line, with the word that was meant.

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "policy/names/registry.h"
#include "policy/rules/nearest.h"
#include "policy_fixture.h"

namespace policy::test {
namespace {

using List = std::vector<std::string_view>;

constexpr std::size_t kAtLeast = 200;

/// Where a word is written: the policy around it, and what tells of the slip.
struct Word {
  std::string meant;
  std::string before;
  std::string after;
  List known;            // among which it has to be found
  bool in_hook = false;  // the slip shows when a hook runs
};

void add_keys(std::vector<Word>& words, const std::string& before, const std::string& after,
              std::span<const names::Name> keys) {
  for (const auto& key : keys) words.push_back({std::string(key.name), before, after, names::spelled(keys)});
}

template <class Words>
void add_values(std::vector<Word>& words, const std::string& before, const std::string& after, const Words& list) {
  for (const auto& value : names::spelled(list)) {
    words.push_back({std::string(value), before, after, names::spelled(list)});
  }
}

void add_facts(std::vector<Word>& words, const std::string& before, const std::string& after,
               std::span<const names::Name> facts) {
  for (const auto& fact : facts) words.push_back({std::string(fact.name), before, after, names::spelled(facts), true});
}

void add_all_keys(std::vector<Word>& words) {
  add_keys(words, "worker.window 'w' { ", " = 1 }", names::kWindowKeys);
  add_keys(words, "worker.accept_during { 'w', ", " = 1 }", names::kAcceptDuringKeys);
  add_keys(words, "worker.game 'g' { ", " = 1 }", names::kGameKeys);
  add_keys(words, "worker.game 'g' { quota = { ", " = 1 } }", names::kQuotaKeys);
  add_keys(words, "worker.pause_when 'p' { ", " = 1 }", names::kPauseWhenKeys);
  add_keys(words, "worker.pause_when 'p' { foreign_gpu = { ", " = 1 } }", names::kForeignGpuKeys);
  add_keys(words, "worker.vram { ", " = 1 }", names::kVramKeys);
  add_keys(words, "worker.log_to 'console' { ", " = 1 }", names::kLogToKeys);
}

void add_all_values(std::vector<Word>& words) {
  add_values(words, "worker.game 'g' { kinds = { '", "' } }", job::kKindNames);
  add_values(words, "worker.game 'g' { max_vram = '12", "' }", names::kSizeUnits);
  add_values(words, "worker.game 'g' { max_time = '12", "' }", names::kSpanUnits);
  add_values(words, "worker.game 'g' { quota = { jobs = 1, per = '", "' } }", rules::kCalendarPeriods);
  add_values(words, "worker.log_to 'console' { at_most = '60/", "' }", names::kRateUnits);
  add_values(words, "worker.log_to 'console' { level = '", "' }", names::kLevels);
  add_values(words, "worker.log_to 'console' { about = '", "' }", names::kCategories);
  add_values(words, "worker.log_to 'console' { format = '", "' }", names::kFormats);
  add_values(words, "worker.log_to '", "' {}", names::kSinks);
  add_values(words, "worker.pause_when 'p' { on_battery = true, action = '", "' }", names::kActions);
  add_values(words, "worker.pause_when 'p' { on_battery = true, if_unknown = '", "' }", names::kAnswers);
  add_values(words, "worker.window 'w' { all_day = true, days = '", "' }", names::kWeekdays);
  add_values(words, "worker.on('", "', function() end)", kHookEventNames);
  add_values(words, "worker.", " 'x'", names::kFunctions);
  add_values(words, "local f = ", "", names::kBaseFunctions);
  add_values(words, "local f = math.", "", names::kMath);
  const List windows = {"night", "tuesday afternoon"};
  add_values(words,
             "worker.window 'night' { all_day = true } worker.window 'tuesday afternoon' { all_day = true } "
             "worker.accept_during { '",
             "' }", windows);
}

void add_all_facts(std::vector<Word>& words) {
  add_facts(words, "worker.on('offer', function(offer) return offer.", " end)", names::kOfferFacts);
  add_facts(words, "worker.on('offer', function() return worker.used { game = '*', per = 'day' }.", " end)",
            names::kUsedFacts);
  for (const auto& key : names::kUsedKeys) {
    words.push_back({std::string(key.name), "worker.on('offer', function() return worker.used { ", " = 'day' } end)",
                     names::spelled(names::kUsedKeys), true});
  }
  add_facts(words, "worker.on('pause', function(machine) return machine.", " end)", names::kMachineFacts);
  for (const auto& key : names::kPauseKeys) {
    words.push_back({std::string(key.name), "worker.on('pause', function() return worker.pause { ", " = 'x' } end)",
                     names::spelled(names::kPauseKeys), true});
  }
  add_facts(words, "worker.on('budget', function(gpu) return gpu.", " end)", names::kGpuFacts);
  add_facts(words, "worker.on('log', function(record) local x = record.", " end)", names::kRecordFacts);
  add_facts(words, "worker.on('log', function(record) record.", " = 'x' end)", names::kRecordFacts);
}

/// A letter that is left out, written twice, swapped with the next one, or another one.
std::string slip(const std::string& word, std::mt19937& random) {
  std::string text = word;
  const auto place = random() % text.size();
  switch (random() % 4) {
    case 0:
      return text.erase(place, 1);
    case 1:
      return text.insert(place, 1, text[place]);
    case 2:
      if (place + 1 < text.size()) std::swap(text[place], text[place + 1]);
      return text;
    default:
      text[place] = static_cast<char>('a' + random() % 26);
      return text;
  }
}

/// Nobody could tell what was meant: it is another word, or as near to another one.
bool is_ambiguous(const std::string& text, const Word& word) {
  if (text.empty()) return true;
  const auto distance = rules::edit_distance(text, word.meant);
  return distance == 0 || std::any_of(word.known.begin(), word.known.end(), [&](std::string_view other) {
           return other != word.meant && rules::edit_distance(text, other) <= distance;
         });
}

/// Words of the language itself are other errors.
bool is_lua(const std::string& text) {
  static const List kKeywords = {"and", "do", "end", "for", "if", "in", "not", "or", "nil", "true", "goto"};
  return std::find(kKeywords.begin(), kKeywords.end(), text) != kKeywords.end();
}

/// What the operator reads of a policy whose third line holds the slip.
std::string message_of(const std::string& line, bool in_hook) {
  const auto runtime = PolicyRuntime::load({{"p.lua", with_worker("\n" + line)}});
  if (!runtime) return in_hook ? "while it loads: " + runtime.error().message : runtime.error().message;
  if (!in_hook) return "it loads";
  auto& policy = **runtime;
  if (policy.has_hooks()[HookEvent::kOffer]) return policy.decide(make_offer(), at(utc(2026, 3, 24))).error;
  if (policy.has_hooks()[HookEvent::kLog]) {
    return policy.rewrite({{base::log::Level::kInfo, "worker", "text", {}, {}, {}, {}}}, {}).error;
  }
  job::MachineFacts facts;
  facts.gpus.value = std::vector<job::GpuFacts>(1);
  return policy.sense(facts, utc(2026, 3, 24)).error;
}

TEST(Typos, EachNamesItsLineAndTheWordThatWasMeant) {
  std::vector<Word> words;
  add_all_keys(words);
  add_all_values(words);
  add_all_facts(words);
  std::mt19937 random(20260324);  // the same slips every time
  std::size_t slips = 0;
  std::size_t answered = 0;
  for (const Word& word : words) {
    std::string text;
    bool found = false;
    for (int attempt = 0; attempt < 50 && !found; ++attempt) {
      text = slip(word.meant, random);
      found = !is_ambiguous(text, word) && !is_lua(text);
    }
    if (!found) continue;
    ++slips;
    const auto message = message_of(word.before + text + word.after, word.in_hook);
    const bool right = message.starts_with("p.lua:3: ") && message.find("'" + text + "'") != std::string::npos &&
                       message.ends_with("did you mean '" + word.meant + "'?");
    EXPECT_TRUE(right) << word.before << text << word.after << "\n" << message;
    answered += right ? 1 : 0;
  }
  // For the table of scripts/bench policy.
  RecordProperty("tried", std::to_string(slips));
  RecordProperty("right", std::to_string(answered));
  EXPECT_GE(slips, kAtLeast) << "of " << words.size() << " words";
}

}  // namespace
}  // namespace policy::test
