// When the journal is synced for results that wait, so that a power cut does not take them.
#include "unit/worker/worker_fixture.h"

namespace worker_test {
namespace {

/// Counts the syncs of a real journal.
class SyncCounter final : public history::Journal {
 public:
  explicit SyncCounter(std::unique_ptr<history::Journal> journal) : journal_(std::move(journal)) {}

  boost::asio::awaitable<base::Status> sync() override {
    ++syncs;
    return journal_->sync();
  }

  base::Status accepted(const job::Offer& offer, const std::string& task_hash, base::WallTime at) override {
    return journal_->accepted(offer, task_hash, at);
  }
  base::Status produced(const history::Produced& result) override { return journal_->produced(result); }
  base::Status closed(const job::Record& record) override { return journal_->closed(record); }
  std::optional<history::Entry> find(const base::JobId& job) const override { return journal_->find(job); }
  std::vector<history::Produced> undelivered() const override { return journal_->undelivered(); }
  std::vector<base::JobId> abandoned() const override { return journal_->abandoned(); }
  const history::JournalCounters& counters() const override { return journal_->counters(); }
  const job::Usage& usage() const override { return journal_->usage(); }
  std::optional<base::Duration> typical_time(const job::Offer& offer) const override {
    return journal_->typical_time(offer);
  }
  base::Result<std::filesystem::path> make_job_folder(const base::JobId& job) override {
    return journal_->make_job_folder(job);
  }

  int syncs = 0;

 private:
  std::unique_ptr<history::Journal> journal_;
};

class LateResults : public Worker {
 protected:
  LateResults() {
    auto counting = std::make_unique<SyncCounter>(
        std::move(*history::Journal::open({.folder = folder_.path()}, io_.get_executor())));
    counter_ = counting.get();
    journal_ = std::move(counting);
    start();
  }
  void produce(const std::string& job) {
    say(offer_of(job));
    engines_.finish_json(job);
    clock_.settle();
  }

  SyncCounter* counter_ = nullptr;
};

TEST_F(LateResults, OneThatIsAcknowledgedAtOnceCostsNoSync) {
  for (const std::string job : {"job-1", "job-2", "job-3"}) {
    produce(job);
    clock_.pass(40ms);
    say(R"({"type":"completeAck","jobId":")" + job + R"("})");
  }
  clock_.pass(5s);
  EXPECT_EQ(counter("delivered"), 3);
  EXPECT_EQ(counter_->syncs, 0);
}

TEST_F(LateResults, OneThatWaitsIsSyncedOnce) {
  produce("job-1");
  clock_.pass(99ms);
  EXPECT_EQ(counter_->syncs, 0);
  clock_.pass(2ms);
  EXPECT_EQ(counter_->syncs, 1);
  clock_.pass(5s);
  EXPECT_EQ(counter_->syncs, 1);
}

TEST_F(LateResults, TheNextOneHasATimeOfItsOwn) {
  produce("job-1");
  clock_.pass(40ms);
  say(R"({"type":"completeAck","jobId":"job-1"})");
  clock_.pass(20ms);
  produce("job-2");
  clock_.pass(99ms);
  EXPECT_EQ(counter_->syncs, 0);
  clock_.pass(2ms);
  EXPECT_EQ(counter_->syncs, 1);
}

}  // namespace
}  // namespace worker_test
