#include <csignal>

#include "base/async/run_on.h"
#include "base/log.h"
#include "hostile/containment_fixture.h"

// The items of the list that are no Lua: files as they cannot be written by hand, and what happens around the policy.

namespace policy::test {
namespace {

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string numbered(std::string_view before, std::string_view behind, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += std::string(before) + std::to_string(i) + std::string(behind);
  return all;
}

/// How a folder is spoiled, and a part of the error; no error when that is empty.
struct Spoiled {
  const char* name;
  std::string expected;
  std::function<void(const fs::path&)> spoil;
};

Spoiled source(const char* name, std::string expected, std::string text) {
  return {name, std::move(expected),
          [text = std::move(text)](const fs::path& folder) { write(folder / "50.lua", text); }};
}

std::vector<Spoiled> sources() {
  return {
      source("16-parentheses", "50.lua:1: ", "local x = " + repeated("(", 100'000)),
      source("16-tables", "50.lua:1: ", "local x = " + repeated("{", 100'000)),
      source("16-functions", "50.lua:1: ", repeated("return function() ", 10'000)),
      source("16-blocks", "50.lua:1: ", repeated("do ", 80'000)),
      source("16-nots", "50.lua:1: ", "local x = " + repeated("not ", 60'000) + "1"),
      source("16-joins", "50.lua:1: ", "local x = ''" + repeated(" .. ''", 40'000)),
      source("16-locals", "more than 200 local variables", numbered("local a", "\n", 20'000)),
      source("16-constants", "", "local x = {" + numbered("'k", "',", 25'000) + "}"),
      source("16-upvalues", "upvalues",
             numbered("local a", "\n", 150) + "do " + numbered("local b", "\n", 40) + "local function f() return " +
                 numbered("a", "+", 150) + numbered("b", "+", 40) + "1 end end"),
      source("16-a-file-that-is-too-large", "50.lua", repeated("-- a comment\n", 50'000)),
      source("32-bytecode-file", "50.lua: attempt to load chunk with wrong mode", std::string("\x1bLJ\x02\x08\x00", 6)),
      source("32-elf-file", "50.lua:1: ", std::string("\x7f\x45LF\x02\x01\x01\x00", 8)),
      source("39-bytes-in-a-source", "this is not UTF-8", "local \xff\xfe = 1"),
      source("39-zero-in-a-source", "50.lua:1: ", std::string("local x = 1 \0 while true do end", 31)),
  };
}

std::vector<Spoiled> folders() {
  return {
      {"16-many-files", "more than 64 policy files",
       [](const fs::path& folder) {
         std::ofstream unfinished(folder / "100.lua");
         unfinished << "--" << std::flush;  // the folder is read when this file is closed
         for (int i = 0; i < 100; ++i) write(folder / (std::to_string(i) + ".lua"), "");
       }},
      {"31-link-out", "link out of the policy folder",
       [](const fs::path& folder) { fs::create_symlink("/etc/passwd", folder / "50.lua"); }},
      {"31-link-to-itself", "50.lua", [](const fs::path& folder) { fs::create_symlink("50.lua", folder / "50.lua"); }},
      {"31-pipe", "is not a file",
       [](const fs::path& folder) { EXPECT_EQ(::mkfifo((folder / "50.lua").c_str(), 0600), 0); }},
      {"31-folder", "is not a file", [](const fs::path& folder) { fs::create_directory(folder / "50.lua"); }},
      {"39-file-with-escapes", "rename it", [](const fs::path& folder) { write(folder / "\x1b[2J\n.lua", ""); }},
      {"39-file-that-is-no-text", "rename it", [](const fs::path& folder) { write(folder / "\xff\xfe.lua", ""); }},
      {"39-file-with-a-place", "rename it", [](const fs::path& folder) { write(folder / "a.lua:1: b.lua", ""); }},
  };
}

/// Two folders change their names, one rename after the other.
bool exchange(const fs::path& one, const fs::path& other, const fs::path& away) {
  fs::rename(one, away);
  fs::rename(other, one);
  fs::rename(away, other);
  return true;
}

class Folders : public Containment {
 public:
  static asio::awaitable<void> expect_refused(Folders& test, const Spoiled& spoiled) {
    Seen seen;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      seen = co_await spoil_once(test, spoiled);
      if (!seen.contained || (seen.took <= kLoad && seen.beat <= kLatestBeat)) break;
    }
    test.row(spoiled.name, "load", seen);
    EXPECT_TRUE(seen.contained) << spoiled.name << ": " << seen.what;
    EXPECT_EQ(base::log::printable(seen.what), seen.what) << spoiled.name;
    EXPECT_LE(seen.took, kLoad) << spoiled.name;
    EXPECT_LE(seen.beat, kLatestBeat) << spoiled.name;
  }

  /// Spoils the folder, sees what becomes of it, and mends it.
  static asio::awaitable<Seen> spoil_once(Folders& test, const Spoiled& spoiled) {
    const auto good = test.root.path() / "good";
    fs::copy(test.folder, good);
    const auto generation = test.host->status().generation;
    test.history.clear();
    test.latest_beat = {};
    const auto start = std::chrono::steady_clock::now();
    // Somebody else's thread: how long the disk takes for it is nothing that the core could hold up.
    auto spoil = [&spoiled, &test] {
      spoiled.spoil(test.folder);
      return true;
    };
    co_await base::run_on(test.editor.get_executor(), std::move(spoil));
    std::function<bool(const PolicyStatus&)> answered = [&test](const PolicyStatus&) { return !test.history.empty(); };
    co_await test.until(std::move(answered));
    const auto status = test.host->status();
    Seen seen;
    seen.took = std::chrono::steady_clock::now() - start;
    seen.beat = test.latest_beat;
    seen.what = status.error.empty() ? "in force" : status.error;
    const bool fine = spoiled.expected.empty();
    seen.contained = fine ? status.error.empty() && status.generation == generation + 1
                          : status.error.find(spoiled.expected) != std::string::npos &&
                                status.generation == generation && !status.safe_mode;
    co_await test.expect_next_right();
    co_await restore(test, good);
    co_return seen;
  }

  static asio::awaitable<void> restore(Folders& test, const fs::path& good) {
    for (const auto& entry : fs::directory_iterator(test.folder)) {
      if (!fs::exists(good / entry.path().filename())) fs::remove_all(entry.path());
    }
    fs::remove_all(good);
    std::function<bool(const PolicyStatus&)> mended = [](const PolicyStatus& status) {
      return status.error.empty() && status.files.size() == 1;
    };
    co_await test.until(std::move(mended));
  }
};

TEST_F(Folders, AHostileFileIsRefusedAndTheLastGoodPolicyStays) {
  run_with_heartbeat([](Containment& containment) -> asio::awaitable<void> {
    auto& test = static_cast<Folders&>(containment);
    for (const Spoiled& spoiled : sources()) co_await expect_refused(test, spoiled);
    for (const Spoiled& spoiled : folders()) co_await expect_refused(test, spoiled);
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
}

TEST_F(Folders, ADecisionIsOfItsOwnTimeAlsoWhenTimeGoesBackwards) {
  write(folder / "50.lua", with_worker("worker.zone 'Europe/Berlin'\n"
                                       "worker.window 'night' { from = '22:00', to = '07:00' }\n"
                                       "worker.accept_during { 'night' }\n"
                                       "worker.on('offer', function()\n"
                                       "  if not worker.in_window 'night' then return worker.decline 'wrong' end\n"
                                       "end)\n"));
  run_with_heartbeat([](Containment& test) -> asio::awaitable<void> {
    const auto offer = make_offer();
    const auto night = utc(2026, 3, 24, 23);
    const auto start = std::chrono::steady_clock::now();
    int wrong = 0;
    for (int i = 0; i < 200; ++i) {
      // Each hour backwards from the last, through the year in which clocks went both ways.
      const auto now = night - std::chrono::hours(37 * i);
      const auto hour =
          std::chrono::duration_cast<std::chrono::hours>((now - std::chrono::floor<std::chrono::days>(now)));
      const auto decision = co_await test.host->decide(offer, at(now));
      // 06:00 to 20:00 UTC is day in Berlin, and 21:00 to 04:00 night, in summer and in winter.
      if (hour >= 6h && hour < 20h && decision.accepted) ++wrong;
      if ((hour >= 21h || hour < 5h) && !decision.accepted) ++wrong;
      if (decision.reason == "wrong") ++wrong;
    }
    Seen seen{wrong == 0, "200 decisions, each 37 hours before the last"};
    seen.took = (std::chrono::steady_clock::now() - start) / 200;
    seen.beat = test.latest_beat;
    test.row("38-time-backwards", "offer", seen);
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(seen.took, kSoft);
    EXPECT_EQ(test.host->status().errors, 0U);
  });
}

TEST_F(Folders, AFolderThatIsReplacedAHundredTimesASecondDecidesByWholePolicies) {
  run_with_heartbeat([](Containment& test) -> asio::awaitable<void> {
    const auto other = test.root.path() / "other";
    fs::copy(test.folder, other);
    write(other / "10-other.lua", "local never_used = 1\n");
    write(other / "case.lua", "this is broken");
    asio::steady_timer timer(test.io);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; ++i) {
      auto work = [&test, &other] { return exchange(test.folder, other, test.root.path() / "away"); };
      co_await base::run_on(test.editor.get_executor(), std::move(work));
      co_await test.expect_next_right();
      timer.expires_at(start + 10ms * (i + 1));
      boost::system::error_code failed;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    }
    Seen seen{true, "replaced 200 times in two seconds"};
    seen.took = (std::chrono::steady_clock::now() - start) / 200;
    seen.beat = test.latest_beat;
    fs::remove(test.folder / "case.lua");
    write(test.folder / "10-other.lua", declining("the last one"));
    std::function<bool(const PolicyStatus&)> whole = [](const PolicyStatus& status) {
      return status.error.empty() && status.files.size() == 2;
    };
    co_await test.until(std::move(whole));
    co_await test.expect("the last one");
    test.row("40-replaced-folder", "load", seen);
    EXPECT_LE(seen.beat, kLatestBeat);
  });
}

TEST_F(Folders, AChildThatHangsIsKilledAndBackInTime) {
  write(folder / "50.lua", with_worker("worker.on('offer', function() end)"));
  run_with_heartbeat([](Containment& test) -> asio::awaitable<void> {
    Seen best;
    Milliseconds back{};
    for (int attempt = 0; attempt < kTries; ++attempt) {
      co_await test.expect_next_right();
      test.latest_beat = {};
      ::kill(host_pids().at(0), SIGSTOP);
      const auto start = std::chrono::steady_clock::now();
      co_await test.expect("policy error: no verdict in time");
      const auto killed = std::chrono::steady_clock::now();
      co_await test.expect_next_right();
      best = {true, "killed and started again", killed - start, test.latest_beat};
      back = std::chrono::steady_clock::now() - killed;
      if (best.took <= kKilled && back <= kBack && best.beat <= kLatestBeat) break;
    }
    test.row("a hung child", "offer", best);
    std::printf("back after %.1f ms\n", back.count());
    EXPECT_LE(best.took, kKilled);
    EXPECT_LE(back, kBack);
    EXPECT_LE(best.beat, kLatestBeat);
  });
}

}  // namespace
}  // namespace policy::test
