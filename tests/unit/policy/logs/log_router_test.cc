#include "policy/logs/log_router.h"

#include <fstream>
#include <gmock/gmock.h>

#include "../host_fixture.h"
#include "fakes/virtual_clock.h"
#include "policy/rules/rule_set.h"

namespace policy::logs {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using base::log::Level;
using base::log::Record;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Record line(std::string message, Level level = Level::kInfo, std::string category = "ws") {
  return {{}, level, std::move(category), std::move(message)};
}

std::vector<std::string> messages(const std::vector<HookQueue::Done>& done) {
  std::vector<std::string> all;
  all.reserve(done.size());
  for (const auto& each : done) all.push_back(each.record.message + (each.hooks_failed ? "!" : ""));
  return all;
}

std::optional<LogFacts> made(std::string message) {
  return LogFacts{Level::kInfo, "ws", std::move(message)};
}

TEST(HookQueue, TheAnswersGoToTheirRecordsInOrder) {
  HookQueue queue;
  for (const char* text : {"a", "b", "c"}) EXPECT_THAT(queue.push(line(text), true), IsEmpty());
  EXPECT_EQ(queue.next_batch().size(), 3U);
  EXPECT_THAT(queue.next_batch(), IsEmpty()) << "one at a time";
  EXPECT_THAT(messages(queue.settle({{made("A"), std::nullopt}, "x"})), ElementsAre("A", "b!"));
  EXPECT_EQ(queue.next_batch().at(0).message, "c") << "what the answer did not reach";
  EXPECT_THAT(messages(queue.fail()), ElementsAre("c!"));
  EXPECT_TRUE(queue.empty());
}

TEST(HookQueue, WhatNoHookSeesWaitsForItsTurn) {
  HookQueue queue;
  static_cast<void>(queue.push(line("a"), true));
  static_cast<void>(queue.push(line("about the policy"), false));
  static_cast<void>(queue.push(line("b"), true));
  EXPECT_THAT(queue.take_unasked(), IsEmpty());
  EXPECT_EQ(queue.next_batch().size(), 1U);
  EXPECT_THAT(queue.take_unasked(), IsEmpty());
  EXPECT_THAT(messages(queue.settle({{made("A")}, ""})), ElementsAre("A"));
  EXPECT_THAT(messages(queue.take_unasked()), ElementsAre("about the policy"));
  EXPECT_EQ(queue.next_batch().at(0).message, "b");
}

TEST(HookQueue, WhatHasNoRoomLeavesInOrderAlsoFromTheBatchThatIsOut) {
  HookQueue queue;
  for (std::size_t i = 0; i < HookQueue::kCapacity; ++i) static_cast<void>(queue.push(line(std::to_string(i)), true));
  EXPECT_EQ(queue.next_batch().size(), HookQueue::kBatch);
  EXPECT_THAT(messages(queue.push(line("new"), true)), ElementsAre("0!"));
  EXPECT_THAT(messages(queue.settle({{made("A"), made("B")}, ""})), ElementsAre("B")) << "the first has gone already";
  EXPECT_EQ(queue.next_batch().at(0).message, "2");
}

TEST(HookQueue, AnAnswerThatCannotBeIsNone) {
  HookQueue queue;
  static_cast<void>(queue.push(line("a"), true));
  EXPECT_EQ(queue.next_batch().size(), 1U);
  EXPECT_THAT(messages(queue.settle({{made("A"), made("B")}, ""})), ElementsAre("a!"));
}

/// The router with a disk and a studio that are looked at; the hooks are this test.
class LogRouterTest : public testing::Test {
 protected:
  LogRouterTest() {
    router_->on_studio([this](const Record& record) { studio_.push_back(record.message); });
  }
  ~LogRouterTest() override { base::log::set_router(nullptr); }

  void apply(const std::string& text) {
    const auto runtime = test::load(text);
    ASSERT_TRUE(runtime);
    router_->apply(runtime->rules().logs, runtime->has_hooks()[HookEvent::kLog]);
  }
  void start() {
    tasks_.spawn("run", router_->run([this](std::vector<LogFacts> records) { return answer(std::move(records)); }));
    clock_.settle();
  }
  asio::awaitable<base::Result<Rewritten>> answer(std::vector<LogFacts> records) {
    ++batches_;
    while (waits_) co_await go_on_.wait();
    if (!error_.empty()) co_return base::Error{base::Code::kUnavailable, error_};
    Rewritten rewritten;
    for (LogFacts& record : records) {
      record.message = "<" + record.message + ">";
      rewritten.records.emplace_back(std::move(record));
    }
    co_return rewritten;
  }
  void stop() {
    tasks_.cancel_all();
    clock_.settle();
    tasks_.spawn("finish",
                 router_->finish([this](std::vector<LogFacts> records) { return answer(std::move(records)); }));
    clock_.settle();
  }
  template <class Write>
  std::string console(Write write) {
    testing::internal::CaptureStderr();
    write();
    clock_.settle();
    disk_.restart();
    disk_.run();
    return testing::internal::GetCapturedStderr();
  }
  std::string file(const std::string& name) const {
    std::ifstream in(folder_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  base::TempDir root_ = *base::TempDir::create("log-router");
  fs::path folder_ = root_.path() / "logs";
  asio::io_context io_{1};
  asio::io_context disk_{1};
  fakes::VirtualClock clock_{io_};
  std::shared_ptr<LogRouter> router_ =
      std::make_shared<LogRouter>(io_.get_executor(), disk_.get_executor(), clock_, folder_);
  std::vector<std::string> studio_;
  int batches_ = 0;
  bool waits_ = false;
  std::string error_;
  base::Event go_on_;
  base::TaskGroup tasks_{io_.get_executor()};
};

TEST_F(LogRouterTest, APolicyThatSaysNothingAboutLogsChangesNothing) {
  apply("worker.game '*' {}");
  EXPECT_THAT(
      console([] { EXPECT_FALSE(base::log::note(Level::kInfo, "ws", "noted", {}, {})) << "the caller ships it"; }),
      HasSubstr("[ws] noted\n"));
}

TEST_F(LogRouterTest, EveryRecordGoesWhereItsEntriesSay) {
  apply(R"(worker.log_to 'none' { about = 'heartbeat' }
worker.log_to 'file:jobs.jsonl' { about = 'job', format = 'json' }
worker.log_to 'file:all.log' { level = 'debug' }
worker.log_to 'studio' { level = 'warn' }
worker.log_to 'console' { about = 'worker', format = 'json' })");
  const auto said = console([] {
    base::log::warn("heartbeat", "beat");
    base::log::debug("ws", "detail");
    EXPECT_TRUE(base::log::note(Level::kInfo, "ws", "noted", {{"job", "7"}}, {{"game", "tide-runner"}}));
    base::log::warn("worker", "careful", {{"why", "x"}});
  });
  EXPECT_THAT(said, HasSubstr(R"("level":"warn","category":"worker","message":"careful","why":"x"})"));
  EXPECT_EQ(count(said, "\n"), 1U) << said;
  EXPECT_EQ(count(file("jobs.jsonl"), "\n"), 1U);
  EXPECT_THAT(file("jobs.jsonl"), HasSubstr(R"("message":"noted","job":"7","game":"tide-runner"})"));
  EXPECT_EQ(count(file("all.log"), "\n"), 3U) << file("all.log");
  EXPECT_THAT(studio_, ElementsAre("careful"));
}

TEST_F(LogRouterTest, WhatNoEntryTakesGoesToTheUsualPlaces) {
  apply("worker.log_to 'file:a.log' { about = 'engine' }");
  const auto said = console([] {
    base::log::info("worker", "started");
    base::log::debug("worker", "detail");
    EXPECT_TRUE(base::log::note(Level::kInfo, "ws", "noted", {}, {}));
  });
  EXPECT_THAT(said, HasSubstr("[worker] started"));
  EXPECT_THAT(said, HasSubstr("[ws] noted"));
  EXPECT_THAT(said, Not(HasSubstr("detail")));
  EXPECT_THAT(studio_, ElementsAre("noted"));
}

TEST_F(LogRouterTest, AReloadChangesTheRoutingAndAnEmptyOneEndsIt) {
  apply("worker.log_to 'file:a.log' {}");
  EXPECT_EQ(console([] { base::log::info("ws", "one"); }), "");
  apply("worker.log_to 'file:b.log' {}");
  EXPECT_EQ(console([] { base::log::info("ws", "two"); }), "");
  apply("");
  EXPECT_THAT(console([] { base::log::info("ws", "three"); }), HasSubstr("three"));
  EXPECT_THAT(file("a.log"), HasSubstr("one\n"));
  EXPECT_THAT(file("b.log"), HasSubstr("two\n"));
  EXPECT_EQ(count(file("a.log") + file("b.log"), "\n"), 2U);
}

TEST_F(LogRouterTest, ALimitIsSaidWhenItsPeriodEnds) {
  apply("worker.log_to 'console' { at_most = '2/min' }");
  start();
  const auto said = console([] {
    for (int i = 0; i < 5; ++i) base::log::info("ws", "line");
  });
  EXPECT_EQ(count(said, "line"), 2U);
  EXPECT_EQ(console([this] { clock_.pass(59s); }), "");
  EXPECT_THAT(console([this] { clock_.pass(1s); }),
              HasSubstr("[logs] 3 more were not written: there were too many rule=p.lua:2"));
  EXPECT_EQ(console([this] { clock_.pass(1min); }), "");
  stop();
}

TEST_F(LogRouterTest, TheHooksSeeARecordBeforeItIsWritten) {
  apply("worker.log_to 'file:a.log' {}\nworker.on('log', function() end)");
  start();
  waits_ = true;
  EXPECT_EQ(console([] {
              base::log::info("ws", "one");
              base::log::info("ws", "two");
            }),
            "");
  EXPECT_EQ(file("a.log"), "");
  console([this] {
    waits_ = false;
    go_on_.notify();
  });
  const auto text = file("a.log");
  EXPECT_LT(text.find("<one>"), text.find("<two>"));
  EXPECT_EQ(count(text, "\n"), 2U);
  EXPECT_EQ(batches_, 1);
  stop();
}

TEST_F(LogRouterTest, HooksThatDoNotAnswerLoseNothingAndAreToldOnce) {
  apply("worker.log_to 'file:a.log' { about = 'ws' }\nworker.on('log', function() end)");
  start();
  error_ = "it died";
  std::string said;
  for (int i = 0; i < 3; ++i) said += console([] { base::log::info("ws", "kept"); });
  EXPECT_EQ(count(said, "[ws] kept"), 3U) << "the usual places, not the entry's";
  EXPECT_EQ(count(said, "a log hook failed"), 1U) << said;
  EXPECT_THAT(said, HasSubstr("it died"));
  EXPECT_EQ(file("a.log"), "");
  stop();
}

TEST_F(LogRouterTest, WhatThePolicySaysOfItsTroubleIsAskedNobodyAbout) {
  apply("worker.on('log', function() end)");
  start();
  EXPECT_THAT(console([] { base::log::warn("policy", "the policy host ended"); }), HasSubstr("the policy host ended"));
  EXPECT_EQ(batches_, 0);
  EXPECT_THAT(console([] { base::log::info("policy", "accepted"); }), HasSubstr("<accepted>"));
  stop();
}

TEST_F(LogRouterTest, TheEndWritesWhatWaits) {
  apply("worker.on('log', function() end)");
  start();
  waits_ = true;
  console([] { base::log::info("ws", "out"); });
  console([] { base::log::info("ws", "waiting"); });
  waits_ = false;
  const auto said = console([this] { stop(); });
  EXPECT_THAT(said, HasSubstr("<out>"));
  EXPECT_THAT(said, HasSubstr("<waiting>"));
  EXPECT_THAT(console([] { base::log::info("ws", "after"); }), HasSubstr("[ws] after"));
}

TEST_F(LogRouterTest, AnEndWithoutAnAnswerWritesTheOriginals) {
  apply("worker.log_to 'none' {}\nworker.on('log', function() end)");
  start();
  waits_ = true;
  console([] {
    for (int i = 0; i < 100; ++i) base::log::info("ws", "kept");
  });
  waits_ = false;
  error_ = "it died";
  EXPECT_EQ(count(console([this] { stop(); }), "[ws] kept"), 100U);
}

/// The real child.
class LogHostTest : public test::PolicyHostTest {
 protected:
  LogHostTest() { options.logs = std::make_shared<LogRouter>(io.get_executor(), io.get_executor(), *clock, logs); }
  ~LogHostTest() override { base::log::set_router(nullptr); }

 public:
  std::string text() const {
    std::ifstream in(logs / "a.log");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static asio::awaitable<base::Status> written(LogHostTest& test, std::string part) {
    while (test.text().find(part) == std::string::npos) {
      const auto soon = test.clock->now() + 5ms;
      co_await test.clock->sleep_until(soon);
    }
    co_return base::Status();
  }
  asio::awaitable<void> until_written(std::string part) {
    auto waiting = base::with_timeout(*clock, test::kLongWait, std::string("line"), written(*this, part));
    const auto seen = co_await std::move(waiting);
    EXPECT_TRUE(seen) << "no '" << part << "' in: " << text();
  }
  fs::path logs = root.path() / "logs";
};

TEST_F(LogHostTest, TheChildRedactsAndADeadChildLosesNothing) {
  test::write(folder / "a.lua", test::with_worker("worker.log_to 'file:a.log' {}\n"
                                                  "worker.on('log', function(r) r.message = r.message:upper() end)"));
  testing::internal::CaptureStderr();
  run([](test::PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = static_cast<LogHostTest&>(base);
    base::log::info("ws", "before");
    co_await test.until_written("BEFORE");
    ::kill(test::host_pids().at(0), SIGSTOP);
    base::log::info("ws", "while it hangs");
    std::function<bool(const PolicyStatus&)> restarted = [](const PolicyStatus& status) {
      return status.restarts == 1;
    };
    co_await test.until(std::move(restarted));
    base::log::info("ws", "after");
    co_await test.until_written("AFTER");
    EXPECT_EQ(test.host->status().errors, 1U);
  });
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("[ws] while it hangs"));
  EXPECT_THAT(text(), Not(HasSubstr("while it hangs")));
}

TEST_F(LogHostTest, ABrokenHookSaysItsLineOnceAndNothingIsLost) {
  test::write(folder / "a.lua", test::with_worker("worker.log_to 'file:a.log' { about = 'policy' }\n"
                                                  "worker.on('log', function(r) r.message = r.game .. '' end)"));
  testing::internal::CaptureStderr();
  run([](test::PolicyHostTest& base) -> asio::awaitable<void> {
    auto& test = static_cast<LogHostTest&>(base);
    for (int i = 0; i < 200; ++i) base::log::info("ws", "line");
    co_await test.until_written("a.lua:3");
    co_await test.expect("accepted");
  });
  const auto said = testing::internal::GetCapturedStderr();
  std::size_t lines = 0;
  for (auto at = said.find("[ws] line"); at != std::string::npos; at = said.find("[ws] line", at + 1)) ++lines;
  EXPECT_EQ(lines, 200U);
  const auto errors = text();
  EXPECT_EQ(errors.find("a log hook failed"), errors.rfind("a log hook failed"));
}

}  // namespace
}  // namespace policy::logs
