#include "studio/uploader.h"

#include <gmock/gmock.h>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "base/async/task_group.h"
#include "base/files.h"
#include "fakes/fake_http.h"
#include "fakes/virtual_clock.h"

namespace {

using namespace std::chrono_literals;

class Uploader : public testing::Test {
 protected:
  Uploader() {
    studio::Credentials credentials;
    credentials.worker = base::WorkerId("w-1");
    credentials.token = base::Secret("tok");
    uploader_.set_credentials(credentials);
  }
  ~Uploader() override {
    tasks_.cancel_all();
    clock_.settle();
  }

  static boost::asio::awaitable<void> put(Uploader& self) {
    auto file = self.file_;
    self.outcome_ = co_await self.uploader_.put(std::move(file));
  }
  base::Result<job::Receipt> run() {
    tasks_.spawn("put", put(*this));
    clock_.pass(10s);
    return *outcome_;
  }

  studio::ResultFile file_{base::JobId("job-1"), "/x/result.png", "/x/prompt.txt", std::nullopt, "png"};
  boost::asio::io_context io_;
  fakes::VirtualClock clock_{io_};
  fakes::FakeHttp http_;
  std::optional<base::Result<job::Receipt>> outcome_;
  studio::Uploader uploader_{*studio::Urls::parse("http://s.example"), http_, clock_,
                             [](base::log::Level, const std::string&, const base::JobId&) {}};
  base::TaskGroup tasks_{io_.get_executor()};
};

TEST_F(Uploader, SendsThePartsOfTheContractInOrder) {
  file_.xxh128 = "06b05ab6733a618578af5f94892f3950";
  http_.answer(200, R"({"ok":true})");
  ASSERT_TRUE(run());
  ASSERT_EQ(http_.uploads.size(), 1U);
  const auto& upload = http_.uploads[0];
  EXPECT_EQ(upload.url, "http://s.example/graphics/api/workers/w-1/jobs/job-1/complete");
  EXPECT_EQ(upload.bearer.reveal(), "tok");
  ASSERT_EQ(upload.parts.size(), 3U);
  EXPECT_EQ(upload.parts[0].name, "prompt");
  EXPECT_TRUE(upload.parts[0].filename.empty());
  EXPECT_EQ(upload.parts[1].name, "ext");
  EXPECT_EQ(upload.parts[1].text, "png");
  EXPECT_EQ(upload.parts[2].name, "image");
  EXPECT_EQ(upload.parts[2].filename, "job-1.png");
  EXPECT_EQ(upload.parts[2].content_type, "image/png");
  EXPECT_EQ(upload.parts[2].xxh128, "06b05ab6733a618578af5f94892f3950");
}

TEST_F(Uploader, APromptOfTheRecordNeedsNoFile) {
  http_.answer(200, R"({"ok":true})");
  http_.answer(200, R"({"ok":true})");
  ASSERT_TRUE(run());
  EXPECT_EQ(http_.uploads[0].parts[0].file, "/x/prompt.txt");
  file_.prompt = "a lantern";
  ASSERT_TRUE(run());
  EXPECT_EQ(http_.uploads[1].parts[0].text, "a lantern");
  EXPECT_TRUE(http_.uploads[1].parts[0].file.empty());
}

TEST_F(Uploader, U2_TriesThreeTimesOneAndTwoSecondsApart) {
  http_.answer(503);
  http_.refuse(base::Code::kUnavailable, "reset");
  http_.answer(200);
  EXPECT_TRUE(run());
  EXPECT_EQ(http_.uploads.size(), 3U);
}

TEST_F(Uploader, GivesUpAfterTheThirdTry) {
  for (int i = 0; i < 4; ++i) http_.answer(500, "down");
  const auto outcome = run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, base::Code::kUnavailable);
  EXPECT_EQ(outcome.error().message, "complete failed: 500 — down");
  EXPECT_EQ(http_.uploads.size(), 3U);
}

TEST_F(Uploader, U3_A4xxIsFinalAndTellsAClaimFromARefusal) {
  const std::pair<int, base::Code> table[] = {{409, base::Code::kConflict},
                                              {401, base::Code::kUnauthorized},
                                              {403, base::Code::kUnauthorized},
                                              {413, base::Code::kRejected},
                                              {422, base::Code::kRejected}};
  for (const auto& [status, code] : table) {
    http_.uploads.clear();
    http_.answer(status, "no");
    EXPECT_EQ(run().error().code, code) << status;
    EXPECT_EQ(http_.uploads.size(), 1U) << status;
  }
}

TEST_F(Uploader, U6_AWebPageIsNoReceipt) {
  http_.answer(200, "<html>log in</html>", "text/html; charset=utf-8");
  http_.answer(200, R"({"ok":true})");
  EXPECT_TRUE(run());
  EXPECT_EQ(http_.uploads.size(), 2U);
}

TEST_F(Uploader, U8_AFileOfAnotherSizeThanItWasMadeWithIsNotSent) {
  const auto folder = std::move(*base::TempDir::create("uploader-test"));
  file_.file = folder.path() / "result.png";
  file_.bytes = 7;
  http_.answer(503);
  http_.answer(200);
  for (const char* text : {"pictur", "", "pictures"}) {
    ASSERT_TRUE(base::write_file(file_.file, text));
    const auto outcome = run();
    ASSERT_FALSE(outcome) << text;
    EXPECT_EQ(outcome.error().code, base::Code::kCorrupt);
    EXPECT_THAT(outcome.error().message, testing::HasSubstr("result.png changed since it was made"));
  }
  EXPECT_TRUE(http_.uploads.empty());
  ASSERT_TRUE(base::write_file(file_.file, "picture"));
  EXPECT_TRUE(run());
  EXPECT_EQ(http_.uploads.size(), 2U);
}

TEST_F(Uploader, KnowsTheContractsTypes) {
  EXPECT_EQ(studio::mime_type("PNG"), "image/png");
  EXPECT_EQ(studio::mime_type("jpeg"), "image/jpeg");
  EXPECT_EQ(studio::mime_type("opus"), "audio/ogg");
  EXPECT_EQ(studio::mime_type("glb"), "model/gltf-binary");
  EXPECT_EQ(studio::mime_type("bmp"), "image/bmp");
  EXPECT_EQ(studio::mime_type("exe"), "application/octet-stream");
  EXPECT_EQ(studio::mime_type(""), "application/octet-stream");
}

}  // namespace
