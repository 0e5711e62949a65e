#include "worker/job_table.h"

#include <gtest/gtest.h>

namespace {

using worker::ActiveJob;
using worker::JobStage;

TEST(JobTable, AJobThatIsStillBeingDecidedIsNotCurrent) {
  worker::JobTable jobs;
  jobs.add(ActiveJob{.id = base::JobId("job-1")});
  EXPECT_FALSE(jobs.current());
  EXPECT_EQ(jobs.working(), 1U);
}

TEST(JobTable, TheRunningJobIsCurrentBeforeOneThatIsBeingDelivered) {
  worker::JobTable jobs;
  const auto first = jobs.add(ActiveJob{.id = base::JobId("job-1")});
  jobs.claim(*first, 1);
  jobs.enter(*first, JobStage::kDelivering);
  EXPECT_EQ(jobs.current(), base::JobId("job-1"));
  const auto second = jobs.add(ActiveJob{.id = base::JobId("job-2")});
  jobs.claim(*second, 1);
  jobs.enter(*second, JobStage::kRunning);
  EXPECT_EQ(jobs.current(), base::JobId("job-2"));
  jobs.erase(base::JobId("job-2"));
  EXPECT_EQ(jobs.current(), base::JobId("job-1"));
}

TEST(JobTable, AJobWithItsReceiptIsNotCurrent) {
  worker::JobTable jobs;
  const auto job = jobs.add(ActiveJob{.id = base::JobId("job-1")});
  jobs.claim(*job, 1);
  jobs.enter(*job, JobStage::kDelivering);
  job->delivered = true;
  EXPECT_FALSE(jobs.current());
}

TEST(JobTable, AResultWithoutAClaimIsNeitherCurrentNorUnsettled) {
  worker::JobTable jobs;
  const auto job = jobs.add(ActiveJob{.id = base::JobId("job-1"), .stage = JobStage::kDelivering});
  EXPECT_FALSE(jobs.current());
  EXPECT_EQ(jobs.unsettled(), 0U);
  jobs.claim(*job, 2);
  EXPECT_EQ(jobs.unsettled(), 1U);
  EXPECT_EQ(jobs.working(), 0U);
  jobs.lose_claim(*job, job->claims);
  EXPECT_EQ(jobs.unsettled(), 0U);
}

TEST(JobTable, AnAttemptThatFailsLateDoesNotTakeTheNewClaim) {
  worker::JobTable jobs;
  const auto job = jobs.add(ActiveJob{.id = base::JobId("job-1"), .stage = JobStage::kDelivering});
  jobs.claim(*job, 1);
  const auto old = job->claims;
  jobs.claim(*job, 2);
  jobs.lose_claim(*job, old);
  EXPECT_EQ(job->session, 2U);
}

TEST(JobTable, TellsOfEveryChange) {
  worker::JobTable jobs;
  int told = 0;
  jobs.on_change([&] { ++told; });
  const auto job = jobs.add(ActiveJob{.id = base::JobId("job-1")});
  jobs.claim(*job, 1);
  jobs.enter(*job, JobStage::kDelivering);
  jobs.lose_claim(*job, job->claims);
  jobs.erase(job->id);
  EXPECT_EQ(told, 4);
}

}  // namespace
