#include <gmock/gmock.h>

#include "desk_driver.h"
#include "digest/sha256.h"

namespace desk {
namespace {

using fakes::Desk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kImages =
    R"({"jobs":[{"kind":"image","count":2,"unique_prompts":false,"prompt":"p","expect":"any"}]})";
constexpr const char* kChats =
    R"({"jobs":[{"kind":"llm","count":2,"unique_prompts":false,"prompt":"p","expect":"any"}]})";

TEST(StudioResult, AnUploadSettlesTheJobAndTheNextOneFollows) {
  Desk desk(kImages, {.keeps_files = true});
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  EXPECT_EQ(desk.upload("job-1", "p"), 200U);
  EXPECT_EQ(desk.outcome("job-1"), "done");
  EXPECT_EQ(desk.job("job-1").result->file, "job-1.png");
  EXPECT_EQ(desk.job("job-1").result->sha256, digest::sha256_hex(wire::make_png("a")));
  EXPECT_THAT(desk.offers(session), ElementsAre("job-1", "job-2"));
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioResult, AnUploadMayOvertakeItsAccept) {
  Desk desk(kImages);
  const SessionId session = desk.arrive();
  EXPECT_EQ(desk.upload("job-1", "p"), 200U);
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, fakes::accept("job-2"));
  EXPECT_EQ(desk.upload("job-2", "p"), 200U);
  EXPECT_THAT(desk.rules(), IsEmpty());
  EXPECT_EQ(desk->answer_latencies().size(), 2U);
}

TEST(StudioResult, AnUploadOfAnUnclaimedJobIsAConflictWithoutBlame) {
  Desk desk(kImages);
  const SessionId first = desk.arrive();
  desk.say(first, fakes::accept("job-1"));
  desk.lose(first);
  EXPECT_EQ(desk.upload("job-1", "p"), 409U);
  EXPECT_EQ(desk.upload("job-2", "p"), 409U);
  EXPECT_EQ(desk.upload("job-77", "p"), 404U);
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioResult, DeliveringTwiceInOneSessionIsAViolation) {
  Desk desk(kImages);
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.upload("job-1", "p");
  EXPECT_EQ(desk.upload("job-1", "p"), 409U);
  EXPECT_THAT(desk.rules(), ElementsAre("duplicate-delivery"));
}

TEST(StudioResult, ARestartedWorkerMayAskWhetherItsResultArrived) {
  Desk desk(kImages);
  const SessionId first = desk.arrive();
  desk.say(first, fakes::accept("job-1"));
  desk.upload("job-1", "p");
  desk.lose(first);
  desk.arrive();
  EXPECT_EQ(desk.upload("job-1", "p"), 409U);
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioResult, AWrongPromptIsAViolation) {
  Desk desk(kImages);
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  EXPECT_EQ(desk.upload("job-1", "p…"), 200U);
  EXPECT_THAT(desk.rules(), ElementsAre("prompt"));
}

TEST(StudioResult, WrongBytesAreAViolation) {
  Desk desk(kImages);
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.upload("job-1", "p", "png", "not a picture");
  EXPECT_THAT(desk.rules(), ElementsAre("result-bytes"));
}

TEST(StudioResult, AnExtensionThatIsAPathNeverNamesAFile) {
  Desk desk(kImages, {.keeps_files = true});
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.upload("job-1", "p", "../x");
  EXPECT_EQ(desk.job("job-1").result->file, "job-1.bin");
}

TEST(StudioResult, AJsonResultIsStoredAndAcknowledged) {
  Desk desk(kChats, {.keeps_files = true});
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, fakes::complete("job-1", fakes::chat(), "p"));
  EXPECT_EQ(desk.sent[session].at(3), R"({"type":"completeAck","jobId":"job-1"})");
  EXPECT_THAT(desk.stored["job-1.json"], HasSubstr("chat.completion"));
  EXPECT_THAT(desk.rules(), IsEmpty());
}

TEST(StudioResult, AJsonResultOfTheWrongShapeIsAViolation) {
  Desk desk(kChats);
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, fakes::complete("job-1", R"({"object":"poem"})", "q"));
  EXPECT_THAT(desk.rules(), ElementsAre("result-json", "prompt"));
}

TEST(StudioResult, EachKindHasItsWayOfDelivery) {
  Desk images(kImages);
  const SessionId session = images.arrive();
  images.say(session, fakes::accept("job-1"));
  images.say(session, fakes::complete("job-1", fakes::chat(), "p"));
  EXPECT_THAT(images.rules(), ElementsAre("delivery-route"));
  Desk chats(kChats);
  chats.say(chats.arrive(), fakes::accept("job-1"));
  chats.upload("job-1", "p");
  EXPECT_THAT(chats.rules(), ElementsAre("delivery-route"));
}

TEST(StudioResult, CompletingTheSameJsonJobTwiceIsAViolation) {
  Desk desk(kChats);
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  desk.say(session, fakes::complete("job-1", fakes::chat(), "p"));
  desk.say(session, fakes::complete("job-1", fakes::chat(), "p"));
  EXPECT_THAT(desk.rules(), ElementsAre("unknown-job"));
  EXPECT_EQ(desk.closed[session], 4002);
}

TEST(StudioResult, AFormWithoutEndIsRefused) {
  Desk desk(kImages);
  const SessionId session = desk.arrive();
  desk.say(session, fakes::accept("job-1"));
  delivery::CompleteForm form([](std::string_view) {});
  EXPECT_EQ(desk->end_upload("w-1", "job-1", form, false, desk.now).answer.status, 400U);
  EXPECT_EQ(desk.job("job-1").state, JobState::kAccepted);
  EXPECT_THAT(desk.rules(), ElementsAre("upload-parts", "upload-form"));
}

}  // namespace
}  // namespace desk
