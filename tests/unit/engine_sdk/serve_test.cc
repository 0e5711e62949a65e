#include "engine_sdk/serve.h"

#include <gtest/gtest.h>

#include "fakes/engine_process.h"

namespace {

namespace json = boost::json;
using fakes::EngineProcess;

json::object chat(std::string_view text) {
  return {{"kind", "llm"}, {"messages", json::array{{{"role", "user"}, {"content", text}}}}};
}

class Serve : public testing::Test {
 protected:
  void make_ready() {
    ASSERT_EQ(engine_.say_hello().at("type"), "ready");
    ASSERT_EQ(engine_.load("fake-llm").at("type"), "loaded");
  }

  static std::string text_of(const json::object& result) {
    return std::string(result.at("json").at_pointer("/choices/0/message/content").as_string());
  }

  EngineProcess engine_{STUDIO_FAKE_ENGINE};
};

TEST_F(Serve, GreetsLoadsAndAnswersJobAfterJob) {
  const json::object ready = engine_.say_hello();
  EXPECT_EQ(ready.at("name"), "fake");
  EXPECT_EQ(ready.at("protocol"), 1);
  const json::object loaded = engine_.load("fake-llm");
  EXPECT_EQ(loaded.at("model"), "fake-llm");
  EXPECT_EQ(loaded.at("vram_bytes"), 1 << 20);
  for (int i = 0; i < 50; ++i) {
    const std::string job = "job-" + std::to_string(i);
    const json::object result = engine_.run(job, chat(job));
    EXPECT_EQ(result.at("job"), json::string_view(job));
    EXPECT_EQ(text_of(result), job);
  }
}

TEST_F(Serve, ResultFilesLieInTheFolderOfTheJob) {
  make_ready();
  const json::object result = engine_.run("j", {{"kind", "image"}, {"prompt", "a boat"}});
  EXPECT_EQ(result.at("file"), "result.png");
  EXPECT_TRUE(std::filesystem::exists(engine_.out_dir("j") + "/result.png"));
}

TEST_F(Serve, ACancelIsSeenDuringTheJobAndTheEngineGoesOn) {
  make_ready();
  engine_.start_job("long", chat("slow:4"));
  EXPECT_EQ(engine_.receive().at("type"), "progress");
  engine_.send({{"type", "cancel"}, {"job", "long"}});
  const json::object failed = engine_.receive_answer();
  EXPECT_EQ(failed.at("job"), "long");
  EXPECT_EQ(failed.at("class"), "cancelled");
  EXPECT_EQ(text_of(engine_.run("next", chat("well"))), "well");
}

TEST_F(Serve, ACancelOfAnotherJobChangesNothing) {
  make_ready();
  engine_.start_job("this", chat("slow:0.1"));
  engine_.send({{"type", "cancel"}, {"job", "that"}});
  EXPECT_EQ(engine_.receive_answer().at("type"), "result");
}

TEST_F(Serve, ProgressNamesTheJobAndItsSteps) {
  make_ready();
  engine_.start_job("j", chat("slow:0.02"));
  const json::object progress = engine_.receive();
  EXPECT_EQ(progress.at("type"), "progress");
  EXPECT_EQ(progress.at("job"), "j");
  EXPECT_EQ(progress.at("step"), 1);
  EXPECT_EQ(progress.at("steps"), 20);
  EXPECT_EQ(progress.at("note"), "working");
  EXPECT_DOUBLE_EQ(progress.at("fraction").as_double(), 0.05);
}

TEST_F(Serve, ASecondJobIsRefusedWhileOneRuns) {
  make_ready();
  engine_.start_job("first", chat("slow:2"));
  engine_.start_job("second", chat("hello"));
  const json::object refused = engine_.receive_answer();
  EXPECT_EQ(refused.at("job"), "second");
  EXPECT_EQ(refused.at("class"), "bad_request");
  EXPECT_EQ(engine_.receive_answer().at("job"), "first");
}

TEST_F(Serve, QuitEndsTheProgramWithCodeZero) {
  make_ready();
  engine_.send({{"type", "quit"}});
  EXPECT_EQ(engine_.wait(), 0);
}

TEST_F(Serve, TheEndOfTheSocketEndsTheProgramEvenDuringAJob) {
  make_ready();
  engine_.start_job("j", chat("hang"));
  engine_.hang_up();
  EXPECT_EQ(engine_.wait(), 0);
}

TEST_F(Serve, NothingIsDoneBeforeHello) {
  EXPECT_EQ(engine_.load("fake-llm").at("class"), "bad_request");
  EXPECT_EQ(engine_.say_hello().at("type"), "ready");
}

TEST_F(Serve, AJobNeedsALoadedModel) {
  engine_.say_hello();
  EXPECT_EQ(engine_.load("loadfail").at("class"), "model_load_failed");
  EXPECT_EQ(engine_.run("j", chat("hello")).at("class"), "bad_request");
}

TEST_F(Serve, ARunWithoutItsMembersFailsAndTheNextOneWorks) {
  make_ready();
  engine_.send({{"type", "run"}, {"job", "j"}, {"task", json::object()}});
  const json::object failed = engine_.receive();
  EXPECT_EQ(failed.at("job"), "j");
  EXPECT_EQ(failed.at("class"), "bad_request");
  EXPECT_EQ(failed.at("message"), "run.out_dir must be a string");
  EXPECT_EQ(text_of(engine_.run("next", chat("well"))), "well");
}

TEST_F(Serve, WhatTheEngineThrowsBecomesAFailure) {
  make_ready();
  const json::object failed = engine_.run("j", json::object{{"kind", "llm"}});
  EXPECT_EQ(failed.at("class"), "crashed");
  EXPECT_EQ(text_of(engine_.run("next", chat("well"))), "well");
}

TEST_F(Serve, UnknownFrameTypesAreIgnored) {
  make_ready();
  engine_.send({{"type", "weather"}, {"rain", true}});
  engine_.send({{"no", "type"}});
  EXPECT_EQ(text_of(engine_.run("j", chat("well"))), "well");
}

TEST_F(Serve, GarbageEndsTheProgramWithALineOnStderr) {
  make_ready();
  engine_.send_raw(std::string_view("\x03\0\0\0{]}", 7));
  const int status = engine_.wait();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_NE(engine_.stderr_text().find("no JSON object"), std::string::npos);
}

TEST_F(Serve, AFrameBeyondTheLimitEndsTheProgramWithALineOnStderr) {
  make_ready();
  engine_.send_raw(std::string_view("\x01\0\0\x04", 4));
  const int status = engine_.wait();
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_NE(engine_.stderr_text().find("longer than"), std::string::npos);
}

TEST_F(Serve, AnotherProtocolVersionEndsTheProgramWithALineOnStderr) {
  engine_.send({{"type", "hello"}, {"protocol", 99}});
  EXPECT_EQ(WEXITSTATUS(engine_.wait()), 2);
  EXPECT_NE(engine_.stderr_text().find("protocol must be 1"), std::string::npos);
}

TEST_F(Serve, APromptOfManyMegabytesArrivesWhole) {
  make_ready();
  const std::string text(15'000'000, 'w');
  const json::object result = engine_.run("j", chat(text));
  EXPECT_EQ(text_of(result), text);
}

TEST_F(Serve, FailureClassesTravelByName) {
  make_ready();
  for (const char* name : {"bad_request", "model_missing", "oom_vram", "oom_ram", "stalled", "unsupported"}) {
    EXPECT_EQ(engine_.run(name, chat("fail:" + std::string(name))).at("class"), json::string_view(name));
  }
}

}  // namespace
