#include "delivery/multipart.h"

#include <gmock/gmock.h>

#include "delivery/complete_form.h"
#include "digest/sha256.h"
#include "wire/picture.h"

namespace delivery {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kType = "multipart/form-data; boundary=\"tide\"";

struct Collected final : PartSink {
  void on_part(const PartHead& head) override { parts.push_back(head.name + "|" + head.filename + "|"); }
  void on_bytes(std::string_view bytes) override { parts.back() += bytes; }
  void on_part_end() override { ++ended; }

  std::vector<std::string> parts;
  int ended = 0;
};

std::string part(const std::string& name, const std::string& content, const std::string& more = "") {
  return "--tide\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + content + "\r\n";
}

std::string form_with(const std::string& job, const std::string& ext, const std::string& mime,
                      const std::string& bytes) {
  return part("prompt", "a lantern") + part("ext", ext) +
         part("image", bytes, "; filename=\"" + job + "." + ext + "\"\r\nContent-Type: " + mime) + "--tide--\r\n";
}

base::Status feed_in_pieces(MultipartReader& reader, PartSink& sink, std::string_view text, std::size_t size) {
  while (!text.empty()) {
    CHECK_OK(reader.feed(text.substr(0, size), sink));
    text.remove_prefix(std::min(size, text.size()));
  }
  return {};
}

TEST(Multipart, GivesTheSamePartsWhateverThePieces) {
  // Line ends and half boundaries inside the content must not end the part.
  const std::string tricky = std::string("\r\n--tid\r\n--\r\n\0--tide", 20) + "\r\n-";
  const std::string text = "preamble\r\n" + part("a", "one") + part("b", "") +
                           part("c", tricky, "; filename=\"x.bin\"") + "--tide--\r\nepilogue";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    auto reader = MultipartReader::open(kType);
    ASSERT_TRUE(reader);
    Collected sink;
    ASSERT_TRUE(feed_in_pieces(*reader, sink, text, size)) << size;
    EXPECT_TRUE(reader->complete()) << size;
    EXPECT_THAT(sink.parts, ElementsAre("a||one", "b||", "c|x.bin|" + tricky)) << size;
    EXPECT_EQ(sink.ended, 3) << size;
  }
}

TEST(Multipart, IsNotCompleteWithoutItsLastBoundary) {
  auto reader = MultipartReader::open(kType);
  Collected sink;
  ASSERT_TRUE(reader->feed(part("a", "one"), sink));
  EXPECT_FALSE(reader->complete());
}

TEST(Multipart, RefusesWhatIsNoForm) {
  EXPECT_FALSE(MultipartReader::open("application/json"));
  EXPECT_FALSE(MultipartReader::open("multipart/form-data"));
  EXPECT_FALSE(MultipartReader::open("multipart/form-data; boundary=" + std::string(71, 'x')));
  Collected sink;
  auto reader = MultipartReader::open(kType);
  EXPECT_FALSE(reader->feed("--tide!!", sink));
  reader = MultipartReader::open(kType);
  EXPECT_FALSE(reader->feed("--tide\r\nContent-Type: text/plain\r\n\r\nx", sink));
  reader = MultipartReader::open(kType);
  EXPECT_FALSE(reader->feed("--tide\r\n" + std::string(9000, 'x'), sink));
}

std::vector<std::string> rules_of(const std::string& text, const std::string& job) {
  auto reader = MultipartReader::open(kType);
  CompleteForm form([](std::string_view) {});
  wire::Problems problems;
  if (!reader->feed(text, form)) return {"unreadable"};
  form.finish(job, problems);
  std::vector<std::string> rules;
  for (const wire::Problem& problem : problems) rules.push_back(problem.rule);
  return rules;
}

TEST(CompleteForm, TakesTheFormOfTheContractInPieces) {
  const std::string png = wire::make_png("a");
  const std::string text = form_with("job-9", "png", "image/png", png);
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{64}, text.size()}) {
    auto reader = MultipartReader::open(kType);
    std::string bytes;
    CompleteForm form([&](std::string_view piece) { bytes += piece; });
    ASSERT_TRUE(feed_in_pieces(*reader, form, text, size));
    wire::Problems problems;
    form.finish("job-9", problems);
    EXPECT_TRUE(problems.empty()) << problems.front().detail;
    EXPECT_EQ(bytes, png);
    EXPECT_EQ(form.prompt(), "a lantern");
    EXPECT_EQ(form.sha256(), digest::sha256_hex(png));
    EXPECT_EQ(form.file().size, png.size());
    EXPECT_EQ(form.file().tail, png.substr(png.size() - FileFacts::kKept));
  }
}

TEST(CompleteForm, AllowsGenerationMetaAtTheEnd) {
  std::string text = form_with("job-9", "png", "image/png", wire::make_png("a"));
  text.replace(text.rfind("--tide--"), 10, part("generationMeta", "{}") + "--tide--\r\n");
  EXPECT_THAT(rules_of(text, "job-9"), IsEmpty());
}

TEST(CompleteForm, NamesWhatIsWrong) {
  const std::string png = wire::make_png("a");
  EXPECT_THAT(rules_of(form_with("job-8", "png", "image/png", png), "job-9"), ElementsAre("upload-filename"));
  EXPECT_THAT(rules_of(form_with("job-9", "png", "image/webp", png), "job-9"), ElementsAre("upload-mime"));
  EXPECT_THAT(rules_of(part("ext", "png") + part("prompt", "p") + "--tide--", "job-9"), ElementsAre("upload-parts"));
  const std::string twice = form_with("job-9", "png", "image/png", png);
  EXPECT_THAT(rules_of(twice.substr(0, twice.rfind("--tide--")) + twice, "job-9"), Contains("upload-parts"));
}

}  // namespace
}  // namespace delivery
