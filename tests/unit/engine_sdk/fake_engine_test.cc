// The fake engine misbehaves in the ways that the tests of the core rely on.

#include <gtest/gtest.h>

#include "fakes/engine_process.h"

namespace {

class FakeEngine : public testing::Test {
 protected:
  void make_ready() {
    ASSERT_EQ(engine_.say_hello().at("type"), "ready");
    ASSERT_EQ(engine_.load("fake-llm").at("type"), "loaded");
  }

  void start(std::string_view prompt) {
    make_ready();
    engine_.start_job("j", {{"kind", "image"}, {"prompt", prompt}});
  }

  fakes::EngineProcess engine_{STUDIO_FAKE_ENGINE};
};

TEST_F(FakeEngine, CrashesBySignal) {
  start("crash please");
  const int status = engine_.wait();
  // A sanitizer turns the signal into an exit code of its own.
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
  EXPECT_TRUE(engine_.receive().empty());
}

TEST_F(FakeEngine, ExitsWithTheCodeThatIsAskedFor) {
  start("exit:7");
  EXPECT_EQ(WEXITSTATUS(engine_.wait()), 7);
}

TEST_F(FakeEngine, SendsFramesThatNobodyCanRead) {
  start("badframe");
  EXPECT_ANY_THROW(engine_.receive());
}

TEST_F(FakeEngine, AnnouncesFramesBeyondTheLimit) {
  start("oversize");
  EXPECT_TRUE(engine_.receive().empty());
}

TEST_F(FakeEngine, NamesResultsOutsideItsFolder) {
  start("escape");
  EXPECT_EQ(engine_.receive().at("file"), "../x");
}

TEST_F(FakeEngine, FloodsItsLogAndAnswers) {
  start("flood:500");
  EXPECT_EQ(engine_.receive().at("type"), "result");
  EXPECT_GT(engine_.stderr_text().size(), 100'000U);
}

TEST_F(FakeEngine, LeavesAChildThatKeepsTheSocketOpen) {
  start("grandchild");
  EXPECT_EQ(engine_.receive().at("type"), "result");
  engine_.send({{"type", "quit"}});
  EXPECT_EQ(engine_.wait(), 0);
  EXPECT_EQ(::kill(-engine_.pid(), 0), 0) << "the group still has a member";
}

TEST_F(FakeEngine, LeavesAChildInASessionOfItsOwn) {
  start("daemon");
  EXPECT_EQ(engine_.receive().at("type"), "result");
  engine_.send({{"type", "quit"}});
  EXPECT_EQ(engine_.wait(), 0);
  EXPECT_EQ(::kill(-engine_.pid(), 0), -1) << "the group is empty: the child left it";
}

TEST_F(FakeEngine, AnswersWithAFileOfTheSizeThatIsAskedFor) {
  make_ready();
  for (const char* prompt : {"fill:70000", "sparse:70000"}) {
    engine_.start_job(prompt, {{"kind", "image"}, {"prompt", prompt}});
    EXPECT_EQ(engine_.receive().at("file"), "result.png");
    EXPECT_EQ(std::filesystem::file_size(engine_.out_dir(prompt) + "/result.png"), 70'000U);
  }
}

TEST_F(FakeEngine, LoadsSlowlyAndAnswersThen) {
  engine_.say_hello();
  EXPECT_EQ(engine_.load("loadslow:0.05").at("model"), "loadslow:0.05");
}

TEST(FakeEngineArguments, NoreadyNeverAnswersHello) {
  fakes::EngineProcess engine(STUDIO_FAKE_ENGINE, {"--noready"});
  engine.send({{"type", "hello"}, {"protocol", 1}});
  EXPECT_TRUE(engine.is_silent_for(std::chrono::milliseconds(200)));
}

}  // namespace
