#include <algorithm>
#include <cstdlib>
#include <map>

#include "hostile/containment_fixture.h"
#include "policy/logs/log_router.h"

namespace policy::test {
namespace {

int rounds() {
  const char* wanted = std::getenv("STUDIO_HOSTILE_ROUNDS");
  return wanted == nullptr ? 1 : std::atoi(wanted);
}

/// A kind of hook: how a case is chosen in it, and how it is asked.
struct Event {
  const char* name;
  const char* subject;
  asio::awaitable<Seen> (*ask)(Containment&, const Case&);
};

/// The name of the test would else hold its address.
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name
void PrintTo(const Event& event, std::ostream* out) {
  *out << event.name;
}

/// The lines of the log that say `what`.
std::vector<std::string> records_of(const std::string& log, std::string_view what) {
  std::vector<std::string> found;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (line.find(what) != std::string::npos) found.push_back(line);
  }
  return found;
}

/// An error must be recorded once, with its line; what is harmless, not at all.
bool recorded(const Case& one, const std::vector<std::string>& records) {
  if (one.fate == Fate::kHarmless) return records.empty();
  return records.size() == 1 && names_a_line_of(one, records.front()) && is_expected(one, records.front());
}

asio::awaitable<Seen> ask_offer(Containment& test, const Case& one) {
  const auto offer = make_offer(one.name);
  ::testing::internal::CaptureStderr();
  const auto start = std::chrono::steady_clock::now();
  const auto decision = co_await test.host->decide(offer, kNow);
  Seen seen;
  seen.took = std::chrono::steady_clock::now() - start;
  const auto records = records_of(::testing::internal::GetCapturedStderr(), "a hook failed");
  seen.what = records.empty() ? decision.reason : records.front();
  if (one.fate == Fate::kHarmless) {
    seen.contained = decision.accepted;
  } else {
    seen.contained = !decision.accepted && decision.reason == "policy error" &&
                     decision.code == job::RejectCode::kPaused && names_a_line_of(one, decision.rule);
  }
  seen.contained = seen.contained && recorded(one, records);
  co_return seen;
}

/// One reading of the sensors in which the machine runs a program, and has a card, of this name.
job::MachineFacts facts_named(const std::string& name) {
  job::MachineFacts facts;
  facts.apps.value = std::vector<std::string>{name};
  facts.gpus.value = std::vector<job::GpuFacts>{{.name = name, .total = 8 * base::kGiB, .free = 6 * base::kGiB}};
  return facts;
}

asio::awaitable<Seen> ask_sense(Containment& test, const Case& one) {
  // An error is recorded once, as long as it stays the same: a reading without one lies in between.
  const auto nothing = facts_named("nothing");
  co_await test.host->pause(nothing, kNow.now);
  EXPECT_EQ(test.host->vram_limit(kNow.now).bytes, std::nullopt);
  const auto facts = facts_named(one.name);
  ::testing::internal::CaptureStderr();
  const auto start = std::chrono::steady_clock::now();
  const auto pause = co_await test.host->pause(facts, kNow.now);
  Seen seen;
  seen.took = std::chrono::steady_clock::now() - start;
  const auto records = records_of(::testing::internal::GetCapturedStderr(), "a hook failed");
  seen.what = records.empty() ? "no opinion" : records.front();
  const auto bound = test.host->vram_limit(kNow.now).bytes;
  const bool pauses = pause.paused() && pause.held.front().title == "policy error" &&
                      pause.action() == pause::Action::kFinish && names_a_line_of(one, pause.held.front().rule);
  const bool harmless = one.fate == Fate::kHarmless;
  seen.contained = harmless ? !pause.paused() && !bound : pauses || bound == 3 * base::kGiB;
  seen.contained = seen.contained && recorded(one, records);
  co_return seen;
}

constexpr std::array kEvents = {Event{"offer", "facts.game", &ask_offer},
                                Event{"pause", "facts.apps[name] and name", &ask_sense},
                                Event{"budget", "facts.name", &ask_sense}};

class InHooks : public Containment, public ::testing::WithParamInterface<Event> {
 public:
  void copy_cases() {
    for (const auto& entry : fs::directory_iterator(kHostileFolder)) {
      if (entry.path().extension() == ".lua") fs::copy(entry.path(), folder);
    }
  }

  static asio::awaitable<Seen> best_of(InHooks& test, const Case& one) {
    Seen best;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      test.latest_beat = {};
      const auto& event = GetParam();
      const auto seen = co_await event.ask(test, one);
      co_await test.expect_next_right();
      if (attempt == 0 || !seen.contained || seen.took < best.took) best = seen;
      best.beat = attempt == 0 ? test.latest_beat : std::min(best.beat, test.latest_beat);
      if (!best.contained || (best.took <= kSoft && best.beat <= kLatestBeat)) break;
    }
    co_return best;
  }

  /// Has the hooks of this file in force.
  static asio::awaitable<void> turn_to(InHooks& test, const std::string& file) {
    const auto generation = test.host->status().generation;
    const auto& event = GetParam();
    test.history.clear();
    const auto text =
        runner("hooks.lua", {{"@event@", event.name}, {"@subject@", event.subject}, {"@prefix@", file.substr(0, 3)}});
    const auto saved = base::write_file_atomically(test.folder / "case.lua", text);
    EXPECT_TRUE(saved);
    co_await test.until_generation(generation + 1);
    EXPECT_EQ(test.host->status().error, "");
  }

  static asio::awaitable<void> round(InHooks& test, bool show) {
    std::string file;
    for (const Case& one : test.cases) {
      if (one.fate == Fate::kLoadError) continue;
      if (std::exchange(file, one.file) != one.file) co_await turn_to(test, file);
      const auto seen = co_await best_of(test, one);
      if (show) test.row(one.name, GetParam().name, seen);
      EXPECT_TRUE(seen.contained) << one.name << ": " << seen.what;
      EXPECT_LE(seen.took, kSoft) << one.name;
      EXPECT_LE(seen.beat, kLatestBeat) << one.name;
    }
  }

  std::vector<Case> cases = read_cases();
};

TEST_P(InHooks, EveryHostileCaseIsStoppedAndTheNextDecisionIsRight) {
  copy_cases();
  write(folder / "case.lua", runner("load.lua"));
  run_with_heartbeat([](Containment& containment) -> asio::awaitable<void> {
    auto& test = static_cast<InHooks&>(containment);
    EXPECT_EQ(test.host->status().error, "");
    co_await round(test, true);
    const auto before = resident_bytes();
    for (int i = 0; i < rounds(); ++i) co_await round(test, false);
    const auto grown = resident_bytes() - before;
    std::printf("core memory after another %d rounds: %+ld KiB\n", rounds(), grown / 1024);
    EXPECT_TRUE(kSanitized || grown <= kMemoryNoise) << grown;
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
  EXPECT_GT(rows, 120);
}

INSTANTIATE_TEST_SUITE_P(Policy, InHooks, ::testing::ValuesIn(kEvents),
                         [](const auto& event) { return std::string(event.param.name); });

constexpr int kWarmUp = 20;  // loads before the first look at the memory

class AtLoad : public InHooks {
 public:
  long before = 0;
};

/// Saves case.lua for this case and waits for what becomes of it.
asio::awaitable<Seen> load(AtLoad& test, const Case& one, int attempt) {
  const auto generation = test.host->status().generation;
  test.history.clear();
  ::testing::internal::CaptureStderr();
  const auto start = std::chrono::steady_clock::now();
  // The same text again would be no change.
  const auto text = runner("load.lua", {{"@case@", one.name}}) + "-- " + std::to_string(attempt) + "\n";
  const auto saved = base::write_file_atomically(test.folder / "case.lua", text);
  EXPECT_TRUE(saved);
  co_await test.expect_next_right();
  std::function<bool(const PolicyStatus&)> answered = [&test](const PolicyStatus&) { return !test.history.empty(); };
  co_await test.until(std::move(answered));
  Seen seen;
  seen.took = std::chrono::steady_clock::now() - start;
  const auto records = records_of(::testing::internal::GetCapturedStderr(), "is refused");
  const auto status = test.host->status();
  const bool harmless = one.fate == Fate::kHarmless;
  seen.what = records.empty() ? "in force" : records.front();
  seen.contained = recorded(one, records) && status.generation == generation + (harmless ? 1 : 0) &&
                   !status.safe_mode && (harmless ? status.error.empty() : names_a_line_of(one, status.error));
  co_return seen;
}

/// Loads every case once, each time over the policy that is in force.
asio::awaitable<void> load_all(AtLoad& test) {
  for (const Case& one : test.cases) {
    if (one.fate == Fate::kHookError) continue;
    Seen seen;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      test.latest_beat = {};
      const auto again = co_await load(test, one, attempt);
      const auto beat = attempt == 0 ? test.latest_beat : std::min(seen.beat, test.latest_beat);
      if (attempt == 0 || !again.contained || again.took < seen.took) seen = again;
      seen.beat = beat;
      if (!seen.contained || (seen.took <= kLoad && seen.beat <= kLatestBeat)) break;
    }
    test.row(one.name, "load", seen);
    EXPECT_TRUE(seen.contained) << one.name << ": " << seen.what;
    EXPECT_LE(seen.took, kLoad) << one.name;
    EXPECT_LE(seen.beat, kLatestBeat) << one.name;
    co_await test.expect_next_right();
    if (test.rows == kWarmUp) test.before = resident_bytes();
  }
}

TEST_F(AtLoad, EveryHostileCaseIsRefusedAndTheLastGoodPolicyStays) {
  copy_cases();
  write(folder / "case.lua", runner("load.lua"));
  run_with_heartbeat([](Containment& containment) -> asio::awaitable<void> {
    auto& test = static_cast<AtLoad&>(containment);
    EXPECT_EQ(test.host->status().error, "");
    for (int i = 0; i < std::max(1, rounds() / 10); ++i) co_await load_all(test);
    const auto grown = resident_bytes() - test.before;
    std::printf("core memory after the first %d: %+ld KiB\n", kWarmUp, grown / 1024);
    EXPECT_TRUE(kSanitized || grown <= kMemoryNoise) << grown;
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
  EXPECT_GT(rows, 120);
}

/// What a log hook makes of records: each case in a policy of its own, since a failing hook is named once a policy.
class InLogHooks : public Containment {
 public:
  InLogHooks() {
    options.logs = router;
    router->on_studio([this](const base::log::Record& record) {
      arrived.push_back(record.message);
      changed.notify();
    });
    for (const auto& entry : fs::directory_iterator(kHostileFolder)) {
      if (entry.path().extension() == ".lua") fs::copy(entry.path(), folder);
    }
    // Comes before the case: what arrives as it was has passed no hook.
    write(folder / "80-logs.lua", with_worker("worker.log_to 'studio' { about = 'job' }\n"
                                              "worker.on('log', function(r) r.message = 'by the policy' end)\n"));
    write(folder / "case.lua", runner("load.lua"));
  }

  /// A record is there to be changed, as far as its facts go.
  static Case as_in_log(Case one) {
    if (one.name == "34-write") one.fate = Fate::kHarmless;
    if (one.name == "34-new-fact" || one.name == "34-insert") one.expected = "unknown fact";
    return one;
  }

  static asio::awaitable<base::Status> next_record(InLogHooks& test, std::size_t count) {
    while (test.arrived.size() < count) co_await test.changed.wait();
    co_return base::Status();
  }

  /// Writes a record that names the case as its job; what arrives of it at the studio.
  static asio::awaitable<std::string> send(InLogHooks& test, std::string job) {
    test.arrived.clear();
    test.router->take({std::chrono::system_clock::now(),
                       base::log::Level::kInfo,
                       "ws",
                       "as it was",
                       {{"job", std::move(job)}},
                       {},
                       true});
    auto waiting = base::with_timeout(*test.clock, kLongWait, std::string("record"), next_record(test, 1));
    const auto came = co_await std::move(waiting);
    EXPECT_TRUE(came) << "a record was lost";
    co_return came ? test.arrived.front() : std::string();
  }

  static asio::awaitable<void> turn_to(InLogHooks& test, const Case& one, int attempt) {
    const auto generation = test.host->status().generation;
    test.history.clear();
    // The same text again would be no change.
    const auto text = runner("hooks.lua", {{"@event@", "log"}, {"@subject@", "facts.job"}, {"@prefix@", one.name}}) +
                      "-- " + std::to_string(attempt) + "\n";
    const auto saved = base::write_file_atomically(test.folder / "case.lua", text);
    EXPECT_TRUE(saved);
    co_await test.until_generation(generation + 1);
  }

  static asio::awaitable<Seen> ask(InLogHooks& test, const Case& one, int attempt) {
    ::testing::internal::CaptureStderr();
    co_await turn_to(test, one, attempt);
    test.latest_beat = {};
    const auto start = std::chrono::steady_clock::now();
    const auto came = co_await send(test, one.name);
    Seen seen;
    seen.took = std::chrono::steady_clock::now() - start;
    seen.beat = test.latest_beat;
    const auto next = co_await send(test, "next");
    const auto records = records_of(::testing::internal::GetCapturedStderr(), "a log hook failed");
    seen.what = records.empty() ? came : records.front();
    const bool harmless = one.fate == Fate::kHarmless;
    seen.contained =
        came == (harmless ? "by the policy" : "as it was") && next == "by the policy" && recorded(one, records);
    co_return seen;
  }

  static asio::awaitable<void> round(InLogHooks& test) {
    for (const Case& each : read_cases()) {
      if (each.fate == Fate::kLoadError) continue;
      const Case one = as_in_log(each);
      Seen seen;
      for (int attempt = 0; attempt < kTries; ++attempt) {
        seen = co_await ask(test, one, attempt);
        co_await test.expect_next_right();
        if (!seen.contained || (seen.took <= kSoft && seen.beat <= kLatestBeat)) break;
      }
      test.row(one.name, "log", seen);
      EXPECT_TRUE(seen.contained) << one.name << ": " << seen.what;
      EXPECT_LE(seen.took, kSoft) << one.name;
      EXPECT_LE(seen.beat, kLatestBeat) << one.name;
      if (test.rows == kWarmUp) test.before = resident_bytes();
    }
  }

  std::shared_ptr<logs::LogRouter> router =
      std::make_shared<logs::LogRouter>(io.get_executor(), io.get_executor(), *clock, root.path() / "logs");
  std::vector<std::string> arrived;
  long before = 0;
};

TEST_F(InLogHooks, EveryHostileCaseLeavesItsRecordAsItWasAndTheNextOneRight) {
  run_with_heartbeat([](Containment& containment) -> asio::awaitable<void> {
    auto& test = static_cast<InLogHooks&>(containment);
    EXPECT_EQ(test.host->status().error, "");
    for (int i = 0; i < std::max(1, rounds() / 10); ++i) co_await round(test);
    const auto grown = resident_bytes() - test.before;
    std::printf("core memory after the first %d: %+ld KiB\n", kWarmUp, grown / 1024);
    EXPECT_TRUE(kSanitized || grown <= kMemoryNoise) << grown;
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
  EXPECT_GT(rows, 120);
}

}  // namespace
}  // namespace policy::test
