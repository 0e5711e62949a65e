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
  first->claim(1);
  first->stage = JobStage::kDelivering;
  EXPECT_EQ(jobs.current(), base::JobId("job-1"));
  const auto second = jobs.add(ActiveJob{.id = base::JobId("job-2")});
  second->claim(1);
  second->stage = JobStage::kRunning;
  EXPECT_EQ(jobs.current(), base::JobId("job-2"));
  jobs.erase(base::JobId("job-2"));
  EXPECT_EQ(jobs.current(), base::JobId("job-1"));
}

TEST(JobTable, AResultWithoutAClaimIsNeitherCurrentNorUnsettled) {
  worker::JobTable jobs;
  const auto job = jobs.add(ActiveJob{.id = base::JobId("job-1"), .stage = JobStage::kDelivering});
  EXPECT_FALSE(jobs.current());
  EXPECT_EQ(jobs.unsettled(), 0U);
  job->claim(2);
  EXPECT_EQ(jobs.unsettled(), 1U);
  EXPECT_EQ(jobs.working(), 0U);
}

}  // namespace
