#include "pictures/decode.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>
#include <webp/decode.h>

#include "pictures/decode_format.h"

namespace pictures {
namespace {

using Failed = tl::unexpected<std::string>;

tl::expected<std::vector<std::uint8_t>, std::string> read_open_file(int fd) {
  const auto failed = [] { return Failed("the file cannot be read: " + std::system_category().message(errno)); };
  struct stat info {};
  if (::fstat(fd, &info) != 0) return failed();
  if (!S_ISREG(info.st_mode)) return Failed("not a regular file");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > kMaxFile) return Failed("the file is larger than " + std::to_string(kMaxFile >> 20) + " MiB");
  std::vector<std::uint8_t> bytes(size);
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(fd, bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno != EINTR) return failed();
    if (got == 0) return Failed("the file is cut short");
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return bytes;
}

tl::expected<std::vector<std::uint8_t>, std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Failed("the file cannot be opened: " + std::system_category().message(errno));
  auto bytes = read_open_file(fd);
  ::close(fd);
  return bytes;
}

bool starts_with(FileBytes file, std::size_t offset, std::string_view magic) {
  return file.size() >= offset + magic.size() && std::memcmp(file.data() + offset, magic.data(), magic.size()) == 0;
}

tl::expected<Facts, std::string> decode_webp(FileBytes file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK) return Failed("not a readable WebP file");
  if (features.has_animation != 0) return Failed("an animated WebP file is no single picture");
  Facts facts{.width = static_cast<std::uint32_t>(features.width),
              .height = static_cast<std::uint32_t>(features.height)};
  if (auto refusal = refuse_size(facts.width, facts.height)) return Failed(std::move(*refusal));
  int width = 0;
  int height = 0;
  const std::unique_ptr<std::uint8_t, decltype(&WebPFree)> pixels(
      WebPDecodeRGB(file.data(), file.size(), &width, &height), &WebPFree);
  if (pixels == nullptr) return Failed("the WebP file is damaged or cut short");
  add_pixels(facts, {pixels.get(), std::size_t{facts.width} * facts.height * 3});
  return facts;
}

}  // namespace

Colour Facts::average() const {
  const std::uint64_t pixels = std::uint64_t{width} * height;
  Colour colour{};
  if (pixels == 0) return colour;
  std::transform(sums.begin(), sums.end(), colour.begin(),
                 [pixels](std::uint64_t sum) { return static_cast<std::uint8_t>(sum / pixels); });
  return colour;
}

std::optional<std::string> refuse_size(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) return "the picture has no pixels";
  if (width <= kMaxPixels && width * height <= kMaxPixels) return std::nullopt;
  return "the picture has " + std::to_string(width) + " x " + std::to_string(height) +
         " pixels; at most 64 megapixels are read";
}

void add_pixels(Facts& facts, FileBytes rgb) {
  std::array<std::uint64_t, 3> sums{};
  for (std::size_t i = 0; i + 2 < rgb.size(); i += 3) {
    sums[0] += rgb[i];
    sums[1] += rgb[i + 1];
    sums[2] += rgb[i + 2];
  }
  for (std::size_t channel = 0; channel < sums.size(); ++channel) facts.sums[channel] += sums[channel];
}

tl::expected<Facts, std::string> read_picture(const std::string& path) {
  const auto file = read_file(path);
  if (!file) return Failed(file.error());
  if (starts_with(*file, 0, "\x89PNG\r\n\x1a\n")) return decode_png(*file);
  if (starts_with(*file, 0, "\xff\xd8\xff")) return decode_jpeg(*file);
  if (starts_with(*file, 0, "RIFF") && starts_with(*file, 8, "WEBP")) return decode_webp(*file);
  return Failed("not a PNG, JPEG or WebP picture");
}

}  // namespace pictures
