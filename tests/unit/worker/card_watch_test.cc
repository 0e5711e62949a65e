// A card that falls off the bus in the middle of a job. The sensors are a stand-in.
#include "worker_fixture.h"

namespace worker_test {
namespace {

struct CardWatch : Worker {
  CardWatch() { sensors_.cards = {card(0, "GPU-a"), card(1, "GPU-b")}; }

  static job::GpuFacts card(std::uint32_t index, std::string uuid) {
    return {.index = index, .uuid = std::move(uuid), .name = "RTX A6000", .total = base::kGiB};
  }
  void start() {
    worker::WorkerOptions options;
    options.admission = {.max_jobs = 1, .vram_threshold_gb = 24, .vram_total = 2 * base::kGiB};
    options.gpus = sensors_.cards;
    Worker::start(std::move(options));
  }
  void fail(const std::string& job) {
    say(offer_of(job));
    engines_.finish(job, job::Failure{job::FailureClass::kCrashed, "signal 11"});
    clock_.settle();
    say(R"({"type":"failAck","jobId":")" + job + R"("})");
  }
  std::string degraded() { return std::string(status().at("degraded").as_string()); }
};

TEST_F(CardWatch, P5_ACardThatIsGoneAfterAFailedJobIsNoLongerCountedOn) {
  start();
  sensors_.cards.erase(sensors_.cards.begin());
  fail("job-1");
  EXPECT_EQ(degraded(), "GPU 0 (RTX A6000) is gone");
  EXPECT_TRUE(studio().has_sent(R"("vramTotalGb":1)"));
  say(offer_of("job-2"));  // needs 1.5 GiB
  EXPECT_TRUE(studio().has_sent(R"("code":"insufficient_memory")"));
  EXPECT_EQ(engines_.runs.size(), 1U);
  EXPECT_EQ(policy_.told.gpus.size(), 1U);
}

TEST_F(CardWatch, P5_ItIsLookedForUntilItIsBack) {
  start();
  const auto cards = std::exchange(sensors_.cards, {});
  fail("job-1");
  EXPECT_EQ(degraded(), "GPU 0 (RTX A6000), GPU 1 (RTX A6000) are gone");
  EXPECT_TRUE(studio().has_sent(R"("vramThresholdGb":0)"));
  const int probes = sensors_.probes;
  clock_.pass(worker::kLostCardLook * 3);
  EXPECT_EQ(sensors_.probes, probes + 3);
  sensors_.cards = {card(0, "GPU-b"), card(1, "GPU-a")};  // numbered in another order
  clock_.pass(worker::kLostCardLook);
  EXPECT_EQ(degraded(), "");
  reconnect();
  say(offer_of("job-2"));
  EXPECT_EQ(engines_.runs.size(), 2U);
  clock_.pass(worker::kLostCardLook * 3);
  EXPECT_EQ(sensors_.probes, probes + 4);
}

TEST_F(CardWatch, AFailureWithEveryCardInPlaceChangesNothing) {
  start();
  fail("job-1");
  EXPECT_EQ(sensors_.probes, 1);
  EXPECT_EQ(degraded(), "");
  clock_.pass(10min);
  EXPECT_EQ(sensors_.probes, 1);
}

TEST_F(CardWatch, AMachineWithoutCardsIsNotSearchedForThem) {
  sensors_.cards.clear();
  start();
  fail("job-1");
  EXPECT_EQ(sensors_.probes, 0);
}

}  // namespace
}  // namespace worker_test
