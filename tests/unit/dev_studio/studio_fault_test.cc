#include <gmock/gmock.h>

#include "desk_driver.h"

namespace desk {
namespace {

using fakes::Desk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string chats_with(const std::string& faults) {
  return R"({"jobs":[{"kind":"llm","count":3,"unique_prompts":false,"prompt":"p"}],"faults":)" + faults + "}";
}

std::string images_with(const std::string& faults) {
  return R"({"jobs":[{"kind":"image","count":3,"unique_prompts":false,"prompt":"p"}],"faults":)" + faults + "}";
}

std::string done(const std::string& job) {
  return fakes::complete(job, fakes::chat(), "p");
}

TEST(StudioFault, DropsAfterTheNthAccept) {
  Desk desk(chats_with(R"({"drop_mid_job":2})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  EXPECT_FALSE(desk.closed.contains(session));
  desk.say(session, done("job-1"));
  desk.say(session, fakes::accept("job-2"));
  EXPECT_EQ(desk.closed[session], Desk::kDropped);
  EXPECT_EQ(desk.job("job-2").attempts, 1U);
}

TEST(StudioFault, ClosesWithACodeAfterTheNthAccept) {
  Desk desk(chats_with(R"({"close_with":"4002@1"})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  EXPECT_EQ(desk.closed[session], 4002);
  EXPECT_THAT(desk.last(session), HasSubstr("protocol_violation"));
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioFault, ASilentSessionNeitherSendsNorHears) {
  Desk desk(chats_with(R"({"go_silent_job":1})"));
  const SessionId first = desk.arrive();
  desk.say(first, fakes::accept("job-1"));
  EXPECT_EQ(desk.closed[first], Desk::kSilent);
  const std::size_t sent = desk.sent[first].size();
  desk.say(first, done("job-1"));
  EXPECT_EQ(desk.sent[first].size(), sent);
  const SessionId second = desk.arrive();
  EXPECT_EQ(desk.closed[first], Desk::kDropped);
  EXPECT_THAT(desk.offers(second), ElementsAre("job-2"));
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioFault, TheFirstSessionGoesSilentAfterItsTime) {
  Desk desk(chats_with(R"({"go_silent_after":1.5})"));
  const SessionId session = desk.arrive();
  EXPECT_EQ(desk->next_wake(), desk.now + std::chrono::milliseconds(1500));
  desk.pass(std::chrono::milliseconds(1500));
  EXPECT_EQ(desk.closed[session], Desk::kSilent);
}

TEST(StudioFault, SendsGarbageBeforeTheNthOffer) {
  Desk desk(chats_with(R"({"garbage":1,"garbage_kinds":["array","binary","cut-json"]})"));
  const SessionId session = desk.arrive();
  EXPECT_EQ(desk.sent[session].size(), 6U);
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1"));
  EXPECT_EQ(desk->record().counted("out.garbage"), 3U);
}

TEST(StudioFault, OffersTwiceAndLetsTheWorkerRejectOne) {
  Desk desk(chats_with(R"({"offer_twice":1})"));
  const SessionId session = desk.arrive();
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-1"));
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, fakes::reject("job-1", "busy"));
  desk.say(session, done("job-1"));
  EXPECT_THAT(desk.rules(), IsEmpty());
  EXPECT_EQ(desk.job("job-1").deliveries, 1U);
}

TEST(StudioFault, OffersTwiceAndLetsTheWorkerAcceptBoth) {
  Desk desk(chats_with(R"({"offer_twice":1})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, done("job-1"));
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, done("job-1"));
  EXPECT_THAT(desk.rules(), IsEmpty());
  EXPECT_EQ(desk.job("job-1").deliveries, 1U);
  desk.say(session, done("job-1"));
  EXPECT_THAT(desk.rules(), ElementsAre("unknown-job"));
}

TEST(StudioFault, OffersAFinishedJobAgain) {
  Desk desk(images_with(R"({"reoffer_done":1})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.upload("job-1", "p");
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-1"));
  desk.say(session, fakes::accept("job-1"));
  EXPECT_EQ(desk.upload("job-1", "p"), 200U);
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-1", "job-2"));
  EXPECT_EQ(desk.outcome("job-1"), "done");
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioFault, ASecondDeliveryWithOtherBytesIsAViolation) {
  Desk desk(images_with(R"({"reoffer_done":1})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.upload("job-1", "p");
  desk.say(session, fakes::accept("job-1"));
  desk.upload("job-1", "p", "png", wire::make_png("b"));
  EXPECT_THAT(desk.rules(), ElementsAre("changed-result"));
}

TEST(StudioFault, AFinishedJobStaysDoneWhenItsSecondOfferIsTurnedDown) {
  Desk desk(images_with(R"({"reoffer_done":1})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.upload("job-1", "p");
  desk.say(session, fakes::reject("job-1", ""));
  EXPECT_EQ(desk.outcome("job-1"), "done");
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-1", "job-2"));
}

TEST(StudioFault, LosesAJsonResultAndItsConnection) {
  Desk desk(chats_with(R"({"no_json_ack":1})"));
  const SessionId first = desk.arrive();
  desk.say(first, fakes::accept("job-1"));
  desk.say(first, done("job-1"));
  EXPECT_EQ(desk->next_wake(), desk.now + std::chrono::milliseconds(100));
  desk.pass(std::chrono::milliseconds(100));
  EXPECT_EQ(desk.closed[first], Desk::kDropped);
  EXPECT_EQ(desk.job("job-1").state, JobState::kQueued);
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioFault, TurnsUploadsAwayWith503) {
  Desk desk(images_with(R"({"upload_503":2})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  EXPECT_EQ(desk.upload("job-1", "p"), 503U);
  EXPECT_EQ(desk.upload("job-1", "p"), 503U);
  EXPECT_EQ(desk.upload("job-1", "p"), 200U);
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioFault, AWebPageForAnswerLosesTheResultUntilTheWorkerIsIdleForLong) {
  Desk desk(images_with(R"({"upload_html":1})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  EXPECT_EQ(desk.upload("job-1", "p"), 200U);
  EXPECT_EQ(desk.job("job-1").state, JobState::kAccepted);
  for (int i = 0; i < 3; ++i) desk.beat(session);
  EXPECT_EQ(desk.job("job-1").attempts, 1U);
  EXPECT_EQ(desk.offers(session).back(), "job-2");
}

TEST(StudioFault, CutsTheNthUpload) {
  Desk desk(images_with(R"({"cut_upload":[2]})"));
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  EXPECT_FALSE(desk->begin_upload("w-1", "job-1", desk.now).cut);
  EXPECT_TRUE(desk->begin_upload("w-1", "job-1", desk.now).cut);
}

TEST(StudioFault, AnswersTheNthUpgradeWithAStatus) {
  Desk desk(images_with(R"({"upgrade_status":"503@2"})"));
  EXPECT_FALSE(desk->refuse_upgrade());
  EXPECT_EQ(desk->refuse_upgrade(), 503U);
  EXPECT_FALSE(desk->refuse_upgrade());
}

}  // namespace
}  // namespace desk
