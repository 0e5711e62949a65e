// The check vectors of the studio contract.

#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "digest/sha256.h"
#include "pictures/encode.h"
#include "synthetic/chat.h"
#include "synthetic/cube.h"
#include "synthetic/painter.h"
#include "synthetic/sound.h"

namespace synthetic {
namespace {

namespace json = boost::json;

std::string sha256(const std::vector<std::uint8_t>& bytes) {
  return digest::sha256_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

constexpr std::string_view kPrompt = "harbour lighthouse at dawn";

pictures::Colour pixel(const std::vector<std::uint8_t>& pixels, std::size_t x, std::size_t y) {
  const std::size_t at = (y * kSide + x) * 3;
  return {pixels[at], pixels[at + 1], pixels[at + 2]};
}

TEST(Picture, EqualsTheReferencePixelByPixel) {
  EXPECT_EQ(digest::hex(digest::sha256(kPrompt), 12), "c8f774a8e7c1321dd8630eea");
  const auto pixels = Painter().paint(digest::sha256(kPrompt));
  EXPECT_EQ(pixel(pixels, 0, 0), (pictures::Colour{111, 22, 249}));
  EXPECT_EQ(pixel(pixels, 100, 0), (pictures::Colour{100, 15, 236}));
  EXPECT_EQ(pixel(pixels, 36, 20), (pictures::Colour{119, 28, 255}));
  EXPECT_EQ(pixel(pixels, 200, 256), (pictures::Colour{174, 235, 201}));
  EXPECT_EQ(pixel(pixels, 256, 256), (pictures::Colour{255, 255, 255}));
  EXPECT_EQ(sha256(pixels), "4ae906688f8dd9b5a469df567ceaaf1a3ba61462ff3823e1b7268a2c2ebdf75e");
}

TEST(Picture, APainterPaintsTheSameAgain) {
  const Painter painter;
  const auto first = painter.paint(digest::sha256(kPrompt));
  EXPECT_NE(painter.paint(digest::sha256("another")), first);
  EXPECT_EQ(painter.paint(digest::sha256(kPrompt)), first);
}

TEST(Sound, EqualsTheReferenceFile) {
  const auto file = tone(digest::sha256("All hands on deck"));
  ASSERT_EQ(file.size(), 44'144U);
  constexpr std::array<std::int16_t, 8> kFirst{0, 2998, 5838, 8368, 10454, 11985, 12881, 13093};
  std::array<std::int16_t, 8> first{};
  std::memcpy(first.data(), file.data() + 44, sizeof(first));
  EXPECT_EQ(first, kFirst);
  EXPECT_EQ(sha256(file), "f2793b6569c6d763f2d0fe1212bdfeb49bba94b4fc399033dff41398ec57b205");
}

TEST(Sound, TheHighestPitchStaysWithinItsSamples) {
  digest::Bytes highest{};
  highest[0] = 255;
  const auto file = tone(highest);
  std::int16_t loudest = 0;
  for (std::size_t at = 44; at < file.size(); at += 2) {
    std::int16_t sample = 0;
    std::memcpy(&sample, file.data() + at, sizeof(sample));
    loudest = std::max(loudest, sample);
  }
  EXPECT_GT(loudest, 13'000);
  EXPECT_LE(loudest, 13'106);
}

json::array messages(std::string_view text) {
  return json::parse({text.data(), text.size()}).as_array();
}

TEST(Chat, EqualsTheReferenceAnswer) {
  const auto reply = chat_reply(
      messages(R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Name one tide."}])"), {});
  const auto expected = json::parse(
      R"({"object":"chat.completion","model":"synthetic-llm","choices":[{"index":0,"message":{"role":"assistant",)"
      R"("content":"[synthetic] reply to prompt #786e1a580d2ada06"},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":7,"completion_tokens":8,"total_tokens":15}})");
  EXPECT_EQ(reply, expected);
}

TEST(Chat, PicturesAreNamedByTheirSizesInOrder) {
  const std::vector<pictures::Facts> images{{.width = 64, .height = 48}, {.width = 1, .height = 2000}};
  const auto reply = chat_reply(messages(R"([{"role":"user","content":"x"}])"), images);
  const std::string content(reply.at_pointer("/choices/0/message/content").as_string());
  EXPECT_TRUE(content.ends_with(" (read 2 images: 64x48, 1x2000)")) << content;
}

TEST(Chat, NoMessagesAreTheEmptyText) {
  const auto reply = chat_reply({}, {});
  EXPECT_EQ(reply.at_pointer("/choices/0/message/content"), "[synthetic] reply to prompt #e3b0c44298fc1c14");
  EXPECT_EQ(reply.at_pointer("/usage/prompt_tokens"), 0);
}

TEST(Chat, WordsEndAtUnicodeWhiteSpaceAndNowhereElse) {
  EXPECT_EQ(count_words(""), 0U);
  EXPECT_EQ(count_words(" \t\r\n "), 0U);
  EXPECT_EQ(count_words("one two\nthree"), 3U);
  EXPECT_EQ(count_words("a\u00a0b\u2003c\u3000d\u0085e\u1680f\u205fg"), 7U);
  EXPECT_EQ(count_words("zero\u200bwidth é\u00e9 \u2022"), 3U);
}

TEST(Transcript, EqualsTheReferenceAnswer) {
  const auto result = transcript("https://cdn.example.test/clips/bell.wav", "en");
  EXPECT_EQ(result.at("text"), "[synthetic] transcript of f5535243962d915f");
  EXPECT_EQ(result.at("language"), "en");
  EXPECT_EQ(result.at("duration").as_double(), 1.0);
}

TEST(Cube, TheJsonChunkEqualsTheReference) {
  std::string text = cube_json(417);
  text.resize((text.size() + 3) / 4 * 4, ' ');
  EXPECT_EQ(text.size(), 1'088U);
  EXPECT_EQ(digest::sha256_hex(text), "d771855ae43fe6a97e851077ff684c8dee1459749f37b0e295007b4a98cc664d");
}

TEST(Cube, TheGeometryEqualsTheReference) {
  const auto geometry = cube_geometry();
  EXPECT_EQ(geometry.size(), 840U);
  EXPECT_EQ(sha256(geometry), "00ee458e6867ed768b0b097e6beb7915f2752708cfbf236362771d5b06dd63f8");
}

std::uint32_t word(const std::vector<std::uint8_t>& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

TEST(Cube, TheFileIsAWholeGlb) {
  const auto file = cube({200, 120, 40}).value();
  ASSERT_GT(file.size(), 900U);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(file.data()), 4), "glTF");
  EXPECT_EQ(word(file, 4), 2U);
  EXPECT_EQ(word(file, 8), file.size());
  const std::size_t json_size = word(file, 12);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(file.data()) + 16, 4), "JSON");
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + 20, json_size);
  const json::value document = json::parse({text.data(), text.size()});
  const std::size_t binary = 20 + json_size;
  EXPECT_EQ(word(file, binary), file.size() - binary - 8);
  EXPECT_EQ(document.at_pointer("/buffers/0/byteLength"), word(file, binary));
  const std::size_t texture = binary + 8 + 840;
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(file.data()) + texture + 1, 3), "PNG");
  EXPECT_LE(texture + document.at_pointer("/bufferViews/4/byteLength").to_number<std::size_t>(), file.size());
}

}  // namespace
}  // namespace synthetic
