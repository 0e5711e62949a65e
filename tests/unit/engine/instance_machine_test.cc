#include "engine/instance/instance_machine.h"

#include <csignal>
#include <gtest/gtest.h>

namespace engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string show(const Outcome& outcome) {
  if (const auto* failure = std::get_if<job::Failure>(&outcome)) {
    return std::string(to_string(failure->failure)) + ": " + failure->message;
  }
  return "a result";
}

std::string show(const Action& action) {
  static constexpr std::array kCommands = {"hello", "load", "run", "cancel", "quit"};
  if (const auto* send = std::get_if<Send>(&action)) return kCommands.at(static_cast<std::size_t>(send->command));
  if (const auto* signal = std::get_if<Signal>(&action)) return "signal " + std::to_string(signal->number);
  const auto& finish = std::get<Finish>(action);
  return (finish.untouched ? "finish untouched, " : "finish ") + show(finish.outcome);
}

std::string show(const Actions& actions) {
  std::string text;
  for (const Action& action : actions) text += (text.empty() ? "" : "; ") + show(action);
  return text;
}

/// One machine_ and a clock that the test moves.
class InstanceMachineTest : public testing::Test {
 protected:
  static constexpr milliseconds kLoad = seconds(10);
  static constexpr milliseconds kIdle = seconds(60);

  InstanceMachineTest() : machine_("fake", Patience{kLoad, kIdle, milliseconds(250), milliseconds(1500)}) {}

  static JobTerms terms(const std::string& job, bool needs_load = false) {
    return {base::JobId(job), needs_load, seconds(5), seconds(30)};
  }
  static base::JobId id(const std::string& job) { return base::JobId(job); }
  static job::Artifacts result() { return job::JsonResult{"{}"}; }

  void become_idle() {
    machine_.start(now_);
    machine_.ready(1, now_);
  }
  void become_running(const std::string& job = "a") {
    become_idle();
    machine_.submit(terms(job), now_);
  }
  /// Moves the clock to the deadline and tells the machine_.
  std::string wait() {
    const auto due = machine_.deadline();
    if (!due) return "no deadline";
    EXPECT_EQ(show(machine_.overdue(*due - milliseconds(1))), "") << "it acts before its time";
    now_ = *due;
    return show(machine_.overdue(now_));
  }
  milliseconds waits() const {
    return machine_.deadline() ? std::chrono::duration_cast<milliseconds>(*machine_.deadline() - now_)
                               : milliseconds(-1);
  }

  base::SteadyTime now_{seconds(1000)};
  InstanceMachine machine_;
};

TEST_F(InstanceMachineTest, GreetsLoadsAndRunsTheFirstJob) {
  EXPECT_EQ(show(machine_.start(now_)), "hello");
  EXPECT_EQ(show(machine_.submit(terms("a", true), now_)), "");
  EXPECT_EQ(show(machine_.ready(1, now_)), "load");
  EXPECT_EQ(show(machine_.loaded(now_)), "run");
  EXPECT_EQ(show(machine_.result(id("a"), result(), now_)), "finish a result");
  EXPECT_EQ(machine_.phase(), Phase::kIdle);
  EXPECT_TRUE(machine_.accepts());
}

TEST_F(InstanceMachineTest, RunsAWarmJobAtOnce) {
  become_idle();
  EXPECT_EQ(show(machine_.submit(terms("a"), now_)), "run");
  EXPECT_FALSE(machine_.accepts());
}

TEST_F(InstanceMachineTest, CountsTheLoadFromTheStartOfTheProgram) {
  machine_.start(now_);
  machine_.submit(terms("a", true), now_);
  now_ += seconds(4);
  machine_.ready(1, now_);
  EXPECT_EQ(waits(), seconds(6));
  EXPECT_EQ(wait(), "signal 15");
  EXPECT_EQ(show(machine_.exited({true, SIGTERM}, "")),
            "finish model_load_failed: engine `fake` did not load the model within 10 s");
}

TEST_F(InstanceMachineTest, GivesAWarmEngineTheWholeTimeForAnotherLoad) {
  become_idle();
  now_ += seconds(30);
  EXPECT_EQ(show(machine_.submit(terms("a", true), now_)), "load");
  EXPECT_EQ(waits(), kLoad);
}

TEST_F(InstanceMachineTest, SaysWhenTheProgramWasNeverReady) {
  machine_.start(now_);
  machine_.submit(terms("a"), now_);
  EXPECT_EQ(wait(), "signal 15");
  EXPECT_EQ(show(machine_.exited({false, 0}, "")), "finish model_load_failed: engine `fake` was not ready within 10 s");
}

TEST_F(InstanceMachineTest, EndsWhatSpeaksAnotherVersion) {
  machine_.start(now_);
  machine_.submit(terms("a"), now_);
  EXPECT_EQ(show(machine_.ready(2, now_)), "signal 9");
  EXPECT_EQ(show(machine_.exited({true, SIGKILL}, "")),
            "finish crashed: engine broke the protocol: it speaks version 2, this worker version 1");
}

TEST_F(InstanceMachineTest, AsksAnIdleEngineToEnd) {
  become_idle();
  EXPECT_EQ(waits(), kIdle);
  EXPECT_EQ(wait(), "quit");
  EXPECT_EQ(waits(), milliseconds(250));
  EXPECT_EQ(show(machine_.exited({false, 0}, "")), "");
  EXPECT_FALSE(machine_.deadline().has_value());
}

TEST_F(InstanceMachineTest, P3_ClimbsTheWholeLadder) {
  become_running();
  EXPECT_EQ(show(machine_.cancel(now_)), "cancel");
  const auto asked = now_;
  EXPECT_EQ(wait(), "signal 15");
  EXPECT_EQ(now_ - asked, milliseconds(250));
  const auto termed = now_;
  EXPECT_EQ(wait(), "signal 15");
  EXPECT_EQ(now_ - termed, milliseconds(250));
  EXPECT_EQ(wait(), "signal 9");
  EXPECT_EQ(now_ - termed, milliseconds(1500));
  EXPECT_EQ(wait(), "no deadline");
  EXPECT_EQ(show(machine_.exited({true, SIGKILL}, "")), "finish cancelled: cancelled");
}

TEST_F(InstanceMachineTest, StaysWarmWhenTheCancelIsAnswered) {
  become_running();
  machine_.cancel(now_);
  EXPECT_EQ(show(machine_.failed(id("a"), {job::FailureClass::kCancelled, "stopped"}, now_)),
            "finish cancelled: cancelled");
  EXPECT_TRUE(machine_.accepts());
  EXPECT_EQ(waits(), kIdle);
}

TEST_F(InstanceMachineTest, CallsAJobCancelledThoughItsResultWasOnTheWay) {
  become_running();
  machine_.cancel(now_);
  EXPECT_EQ(show(machine_.result(id("a"), result(), now_)), "finish cancelled: cancelled");
  EXPECT_TRUE(machine_.accepts());
}

TEST_F(InstanceMachineTest, CancelsOnceAndOnlyAJob) {
  become_idle();
  EXPECT_EQ(show(machine_.cancel(now_)), "");
  machine_.submit(terms("a"), now_);
  EXPECT_EQ(show(machine_.cancel(now_)), "cancel");
  EXPECT_EQ(show(machine_.cancel(now_)), "");
}

TEST_F(InstanceMachineTest, EndsTheProcessWhenTheLoadIsCancelled) {
  machine_.start(now_);
  machine_.submit(terms("a", true), now_);
  EXPECT_EQ(show(machine_.cancel(now_)), "signal 15");
  EXPECT_EQ(show(machine_.ready(1, now_)), "") << "it is on its way out";
  EXPECT_EQ(show(machine_.exited({true, SIGTERM}, "")), "finish cancelled: cancelled");
}

TEST_F(InstanceMachineTest, TellsAStallFromALongJob) {
  become_running();
  for (int i = 0; i < 7; ++i) {
    now_ += seconds(4);
    machine_.alive(now_);
  }
  EXPECT_EQ(waits(), seconds(2)) << "30 s in total, 28 s are over";
  EXPECT_EQ(wait(), "cancel");
  EXPECT_EQ(show(machine_.failed(id("a"), {job::FailureClass::kCancelled, ""}, now_)),
            "finish timeout: the job took longer than 30 s");

  machine_.submit(terms("b"), now_);
  EXPECT_EQ(waits(), seconds(5));
  EXPECT_EQ(wait(), "signal 15") << "what is silent hears no cancel frame";
  EXPECT_EQ(show(machine_.exited({true, SIGTERM}, "")), "finish stalled: engine `fake` made no progress for 5 s");
}

TEST_F(InstanceMachineTest, P2_TimeInWhichWeStoodStillIsNotTheEngines) {
  machine_.start(now_);
  machine_.submit(terms("a", true), now_);
  now_ += seconds(3600);
  machine_.postpone(seconds(3595));
  EXPECT_EQ(waits(), seconds(5)) << "of the ten for the load";
  EXPECT_EQ(show(machine_.ready(1, now_)), "load");
  EXPECT_EQ(show(machine_.loaded(now_)), "run");
  now_ += seconds(3600);
  machine_.postpone(seconds(3599));
  EXPECT_EQ(show(machine_.overdue(now_)), "");
  machine_.alive(now_);
  EXPECT_EQ(waits(), seconds(5)) << "of the job, whose end moved too";
  for (int i = 0; i < 7; ++i) machine_.alive(now_ += seconds(4));
  EXPECT_EQ(waits(), seconds(1));
}

TEST_F(InstanceMachineTest, EndsWhatIgnoresTheCancelAfterATimeout) {
  become_running();
  for (int i = 0; i < 30; ++i) machine_.alive(now_ += seconds(1));
  EXPECT_EQ(show(machine_.overdue(now_)), "cancel");
  EXPECT_EQ(wait(), "signal 15");
  EXPECT_EQ(show(machine_.exited({true, SIGTERM}, "")), "finish timeout: the job took longer than 30 s");
}

TEST_F(InstanceMachineTest, P4_NamesTheSignalAndTheLastLine) {
  become_running();
  EXPECT_EQ(show(machine_.exited({true, SIGSEGV}, "CUDA error\x1b[0m")),
            "finish crashed: engine `fake` ended with signal 11 (Segmentation fault); it said last: "
            "CUDA error\\x1b[0m");
}

TEST_F(InstanceMachineTest, P4_NamesTheExitCode) {
  become_running();
  machine_.alive(now_);
  EXPECT_EQ(show(machine_.exited({false, 1}, "")), "finish crashed: engine `fake` ended with exit code 1");
}

TEST_F(InstanceMachineTest, P4_TakesAKillThatIsNotOursForTheMemory) {
  const std::string message = "finish oom_ram: engine `fake` was killed by signal 9 (out of memory?)";
  become_running();
  EXPECT_EQ(show(machine_.exited({true, SIGKILL}, "")), message);
  machine_ = InstanceMachine("fake", Patience{kLoad, kIdle, milliseconds(250), milliseconds(1500)});
  become_running();
  EXPECT_EQ(show(machine_.exited({false, 137}, "")), message) << "as a shell in between reports it";
}

TEST_F(InstanceMachineTest, CutsALongLastLine) {
  become_running();
  EXPECT_LT(show(machine_.exited({false, 1}, std::string(5000, 'x'))).size(), 450U);
}

TEST_F(InstanceMachineTest, PassesTheEnginesFailureOn) {
  become_running();
  EXPECT_EQ(show(machine_.failed(id("a"), {job::FailureClass::kOomVram, "full"}, now_)), "finish oom_vram: full");
  EXPECT_TRUE(machine_.accepts());
}

TEST_F(InstanceMachineTest, EndsTheProcessAfterAFailedLoad) {
  become_idle();
  machine_.submit(terms("a", true), now_);
  EXPECT_EQ(show(machine_.failed(id(""), {job::FailureClass::kModelMissing, "no file"}, now_)), "quit");
  EXPECT_EQ(show(machine_.exited({false, 0}, "")), "finish model_missing: no file");
}

TEST_F(InstanceMachineTest, IgnoresAnswersForOtherJobs) {
  become_running("b");
  EXPECT_EQ(show(machine_.result(id("a"), result(), now_)), "");
  EXPECT_EQ(show(machine_.failed(id("a"), {job::FailureClass::kCrashed, ""}, now_)), "");
  EXPECT_EQ(show(machine_.failed(id(""), {job::FailureClass::kCrashed, ""}, now_)), "") << "no load is under way";
  EXPECT_EQ(show(machine_.loaded(now_)), "");
  EXPECT_EQ(show(machine_.ready(1, now_)), "");
  EXPECT_EQ(machine_.phase(), Phase::kRunning);
}

TEST_F(InstanceMachineTest, KillsWhatBreaksTheProtocol) {
  become_running();
  EXPECT_EQ(show(machine_.broke_protocol("a frame without a type", now_)), "signal 9");
  EXPECT_EQ(show(machine_.exited({true, SIGKILL}, "")),
            "finish crashed: engine broke the protocol: a frame without a type");
}

TEST_F(InstanceMachineTest, WaitsForTheExitBehindAClosedChannel) {
  become_running();
  EXPECT_EQ(show(machine_.closed(false, now_)), "");
  EXPECT_EQ(show(machine_.exited({true, SIGSEGV}, "")),
            "finish crashed: engine `fake` ended with signal 11 (Segmentation fault)");
}

TEST_F(InstanceMachineTest, EndsWhatClosedItsChannelAndStays) {
  become_running();
  machine_.closed(false, now_);
  EXPECT_EQ(wait(), "signal 15");
  EXPECT_EQ(show(machine_.exited({true, SIGTERM}, "")),
            "finish crashed: engine broke the protocol: it closed its channel and did not end");
}

TEST_F(InstanceMachineTest, CallsAJobUntouchedWhenAWarmEngineHadEndedBeforeIt) {
  become_running();
  machine_.closed(true, now_);
  EXPECT_EQ(show(machine_.exited({true, SIGSEGV}, "")),
            "finish untouched, crashed: engine `fake` ended with signal 11 (Segmentation fault)");
}

TEST_F(InstanceMachineTest, CallsAJobUntouchedWhenAWarmEngineEndsWellWithoutAWord) {
  become_running();
  machine_.closed(false, now_);
  EXPECT_EQ(show(machine_.exited({false, 0}, "")), "finish untouched, crashed: engine `fake` ended with exit code 0");
}

TEST_F(InstanceMachineTest, DoesNotCallAJobUntouchedThatMayHaveBegun) {
  become_running();
  machine_.alive(now_);
  EXPECT_EQ(show(machine_.exited({false, 0}, "")), "finish crashed: engine `fake` ended with exit code 0");
  machine_ = InstanceMachine("fake", Patience{kLoad, kIdle, milliseconds(250), milliseconds(1500)});
  machine_.start(now_);
  machine_.submit(terms("a"), now_);
  machine_.ready(1, now_);
  EXPECT_EQ(show(machine_.exited({false, 0}, "")), "finish crashed: engine `fake` ended with exit code 0")
      << "a fresh engine would only do it again";
}

TEST_F(InstanceMachineTest, StopsWithAndWithoutAJob) {
  become_running();
  EXPECT_EQ(show(machine_.stop(now_)), "cancel; quit");
  EXPECT_EQ(show(machine_.stop(now_)), "");
  EXPECT_EQ(show(machine_.exited({false, 0}, "")), "finish cancelled: cancelled");
  EXPECT_EQ(show(machine_.stop(now_)), "");
  machine_ = InstanceMachine("fake", Patience{kLoad, kIdle, milliseconds(250), milliseconds(1500)});
  become_idle();
  EXPECT_EQ(show(machine_.stop(now_)), "quit");
}

}  // namespace
}  // namespace engine
