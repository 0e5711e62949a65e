#include "protocol/session.h"

#include <gmock/gmock.h>
#include <string>

#include "unit/protocol/session_script.h"

namespace {

using protocol_test::kAck;
using protocol_test::kOffer;
using protocol_test::kWelcome;
using protocol_test::sample_capabilities;
using protocol_test::Script;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kBad = R"({"type":"welcome"})";
constexpr std::string_view kBadOffer = R"({"type":"offer","claim":{"jobId":"job-9"}})";
const std::string kMissing =
    "claim.gameId, claim.assetName, claim.model, claim.vramGbEstimate, claim.task and claim.modelSource are missing";

TEST(Session, OpensWithHelloAndSaysWhatItAdvertises) {
  Script script;
  EXPECT_THAT(script.connect(),
              ElementsAre("send hello token",
                          "info advertising engine=multi, vram=16.0/12.0GB threshold, auto_enabled=true, "
                          "only_when_idle=false, user_presence=active, kinds=[image, llm], "
                          "model_engines=[sd-cpp, synthetic], 2 model(s)=[sd-cpp:*, synthetic]"));
}

TEST(Session, WarnsOfAThresholdThatTheCardCannotHold) {
  auto capabilities = sample_capabilities();
  capabilities.vram_total_gb = 8;
  Script script(capabilities);
  EXPECT_THAT(script.connect(), ElementsAre("send hello token", StartsWith("info advertising"),
                                            "warn configured VRAM threshold 12.0GB exceeds detected GPU VRAM 8.0GB; "
                                            "jobs that cannot fit may be offered, lower vram_threshold_gb to at or "
                                            "below 8.0"));
  capabilities.vram_total_gb = 0;
  Script unknown(capabilities);
  EXPECT_EQ(unknown.connect().size(), 2U);
}

TEST(Session, SendsHeartbeatAndLogsAtOnceAfterTheWelcome) {
  Script script;
  script.connect();
  EXPECT_FALSE(script.session().welcomed());
  EXPECT_THAT(script.text(kWelcome),
              ElementsAre("welcomed w-18 2026-03-04T10:11:10Z",
                          "info server welcomed w-18 server_time=2026-03-04T10:11:10Z", "send heartbeat", "logs"));
  EXPECT_TRUE(script.session().welcomed());
}

TEST(Session, OnlyNotesASecondWelcome) {
  Script script;
  script.open();
  EXPECT_THAT(script.text(kWelcome),
              ElementsAre("info server welcomed w-18 server_time=2026-03-04T10:11:10Z (again, ignored)"));
}

TEST(Session, SendsNothingBeforeTheWelcome) {
  Script script;
  script.connect();
  script.logs_waiting();
  auto paused = sample_capabilities();
  paused.auto_enabled = false;
  EXPECT_THAT(script.capabilities(paused), IsEmpty());
  EXPECT_THAT(script.current_job(base::JobId("job-1")), IsEmpty());
  EXPECT_THAT(script.run_until(19'999), ElementsAre("15000 ping"));
  EXPECT_THAT(script.text(kWelcome),
              ElementsAre(StartsWith("welcomed"), StartsWith("info"), "send heartbeat paused job-1", "logs"));
}

TEST(Session, ThrowsAwayEveryFrameBeforeTheWelcome) {
  Script script;
  script.connect();
  EXPECT_THAT(script.text(kOffer), ElementsAre("warn server sent unexpected frame before welcome: offer [job-1]"));
  EXPECT_THAT(script.text(kAck), ElementsAre("warn server sent unexpected frame before welcome: heartbeatAck"));
  EXPECT_THAT(script.text(R"({"type":"completeAck","jobId":"j"})"),
              ElementsAre("warn server sent unexpected frame before welcome: completeAck"));
  EXPECT_THAT(script.text(R"({"type":"failAck","jobId":"j"})"),
              ElementsAre("warn server sent unexpected frame before welcome: failAck"));
  EXPECT_THAT(script.text(R"({"type":"gossip"})"),
              ElementsAre("warn server sent unexpected frame before welcome: gossip"));
  EXPECT_THAT(script.text(kBadOffer),
              ElementsAre("warn server sent unexpected frame before welcome: " + kMissing + " [job-9]"));
  EXPECT_EQ(script.session().counters().frames, 6U);
  EXPECT_EQ(script.session().counters().bad_frames, 1U);
  EXPECT_EQ(script.session().counters().unknown_frames, 1U);
  EXPECT_EQ(script.session().counters().rejected_unreadable, 0U);
}

TEST(Session, DeliversAnOfferAndNothingElse) {
  Script script;
  script.open();
  EXPECT_THAT(script.text(kOffer), ElementsAre("offer job-1"));
}

TEST(Session, ReportsAcknowledgements) {
  Script script;
  script.open();
  EXPECT_THAT(script.text(R"({"type":"completeAck","jobId":"job-1"})"),
              ElementsAre("complete-ack job-1", "info studio confirmed completion of job job-1 [job-1]"));
  EXPECT_THAT(script.text(R"({"type":"failAck","jobId":"job-2"})"),
              ElementsAre("fail-ack job-2", "info studio confirmed failure of job job-2 [job-2]"));
  EXPECT_THAT(script.text(kAck), IsEmpty());
}

TEST(Session, CountsAndIgnoresUnknownTypes) {
  Script script;
  script.open();
  EXPECT_THAT(script.text(R"({"type":"gossip","jobId":7})"), IsEmpty());
  EXPECT_EQ(script.session().counters().unknown_frames, 1U);
  EXPECT_EQ(script.session().counters().bad_frames, 0U);
}

TEST(Session, KeepsTheLinkAfterABadFrame) {
  Script script;
  script.open();
  EXPECT_THAT(script.text(kBad), ElementsAre("warn frame of the server refused: workerId and serverTime are missing"));
  EXPECT_EQ(script.session().counters().bad_frames, 1U);
  EXPECT_THAT(script.text(kOffer), ElementsAre("offer job-1"));
}

TEST(Session, RejectsAnUnreadableOfferWithTheReasonAndWithoutACode) {
  Script script;
  script.open();
  EXPECT_THAT(script.text(kBadOffer),
              ElementsAre("send reject job-9 code= " + kMissing,
                          "warn rejecting offer job-9: it cannot be read: " + kMissing + " [job-9]"));
  EXPECT_EQ(script.session().counters().bad_frames, 1U);
  EXPECT_EQ(script.session().counters().rejected_unreadable, 1U);
}

TEST(Session, EndsAfterTenBadFramesInARow) {
  Script script;
  script.open();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(script.text(kBad).size(), 1U) << i;
  EXPECT_THAT(script.text(kBadOffer),
              ElementsAre(StartsWith("send reject job-9"), StartsWith("warn rejecting offer job-9"),
                          "close 1002 10 unreadable frames in a row",
                          "ended disconnected: protocol error: 10 unreadable frames in a row"));
}

TEST(Session, StartsToCountAnewAfterAGoodFrame) {
  Script script;
  script.open();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 9; ++i) EXPECT_EQ(script.text(kBad).size(), 1U) << round << " " << i;
    EXPECT_THAT(script.text(kAck), IsEmpty());
  }
  EXPECT_EQ(script.session().counters().bad_frames, 27U);
}

TEST(Session, EndsAfterTenBadFramesBeforeTheWelcomeToo) {
  Script script;
  script.connect();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(script.text("{").size(), 1U) << i;
  EXPECT_THAT(script.text("{"),
              ElementsAre(StartsWith("warn server sent unexpected frame before welcome: not valid JSON"),
                          StartsWith("close 1002"), StartsWith("ended disconnected")));
}

TEST(Session, F7_ClosesOnABinaryFrame) {
  Script script;
  script.open();
  EXPECT_THAT(script.binary(),
              ElementsAre("warn protocol error: unexpected binary frame", "close 1003 unexpected binary frame",
                          "ended disconnected: protocol error: unexpected binary frame"));
  EXPECT_EQ(script.session().counters().bad_frames, 1U);
}

std::string error_frame(const std::string& code) {
  return R"({"type":"error","code":")" + code + R"(","message":"text of it"})";
}

TEST(ServerError, EndsTheSessionByItsCode) {
  const auto answer = [](const std::string& code) {
    Script script;
    script.open();
    return script.text(error_frame(code));
  };
  EXPECT_THAT(answer("auth_failed"), ElementsAre("error server error AuthFailed: text of it",
                                                 "close 1000 session ended", "ended auth-failed: text of it"));
  EXPECT_THAT(answer("worker_deleted"), ElementsAre("error server error WorkerDeleted: text of it",
                                                    "close 1000 session ended", "ended revoked: text of it"));
  EXPECT_THAT(answer("duplicate_worker"),
              ElementsAre("error server error DuplicateWorker: text of it", "close 1000 session ended",
                          "ended duplicate: DuplicateWorker: text of it"));
  EXPECT_THAT(answer("protocol_violation"),
              ElementsAre("error server error ProtocolViolation: text of it", "close 1000 session ended",
                          "ended fatal: ProtocolViolation: text of it"));
  EXPECT_THAT(answer("internal_error"),
              ElementsAre("error server error InternalError: text of it", "close 1000 session ended",
                          "ended fatal: InternalError: text of it"));
}

TEST(ServerError, BeforeTheWelcomeIsNamedInTheCloseFrame) {
  const auto answer = [](const std::string& code) {
    Script script;
    script.connect();
    return script.text(error_frame(code));
  };
  EXPECT_THAT(answer("auth_failed"), ElementsAre("error server error before welcome AuthFailed: text of it",
                                                 "close 1000 auth failed", "ended auth-failed: text of it"));
  EXPECT_THAT(answer("worker_deleted"), ElementsAre("error server error before welcome WorkerDeleted: text of it",
                                                    "close 1000 registration revoked", "ended revoked: text of it"));
  EXPECT_THAT(answer("protocol_violation"),
              ElementsAre("error server error before welcome ProtocolViolation: text of it",
                          "close 1000 protocol violation", "ended fatal: ProtocolViolation: text of it"));
}

TEST(ServerError, CannotPutControlCharactersIntoALine) {
  Script script;
  script.open();
  EXPECT_THAT(script.text(R"({"type":"error","code":"internal_error","message":"a\n\u001b[31mb"})").at(0),
              "error server error InternalError: a\\x0a\\x1b[31mb");
}

TEST(Close, N10_MeansWhatItsCodeSays) {
  const auto answer = [](std::uint16_t code, std::string_view reason) {
    Script script;
    script.open();
    return script.closed(code, reason);
  };
  EXPECT_THAT(answer(4001, "bad token"), ElementsAre("ended auth-failed: server closed 4001: bad token"));
  EXPECT_THAT(answer(4003, "newer"), ElementsAre("ended duplicate: server closed 4003: newer"));
  EXPECT_THAT(answer(4004, "gone"), ElementsAre("ended revoked: server closed 4004: gone"));
  EXPECT_THAT(answer(4002, "x"), ElementsAre("ended disconnected: server closed 4002: x"));
  EXPECT_THAT(answer(1000, ""), ElementsAre("ended disconnected: server closed 1000"));
  EXPECT_THAT(answer(1001, "away"), ElementsAre("ended disconnected: server closed 1001: away"));
  EXPECT_THAT(answer(1005, ""), ElementsAre("ended disconnected: server closed 1005"));
  EXPECT_THAT(answer(0, "connection reset by peer"), ElementsAre("ended disconnected: connection reset by peer"));
  EXPECT_THAT(answer(0, ""), ElementsAre("ended disconnected: connection closed by server"));
}

TEST(Close, N10_MeansTheSameBeforeTheWelcome) {
  Script script;
  script.connect();
  EXPECT_THAT(script.closed(4001, "bad token"), ElementsAre("ended auth-failed: server closed 4001: bad token"));
}

TEST(Session, StopsInOrderAtAnyTime) {
  Script early;
  early.connect();
  EXPECT_THAT(early.stop("the operator asked"),
              ElementsAre("close 1000 session ended", "ended stopped: the operator asked"));
  Script open;
  open.open();
  EXPECT_THAT(open.stop("SIGTERM"), ElementsAre("close 1000 session ended", "ended stopped: SIGTERM"));
}

}  // namespace
