#include <gmock/gmock.h>
#include <string>
#include <utility>
#include <vector>

#include "protocol/frames.h"
#include "protocol/json_view.h"

namespace {

using testing::HasSubstr;

const std::string kOffer =
    R"({"type":"offer","claim":{"jobId":"job-1","gameId":"g","assetName":"a","model":"m","vramGbEstimate":1.5,)"
    R"("task":{"kind":"image","prompt":"p","width":512,"ext":"png"},)"
    R"("modelSource":{"engine":"x","files":[{"role":"vae","url":"https://u","filename":"f.bin"}],)"
    R"("cliDefaults":{"cfgScale":1.0,"steps":8,"width":1,"height":1}}}})";

std::string replaced(const std::string& what, const std::string& with) {
  std::string text = kOffer;
  const std::size_t at = text.find(what);
  if (at == std::string::npos) ADD_FAILURE() << "not in the sample: " << what;
  return text.replace(std::min(at, text.size()), what.size(), with);
}

protocol::BadFrame refusal(const std::string& frame) {
  const protocol::ToWorker read = protocol::decode(frame);
  const auto* bad = std::get_if<protocol::BadFrame>(&read);
  if (bad == nullptr) ADD_FAILURE() << "was accepted: " << frame.substr(0, 300);
  return bad != nullptr ? *bad : protocol::BadFrame{};
}

struct Case {
  std::string what;
  std::string with;
  std::string reason;
};

void expect_refused(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what + " -> " + c.with.substr(0, 100));
    const protocol::BadFrame bad = refusal(replaced(c.what, c.with));
    EXPECT_THAT(bad.reason, HasSubstr(c.reason));
    EXPECT_EQ(bad.offer, base::JobId("job-1"));
  }
}

const std::vector<Case> kNumbers = {
    {"1.5,", "1e400,", "claim.vramGbEstimate must be a number from 0.0"},
    {"1.5,", "-1e400,", "claim.vramGbEstimate"},
    {"1.5,", "-0.5,", "claim.vramGbEstimate"},
    {"1.5,", "2e6,", "claim.vramGbEstimate"},
    {"1.5,", "\"1.5\",", "claim.vramGbEstimate must be a number"},
    {"1.5,", "null,", "claim.vramGbEstimate"},
    {"1.5,", "NaN,", "not valid JSON"},
    {"512", "-1", "claim.task.width must be a whole number from 0 to 4294967295"},
    {"512", "1.5", "claim.task.width"},
    {"512", "512.0", "claim.task.width"},
    {"512", "4294967296", "claim.task.width"},
    {"512", "9223372036854775808", "claim.task.width"},
    {"512", "null", "claim.task.width"},
    {"512,", "1,\"seed\":18446744073709551616,", "claim.task.seed"},
    {"512,", "1,\"denoise\":1e39,", "claim.task.denoise"},
    {"1.0", "1e400", "claim.modelSource.cliDefaults.cfgScale"},
    {":8,", ":-8,", "claim.modelSource.cliDefaults.steps"},
    {"\"height\":1", "\"height\":1,\"maxVramGib\":-1", "claim.modelSource.cliDefaults.maxVramGib"},
    {"\"f.bin\"", "\"f.bin\",\"approxBytes\":1e3", "claim.modelSource.files[0].approxBytes"},
};

TEST(Decode, RefusesNumbersOutOfRangeAndRejectsTheOffer) {
  expect_refused(kNumbers);
}

const std::vector<Case> kNames = {
    {"f.bin", "../f.bin", "claim.modelSource.files[0].filename must be a bare name"},
    {"f.bin", "/etc/f", "filename must be a bare name"},
    {"f.bin", "a\\\\f", "filename must be a bare name"},
    {"f.bin", "..", "filename must be a bare name"},
    {"f.bin", ".", "filename must be a bare name"},
    {"f.bin", "", "filename must not be empty"},
    {"f.bin", "a\\nb", "filename must not hold control characters"},
    {"f.bin", "a\\u0000b", "filename must not hold control characters"},
    {"f.bin", std::string(201, 'f'), "filename must not be longer than 200 bytes"},
    {"\"f.bin\"", "\"f.bin\",\"sha256\":\"12\"", "claim.modelSource.files[0].sha256 must be 64 hex digits"},
    {"https://u", "", "claim.modelSource.files[0].url must not be empty"},
    {"\"vae\"", "\"\"", "claim.modelSource.files[0].role must not be empty"},
    {"\"x\"", "\"\"", "claim.modelSource.engine must not be empty"},
    {"\"x\"", "\"x\\u0000\"", "claim.modelSource.engine must not hold control characters"},
    {"\"g\"", "\"g\\u0000\"", "claim.gameId must not hold control characters"},
    {"\"m\"", "\"m\\u0000\"", "claim.model must not hold control characters"},
    {"\"a\"", "\"a\\u0000\"", "claim.assetName must not hold control characters"},
    {"\"png\"", "\"../x\"", "claim.task.ext must consist of letters and digits"},
    {"\"png\"", "\"\"", "claim.task.ext must not be empty"},
};

TEST(Decode, NamesAllKeysThatAreMissingAtOnce) {
  const auto fault = [](std::string_view claim) { return protocol::decode_claim(claim).error().message; };
  EXPECT_EQ(fault("{}"),
            "claim.jobId, claim.gameId, claim.assetName, claim.model, claim.vramGbEstimate, claim.task and "
            "claim.modelSource are missing");
  EXPECT_EQ(fault(R"({"jobId":"7","gameId":3,"assetName":"a","model":"m","task":{},"modelSource":{"cliDefaults":{}}})"),
            "claim.vramGbEstimate is missing; claim.gameId must be a string; claim.modelSource.engine and "
            "claim.modelSource.files are missing; claim.modelSource.cliDefaults.cfgScale, "
            "claim.modelSource.cliDefaults.steps, claim.modelSource.cliDefaults.width and "
            "claim.modelSource.cliDefaults.height are missing; claim.task.kind is missing");
}

TEST(Decode, RefusesNamesThatAreNotSaneAndRejectsTheOffer) {
  expect_refused(kNames);
}

const std::vector<Case> kShapes = {
    {"\"image\"", "\"vision\"", "claim.task.kind is unknown to this worker: vision"},
    {"\"prompt\":\"p\",", "", "claim.task.prompt is missing"},
    {"\"prompt\":\"p\"", "\"prompt\":7", "claim.task.prompt must be a string"},
    {"{\"kind\":\"image\",\"prompt\":\"p\",\"width\":512,\"ext\":\"png\"}", "[]", "claim.task must be an object"},
    {"\"gameId\":\"g\",", "", "claim.gameId is missing"},
    {"\"gameId\":\"g\",", "\"gameId\":null,", "claim.gameId must be a string"},
    {"\"engine\":\"x\",", "", "claim.modelSource.engine is missing"},
    {"[{\"role\":\"vae\",\"url\":\"https://u\",\"filename\":\"f.bin\"}]", "[7]",
     "claim.modelSource.files[0] must be an object"},
    {"\"cfgScale\":1.0,", "", "claim.modelSource.cliDefaults.cfgScale is missing"},
    {"\"gameId\":\"g\"", "\"gameId\":\"g\",\"gameId\":\"h\"", "claim.gameId is there twice"},
    {"\"prompt\":\"p\"", "\"prompt\":\"p\",\"pr\\u006fmpt\":\"q\"", "claim.task.prompt is there twice"},
    {"\"steps\":8", "\"steps\":8,\"steps\":8", "claim.modelSource.cliDefaults.steps is there twice"},
    {"\"type\":\"offer\",", "\"type\":\"offer\",\"type\":\"offer\",", "type is there twice"},
    {"\"prompt\":\"p\"", "\"prompt\":\"\\ud800\"", "not valid JSON at byte"},
    {"\"prompt\":\"p\"", "\"prompt\":\"\xFF\"", "not valid JSON at byte"},
    {"\"prompt\":\"p\"", "\"prompt\":\"cut of", "not valid JSON at byte"},
    {"512", std::string(100'000, '['), "nested deeper than 32 levels"},
    {"512", std::string(29, '[') + std::string(29, ']'), "claim.task.width must be a number"},
    {"512", std::string(30, '[') + std::string(30, ']'), "nested deeper than 32 levels"},
};

TEST(Decode, RefusesClaimsOfTheWrongShapeAndRejectsTheOffer) {
  expect_refused(kShapes);
}

struct TaskCase {
  std::string task;
  std::string reason;
};

const std::vector<TaskCase> kTasks = {
    {R"({"kind":"llm"})", "claim.task.messages is missing"},
    {R"({"kind":"llm","messages":[{"role":"user","content":"a"},{"role":"user","content":[]}]})",
     "claim.task.messages[1].content must be a string"},
    {R"({"kind":"llm","messages":[{"content":"a"}]})", "claim.task.messages[0].role is missing"},
    {R"({"kind":"llm","messages":[{"role":"user","role":"user","content":"a"}]})", "messages[0].role is there twice"},
    {R"({"kind":"llm","messages":[],"stop":["a",1]})", "claim.task.stop[1] must be a string"},
    {R"({"kind":"llm","messages":[],"images":["https://a",""]})", "claim.task.images[1] must not be empty"},
    {R"({"kind":"llm","messages":[],"temperature":null})", "claim.task.temperature"},
    {R"({"kind":"llm","messages":[],"maxTokens":-1})", "claim.task.maxTokens"},
    {R"({"kind":"llm","messages":[],"chatTemplateKwargs":[]})", "chatTemplateKwargs must be an object"},
    {R"({"kind":"audio_stt"})", "claim.task.inputUrl is missing"},
    {R"({"kind":"audio_stt","inputUrl":"u","timestamps":"letter"})", "claim.task.timestamps"},
    {R"({"kind":"audio_stt","inputUrl":"u","vad":1})", "claim.task.vad must be true or false"},
    {R"({"kind":"audio_tts","voice":"x"})", "claim.task.text is missing"},
    {R"({"kind":"audio_tts","text":"t","speed":"fast"})", "claim.task.speed must be a number"},
    {R"({"kind":"video","prompt":"p","seconds":-1})", "claim.task.seconds"},
    {R"({"kind":"video","prompt":"p","fps":1.5})", "claim.task.fps"},
    {R"({"kind":"mesh"})", "claim.task.imageUrl is missing"},
    {R"({"kind":"mesh","imageUrl":"a\u0000"})", "claim.task.imageUrl must not hold control characters"},
};

TEST(Decode, RefusesTasksWithTheKeyNamed) {
  const std::string sample = R"({"kind":"image","prompt":"p","width":512,"ext":"png"})";
  for (const TaskCase& c : kTasks) {
    const protocol::BadFrame bad = refusal(replaced(sample, c.task));
    EXPECT_THAT(bad.reason, HasSubstr(c.reason)) << c.task;
    EXPECT_EQ(bad.offer, base::JobId("job-1")) << c.task;
  }
}

TEST(Decode, TakesTheSampleThatTheseTestsBreak) {
  EXPECT_TRUE(std::holds_alternative<protocol::OfferFrame>(protocol::decode(kOffer)));
}

TEST(Decode, RefusesJobIdsThatCannotNameAFolderButRejectsTheOffer) {
  for (const std::string id : {"../up", "a/b", "a\\\\b", "..", ".", "line\\nfeed", "nul\\u0000"}) {
    const auto bad = refusal(replaced("job-1", id));
    EXPECT_THAT(bad.reason, HasSubstr("claim.jobId")) << id;
    EXPECT_TRUE(bad.offer.has_value()) << id;
  }
  EXPECT_EQ(refusal(replaced("job-1", "../up")).offer, base::JobId("../up"));
}

TEST(Decode, LeavesOffersWithoutAReadableJobIdUnrejected) {
  EXPECT_EQ(refusal(replaced("\"job-1\"", "7")).offer, std::nullopt);
  EXPECT_EQ(refusal(replaced("job-1", "")).offer, std::nullopt);
  EXPECT_EQ(refusal(replaced("\"jobId\":\"job-1\",", "")).offer, std::nullopt);
  EXPECT_EQ(refusal(replaced("job-1", "\xFF")).offer, std::nullopt);
  EXPECT_EQ(refusal(replaced("job-1", std::string(1200, 'j'))).offer, std::nullopt);
  EXPECT_EQ(refusal(replaced("\"gameId\"", "\"jobId\":\"job-2\",\"gameId\"")).offer, std::nullopt);
  EXPECT_EQ(refusal(replaced("\"type\":\"offer\"", "\"type\":7")).offer, std::nullopt);
}

TEST(Decode, RefusesWhatIsNoFrame) {
  for (const std::string text : {"", " ", "{", "[]", "7", "\"offer\"", "null", "{}", "{\"type\":7}", "{\"type\":\"\"}",
                                 "{\"type\":\"heartbeatAck\"} x", "\xEF\xBB\xBF{\"type\":\"heartbeatAck\"}",
                                 "{\"type\":\"heartbeatAck\",}", "{'type':'heartbeatAck'}"}) {
    const auto bad = refusal(text);
    EXPECT_NE(bad.reason, "") << text;
    EXPECT_EQ(bad.offer, std::nullopt) << text;
  }
}

TEST(Decode, RefusesFramesWithMissingKeys) {
  EXPECT_THAT(refusal(R"({"type":"welcome","workerId":"w"})").reason, HasSubstr("serverTime is missing"));
  EXPECT_THAT(refusal(R"({"type":"completeAck"})").reason, HasSubstr("jobId is missing"));
  EXPECT_THAT(refusal(R"({"type":"failAck","jobId":3})").reason, HasSubstr("jobId must be a string"));
  EXPECT_THAT(refusal(R"({"type":"error","code":"x"})").reason, HasSubstr("message is missing"));
  EXPECT_THAT(refusal(R"({"type":"offer"})").reason, HasSubstr("claim is missing"));
  EXPECT_THAT(refusal(R"({"type":"welcome","workerId":"a\u0000","serverTime":""})").reason, HasSubstr("workerId"));
}

TEST(Decode, RefusesAKeyThatIsThereTwiceAmongMany) {
  std::string frame = R"({"type":"heartbeatAck")";
  for (int i = 0; i < 5000; ++i) frame += ",\"k" + std::to_string(i) + "\":0";
  EXPECT_TRUE(std::holds_alternative<protocol::HeartbeatAck>(protocol::decode(frame + "}")));
  EXPECT_THAT(refusal(frame + R"(,"k4711":1})").reason, HasSubstr("k4711 is there twice"));
}

TEST(Decode, RefusesAFrameAboveTheLimit) {
  const std::string frame = R"({"type":"heartbeatAck","x":")" + std::string(protocol::kMaxFrameBytes, 'x') + "\"}";
  EXPECT_THAT(refusal(frame).reason, HasSubstr("exceed the limit of 67108864"));
}

TEST(Decode, TakesAPromptOfFifteenMegabytes) {
  const std::string prompt(15U << 20U, 'p');
  const protocol::ToWorker read = protocol::decode(replaced("\"p\"", "\"" + prompt + "\""));
  const auto* offer = std::get_if<protocol::OfferFrame>(&read);
  ASSERT_NE(offer, nullptr);
  EXPECT_EQ(offer->offer.facts.chars, prompt.size());
  EXPECT_EQ(protocol::full_prompt(job::Kind::kImage, offer->offer.task), prompt);
}

TEST(Decode, CarriesEnginesAndRolesItDoesNotKnow) {
  std::string frame = replaced("\"x\"", "\"warp-drive\"");
  frame.replace(frame.find("\"vae\""), 5, "\"flux\"");
  const protocol::ToWorker read = protocol::decode(frame);
  ASSERT_TRUE(std::holds_alternative<protocol::OfferFrame>(read));
  EXPECT_EQ(std::get<protocol::OfferFrame>(read).offer.source.engine, "warp-drive");
  EXPECT_EQ(std::get<protocol::OfferFrame>(read).offer.source.files.at(0).role, "flux");
}

TEST(Decode, NormalisesTheHashOfAFile) {
  const std::string upper(64, 'A');
  const auto read = protocol::decode(replaced("\"f.bin\"", "\"f.bin\",\"sha256\":\" " + upper + "\\n\""));
  ASSERT_TRUE(std::holds_alternative<protocol::OfferFrame>(read));
  EXPECT_EQ(std::get<protocol::OfferFrame>(read).offer.source.files.at(0).sha256, std::string(64, 'a'));
}

TEST(DecodeFromWorker, RefusesWhatAStudioMustNotSwallow) {
  const auto reason = [](const std::string& text) {
    const auto frame = protocol::decode_from_worker(text);
    return frame ? "accepted" : frame.error().message;
  };
  EXPECT_THAT(reason("{"), HasSubstr("not valid JSON"));
  EXPECT_THAT(reason(R"({"type":"dance"})"), HasSubstr("type is unknown to a studio: dance"));
  EXPECT_THAT(reason(R"({"type":"accept"})"), HasSubstr("jobId is missing"));
  EXPECT_THAT(reason(R"({"type":"reject","jobId":"a","reason":"r","code":"lazy"})"), HasSubstr("code is not"));
  EXPECT_THAT(reason(R"({"type":"fail","jobId":"a","error":"e"})"), HasSubstr("retryable is missing"));
  EXPECT_THAT(reason(R"({"type":"completeJson","jobId":"a"})"), HasSubstr("result is missing"));
  EXPECT_THAT(reason(R"({"type":"logBatch","entries":[{"ts":"t","level":"debug","category":"c","message":""}]})"),
              HasSubstr("entries[0].level must be"));
  EXPECT_THAT(reason(R"({"type":"hello","authToken":"t","capabilities":{}})"),
              HasSubstr("capabilities.machineName, capabilities.username, "));
}

TEST(DecodeFromWorker, FillsInWhatOlderWorkersLeaveOut) {
  const auto frame = protocol::decode_from_worker(
      R"({"type":"heartbeat","currentJobId":null,"capabilities":{"machineName":"m","username":"u",)"
      R"("agentVersion":"0.1.1","engine":"gradio","vramTotalGb":8,"vramThresholdGb":6,"autoEnabled":true,)"
      R"("autoStart":false,"supportedModels":["x"]}})");
  ASSERT_TRUE(frame) << frame.error().message;
  const auto& heartbeat = std::get<protocol::Heartbeat>(*frame);
  EXPECT_EQ(heartbeat.current_job, std::nullopt);
  EXPECT_FALSE(heartbeat.capabilities.auto_update);
  EXPECT_TRUE(heartbeat.capabilities.models.empty());
  EXPECT_EQ(heartbeat.capabilities.user_idle, std::nullopt);
}

TEST(EncodeForWorker, GivesABadFrameForABadFrame) {
  EXPECT_TRUE(std::holds_alternative<protocol::BadFrame>(
      protocol::decode(protocol::encode_for_worker(protocol::BadFrame{"x", {}}))));
}

}  // namespace
