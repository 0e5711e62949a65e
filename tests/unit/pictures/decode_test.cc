#include "pictures/decode.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <zlib.h>

#include "base/files.h"
#include "pictures/encode.h"
#include "unit/pictures/sample_files.h"

namespace pictures {
namespace {

using samples::Bytes;
using testing::HasSubstr;

class Decode : public testing::Test {
 protected:
  tl::expected<Facts, std::string> read(const Bytes& file) {
    const std::string path = (folder_.path() / "picture").string();
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    return read_picture(path);
  }

  void expect_picture(const Bytes& file, std::uint32_t width, std::uint32_t height, const Colour& average) {
    const auto facts = read(file);
    ASSERT_TRUE(facts) << facts.error();
    EXPECT_EQ(facts->width, width);
    EXPECT_EQ(facts->height, height);
    EXPECT_EQ(facts->average(), average);
  }

  void expect_refusal(const Bytes& file, std::string_view part) {
    const auto facts = read(file);
    ASSERT_FALSE(facts);
    EXPECT_THAT(facts.error(), HasSubstr(part));
  }

  base::TempDir folder_ = base::TempDir::create("decode").value();
};

/// Two rows: three red pixels above three blue ones.
std::vector<std::uint8_t> flag() {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 3; ++i) pixels.insert(pixels.end(), {201, 0, 0});
  for (int i = 0; i < 3; ++i) pixels.insert(pixels.end(), {0, 0, 100});
  return pixels;
}

TEST_F(Decode, OurOwnFilesComeBackPixelByPixel) {
  const auto pixels = flag();
  const Rgb picture{3, 2, pixels};
  expect_picture(*encode_png(picture), 3, 2, {100, 0, 50});
  expect_picture(*encode_webp(picture), 3, 2, {100, 0, 50});
}

TEST_F(Decode, EverySortOfPngBecomesRgb) {
  using samples::png_file;
  expect_picture(png_file({.colour_type = PNG_COLOR_TYPE_RGB_ALPHA}, {10, 20, 30, 0}), 5, 3, {10, 20, 30});
  expect_picture(png_file({.colour_type = PNG_COLOR_TYPE_GRAY}, {77}), 5, 3, {77, 77, 77});
  expect_picture(png_file({.colour_type = PNG_COLOR_TYPE_GRAY_ALPHA}, {77, 9}), 5, 3, {77, 77, 77});
  expect_picture(png_file({.bit_depth = 16}, {128, 200, 64, 10, 255, 255}), 5, 3, {128, 64, 255});
  expect_picture(png_file({.colour_type = PNG_COLOR_TYPE_PALETTE}, {1}, {{1, 2, 3}, {40, 50, 60}}), 5, 3, {40, 50, 60});
  expect_picture(png_file({.width = 9, .height = 9, .interlaced = true}, {5, 6, 7}), 9, 9, {5, 6, 7});
}

TEST_F(Decode, EverySortOfJpegBecomesRgb) {
  expect_picture(samples::jpeg_file(17, 9, JCS_GRAYSCALE, {90}), 17, 9, {90, 90, 90});
  const auto red = read(samples::jpeg_file(17, 9, JCS_RGB, {250, 10, 10}));
  ASSERT_TRUE(red) << red.error();
  EXPECT_NEAR(red->average()[0], 250, 3);
  EXPECT_NEAR(red->average()[1], 10, 3);
  // The encoder marks CMYK files as Adobe's, whose inks are stored inverted.
  const auto inks = read(samples::jpeg_file(8, 8, JCS_CMYK, {255, 128, 0, 255}));
  ASSERT_TRUE(inks) << inks.error();
  EXPECT_NEAR(inks->average()[0], 255, 3);
  EXPECT_NEAR(inks->average()[1], 128, 3);
  EXPECT_NEAR(inks->average()[2], 0, 3);
}

TEST_F(Decode, OtherFilesAreRefused) {
  expect_refusal({}, "not a PNG, JPEG or WebP picture");
  expect_refusal({'G', 'I', 'F', '8', '9', 'a'}, "not a PNG, JPEG or WebP picture");
  expect_refusal({'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'E', 'B', 'P', 'x'}, "WebP");
}

TEST_F(Decode, AMissingFileAndAFolderAreRefused) {
  EXPECT_THAT(read_picture((folder_.path() / "nothing").string()).error(), HasSubstr("No such file"));
  EXPECT_THAT(read_picture(folder_.path().string()).error(), HasSubstr("not a regular file"));
}

TEST_F(Decode, AnEnormousPictureIsRefusedBeforeItIsDecoded) {
  Bytes file = *encode_png(Rgb{3, 2, flag()});
  const std::array<std::uint8_t, 8> enormous{0, 0, 0x7f, 0xff, 0, 0, 0x7f, 0xff};
  std::copy(enormous.begin(), enormous.end(), file.begin() + 16);
  const std::uint32_t checksum = static_cast<std::uint32_t>(crc32(0, file.data() + 12, 17));
  for (std::size_t i = 0; i < 4; ++i) file[29 + i] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
  expect_refusal(file, "at most 64 megapixels");
}

std::vector<Bytes> one_of_each() {
  std::vector<std::uint8_t> pixels(64UL * 48 * 3);
  std::mt19937 random(7);
  for (auto& byte : pixels) byte = static_cast<std::uint8_t>(random());
  const Rgb picture{64, 48, pixels};
  return {*encode_png(picture), *encode_webp(picture), samples::jpeg_file(64, 48, JCS_RGB, {1, 99, 200})};
}

TEST_F(Decode, AFileThatIsCutAnywhereInItsPixelsIsRefused) {
  for (const Bytes& whole : one_of_each()) {
    for (std::size_t size = whole.size() / 2; size + 40 < whole.size(); size += 1 + whole.size() / 60) {
      EXPECT_FALSE(read(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))) << size;
    }
  }
}

TEST_F(Decode, DamagedFilesNeverDoMoreThanFail) {
  std::mt19937 random(11);
  int failures = 0;
  for (const Bytes& whole : one_of_each()) {
    for (int round = 0; round < 150; ++round) {
      Bytes damaged = whole;
      for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
      if (!read(damaged)) ++failures;
    }
  }
  EXPECT_GT(failures, 150);
}

}  // namespace
}  // namespace pictures
