#include <algorithm>
#include <filesystem>
#include <gmock/gmock.h>
#include <string>
#include <vector>

#include "base/files.h"
#include "protocol/frames.h"

namespace {

namespace fs = std::filesystem;

std::string golden(const std::string& name) {
  auto text = base::read_file(fs::path(STUDIO_SOURCE_DIR) / "tests/golden/protocol" / (name + ".json"));
  if (!text) return "missing: " + name;
  text->erase(text->find_last_not_of('\n') + 1);
  return *text;
}

std::vector<std::string> names_with(const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(STUDIO_SOURCE_DIR) / "tests/golden/protocol")) {
    if (entry.path().stem().string().starts_with(prefix)) names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string printable_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

class FramesToWorker : public testing::TestWithParam<std::string> {};

TEST_P(FramesToWorker, ReadAndWrittenAgainAreTheSameText) {
  const std::string text = golden(GetParam());
  const protocol::ToWorker frame = protocol::decode(text);
  const auto* bad = std::get_if<protocol::BadFrame>(&frame);
  ASSERT_EQ(bad, nullptr) << bad->reason;
  EXPECT_EQ(protocol::encode_for_worker(frame), text);
}

class FramesToStudio : public testing::TestWithParam<std::string> {};

TEST_P(FramesToStudio, ReadAndWrittenAgainAreTheSameText) {
  const std::string text = golden(GetParam());
  const auto frame = protocol::decode_from_worker(text);
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(protocol::encode(*frame), text);
}

INSTANTIATE_TEST_SUITE_P(Golden, FramesToWorker, testing::ValuesIn(names_with("to_worker_")), printable_name);
INSTANTIATE_TEST_SUITE_P(Golden, FramesToStudio, testing::ValuesIn(names_with("to_studio_")), printable_name);

template <class Frame>
Frame read(const std::string& name) {
  const protocol::ToWorker frame = protocol::decode(golden(name));
  const Frame* typed = std::get_if<Frame>(&frame);
  if (typed == nullptr) ADD_FAILURE() << name << " is read as alternative " << frame.index();
  return typed != nullptr ? *typed : Frame{};
}

/// Calls `use` with every damaged form of a golden frame: cut off anywhere, or one byte replaced.
template <class Use>
void for_each_damage(const std::string& text, Use use) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    use(text.substr(0, at));
    for (const char c : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', ' ', '\0', '\xFF'}) {
      std::string damaged = text;
      damaged[at] = c;
      use(damaged);
    }
  }
}

TEST_P(FramesToWorker, DamagedAreRefusedOrReadAsAFrameThatCanBeWritten) {
  for_each_damage(golden(GetParam()), [](const std::string& damaged) {
    const protocol::ToWorker frame = protocol::decode(damaged);
    if (std::holds_alternative<protocol::BadFrame>(frame)) return;
    const std::string written = protocol::encode_for_worker(frame);
    EXPECT_EQ(protocol::decode(written).index(), frame.index()) << damaged;
    EXPECT_EQ(protocol::encode_for_worker(protocol::decode(written)), written) << damaged;
  });
}

TEST_P(FramesToStudio, DamagedAreRefusedOrReadAsAFrameThatCanBeWritten) {
  for_each_damage(golden(GetParam()), [](const std::string& damaged) {
    const auto frame = protocol::decode_from_worker(damaged);
    if (!frame) return;
    const std::string written = protocol::encode(*frame);
    const auto again = protocol::decode_from_worker(written);
    ASSERT_TRUE(again) << damaged << ": " << again.error().message;
    EXPECT_EQ(protocol::encode(*again), written) << damaged;
  });
}

TEST(FrameValues, OfTheWelcome) {
  const auto welcome = read<protocol::Welcome>("to_worker_welcome");
  EXPECT_EQ(welcome.worker.str(), "w-18");
  EXPECT_EQ(welcome.server_time, "2026-03-04T10:11:10Z");
}

TEST(FrameValues, OfTheAcknowledgements) {
  EXPECT_EQ(read<protocol::CompleteAck>("to_worker_complete_ack").job.str(), "job-54");
  EXPECT_EQ(read<protocol::FailAck>("to_worker_fail_ack").job.str(), "job-55");
  read<protocol::HeartbeatAck>("to_worker_heartbeat_ack");
}

TEST(FrameValues, OfAnErrorAndOfAnUnknownType) {
  const auto error = read<protocol::ErrorFrame>("to_worker_error");
  EXPECT_EQ(error.code, "protocol_violation");
  EXPECT_EQ(error.message, "accept for unknown jobId");
  EXPECT_EQ(read<protocol::UnknownFrame>("to_worker_unknown").type, "weatherReport");
}

TEST(FrameValues, OfTheFullImageOffer) {
  const job::Offer offer = read<protocol::OfferFrame>("to_worker_offer_image_full").offer;
  EXPECT_EQ(offer.id.str(), "job-61");
  EXPECT_EQ(offer.game.str(), "harbour-tales");
  EXPECT_EQ(offer.asset, "harbour-tales/props/lantern");
  EXPECT_EQ(offer.model.str(), "synthetic-image_full");
  EXPECT_EQ(offer.vram_gb, 21.0);
  EXPECT_EQ(offer.kind, job::Kind::kImage);
  EXPECT_EQ(offer.source.engine, "sd-cpp");
  ASSERT_EQ(offer.source.files.size(), 2U);
  EXPECT_EQ(offer.source.files[0].role, "diffusion-model");
  EXPECT_EQ(offer.source.files[0].url, "https://models.example.test/tide/tide-q4.gguf");
  EXPECT_EQ(offer.source.files[0].filename, "tide-q4.gguf");
  EXPECT_EQ(offer.source.files[0].approx_bytes, 3'900'000'000U);
  EXPECT_EQ(offer.source.files[0].sha256.substr(0, 4), "9b9b");
  EXPECT_EQ(offer.source.files[1].approx_bytes, std::nullopt);
  EXPECT_EQ(offer.source.files[1].sha256, "");
}

TEST(FrameValues, OfAHeartbeat) {
  const auto frame = protocol::decode_from_worker(golden("to_studio_heartbeat"));
  ASSERT_TRUE(frame);
  const auto& heartbeat = std::get<protocol::Heartbeat>(*frame);
  EXPECT_EQ(heartbeat.current_job, base::JobId("job-51"));
  const protocol::Capabilities& c = heartbeat.capabilities;
  EXPECT_EQ(c.machine_name, "bench-02");
  EXPECT_EQ(c.vram_total_gb, 16.0);
  EXPECT_EQ(c.vram_threshold_gb, 12.5);
  EXPECT_EQ(c.user_idle, false);
  ASSERT_EQ(c.models.size(), 2U);
  EXPECT_EQ(c.models[1].first, job::Kind::kAudioTts);
  EXPECT_THAT(c.models[1].second, testing::ElementsAre("formant-synth", "synthetic"));
  EXPECT_THAT(c.model_engines, testing::ElementsAre("sd-cpp", "synthetic"));
}

TEST(FrameValues, OfACompletion) {
  const auto frame = protocol::decode_from_worker(golden("to_studio_complete_json"));
  ASSERT_TRUE(frame);
  const auto& complete = std::get<protocol::CompleteJson>(*frame);
  EXPECT_EQ(complete.result, R"({"object":"chat.completion","choices":[],"usage":{"total_tokens":15}})");
  EXPECT_EQ(complete.prompt, "Name one \"tide\".\n\xC3\x84nderung \x01");
}

TEST(Capabilities, StandAloneInTheRegistrationAsInAHello) {
  const auto hello = protocol::decode_from_worker(golden("to_studio_hello"));
  ASSERT_TRUE(hello);
  const std::string alone = protocol::encode_capabilities(std::get<protocol::Hello>(*hello).capabilities);
  EXPECT_EQ(R"({"type":"hello","authToken":"3f9c77aa","capabilities":)" + alone + "}", golden("to_studio_hello"));
}

}  // namespace
