#include "worker/inputs.h"

#include <fstream>
#include <gmock/gmock.h>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "base/files.h"
#include "fakes/fake_http.h"

namespace {

using testing::HasSubstr;

constexpr std::string_view kPng = "\x89PNG\r\n\x1a\nrest of a picture";

TEST(PictureType, GoesByContentNotByName) {
  EXPECT_EQ(worker::picture_type(kPng), "image/png");
  EXPECT_EQ(worker::picture_type("\xFF\xD8\xFF\xE0 jpeg"), "image/jpeg");
  EXPECT_EQ(worker::picture_type(std::string_view("RIFF\x10\0\0\0WEBPVP8L", 16)), "image/webp");
  EXPECT_EQ(worker::picture_type("GIF89a"), "image/gif");
  EXPECT_EQ(worker::picture_type("BM...."), "image/bmp");
  EXPECT_FALSE(worker::picture_type("RIFF....WAVE"));
  EXPECT_FALSE(worker::picture_type("<html>"));
  EXPECT_FALSE(worker::picture_type(""));
}

TEST(DataUrl, IsDecoded) {
  EXPECT_EQ(*worker::decode_data_url("data:image/png;base64,aGVsbG8="), "hello");
  EXPECT_EQ(*worker::decode_data_url("data:image/png;base64,aGVsbG8"), "hello");
}

TEST(DataUrl, IsRefusedInTheContractsWords) {
  EXPECT_EQ(worker::decode_data_url("data:text/html;base64,aGk=").error().message,
            "an inline input must be a data:image/... URL");
  EXPECT_THAT(worker::decode_data_url("data:image/png,raw").error().message, HasSubstr("base64"));
  EXPECT_THAT(worker::decode_data_url("data:image/png;base64,a*b").error().message, HasSubstr("base64"));
  EXPECT_THAT(worker::decode_data_url("data:image/png;base64,aGVsb").error().message, HasSubstr("base64"));
  EXPECT_THAT(worker::decode_data_url("data:image/png;base64,").error().message, HasSubstr("empty"));
}

TEST(WantedInputs, AreThoseThatTheEngineReads) {
  const std::vector<job::Input> inputs = {{"images", 0, "https://s.example/1"},
                                          {"audio", 0, "https://s.example/a.wav"},
                                          {"images", 1, "https://s.example/2"}};
  const auto wanted = worker::wanted_inputs(inputs, {"image", "images"});
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_EQ(wanted[0].index, 0U);
  EXPECT_EQ(wanted[1].index, 1U);
  EXPECT_TRUE(worker::wanted_inputs(inputs, {}).empty());
}

class Inputs : public testing::Test {
 protected:
  using Fetched = std::variant<std::vector<engine::RunInput>, job::Failure>;

  static boost::asio::awaitable<void> fetch(Inputs& self, std::vector<job::Input> inputs) {
    auto folder = self.folder_.path();
    self.fetched_ = co_await self.inputs_.fetch(std::move(inputs), std::move(folder));
  }
  Fetched run(std::vector<job::Input> inputs) {
    base::TaskGroup tasks(io_.get_executor());
    tasks.spawn("fetch", fetch(*this, std::move(inputs)));
    io_.restart();
    io_.run();
    return *fetched_;
  }
  static job::Offer chat(std::size_t pictures, bool sees) {
    job::Offer offer;
    offer.kind = job::Kind::kLlm;
    offer.model = base::ModelId("qwen");
    for (std::size_t i = 0; i < pictures; ++i) offer.inputs.push_back({"images", i, "https://s.example/1"});
    if (sees) offer.source.files.push_back({"text-encoder-vision", "https://s.example/p", "mmproj.gguf", {}, ""});
    return offer;
  }

  base::TempDir folder_ = std::move(*base::TempDir::create("inputs-test"));
  boost::asio::io_context io_{1};
  fakes::FakeHttp http_;
  worker::Inputs inputs_{{.models_root = folder_.path() / "models"}, http_, io_.get_executor()};
  std::optional<Fetched> fetched_;
};

TEST_F(Inputs, AnInlinePictureBecomesAFileWithItsRealType) {
  const auto fetched = run({{"image", 0, "data:image/webp;base64,iVBORw0KGgo="}});
  const auto& files = std::get<std::vector<engine::RunInput>>(fetched);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].type, "image/png");
  EXPECT_TRUE(std::filesystem::exists(files[0].path));
}

TEST_F(Inputs, AFailedFetchNamesThePicture) {
  http_.answer(404);
  const auto fetched = run({{"images", 0, "https://s.example/1"}, {"images", 1, "https://s.example/2"}});
  const auto& failure = std::get<job::Failure>(fetched);
  EXPECT_EQ(failure.failure, job::FailureClass::kInputFetchFailed);
  EXPECT_THAT(failure.message, HasSubstr("input image 1 of 2: GET https://s.example/1 -> 404"));
}

TEST_F(Inputs, DownloadsAreBounded) {
  http_.answer(404);
  run({{"image", 0, "https://s.example/1"}});
  ASSERT_EQ(http_.downloads.size(), 1U);
  EXPECT_EQ(http_.downloads[0].max_bytes, 25 * base::kMiB);
  EXPECT_EQ(http_.downloads[0].limit, base::Duration(std::chrono::seconds(60)));
}

TEST_F(Inputs, AChatWithPicturesNeedsAProjectorAndAtMostSixteen) {
  EXPECT_FALSE(inputs_.objection(chat(16, true)));
  EXPECT_EQ(inputs_.objection(chat(17, true))->message, "the task carries 17 images; a chat reads at most 16");
  EXPECT_THAT(inputs_.objection(chat(1, false))->message, HasSubstr("model `qwen` reads no images"));
  EXPECT_EQ(inputs_.objection(chat(1, false))->failure, job::FailureClass::kUnsupported);
  EXPECT_FALSE(inputs_.objection(chat(0, false)));
}

}  // namespace
