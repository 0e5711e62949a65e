#include "wire/picture.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "digest/sha256.h"

namespace wire {
namespace {

constexpr std::uint32_t kSide = 8;

std::string big32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>((value >> static_cast<unsigned>(shift)) & 255U);
  return bytes;
}

std::string little(std::uint32_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>((value >> static_cast<unsigned>(8 * i)) & 255U);
  return bytes;
}

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xEDB88320U : crc >> 1U;
  }
  return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
  constexpr std::uint32_t kModulus = 65521;
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  for (const char c : bytes) {
    low = (low + static_cast<unsigned char>(c)) % kModulus;
    high = (high + low) % kModulus;
  }
  return (high << 16U) | low;
}

std::string chunk(std::string_view type, const std::string& data) {
  const std::string body = std::string(type) + data;
  return big32(static_cast<std::uint32_t>(data.size())) + body + big32(crc32(body));
}

/// A zlib stream of one stored block, which needs no compressor.
std::string stored(const std::string& raw) {
  const auto length = static_cast<std::uint32_t>(raw.size());
  return std::string("\x78\x01\x01", 3) + little(length, 2) + little(~length, 2) + raw + big32(adler32(raw));
}

}  // namespace

std::string make_png(std::string_view seed) {
  const digest::Bytes hash = digest::sha256(seed);
  std::array<char, 3> colour{};
  std::copy_n(hash.begin(), colour.size(), colour.begin());
  std::string raw;
  for (std::uint32_t row = 0; row < kSide; ++row) {
    raw += '\0';
    for (std::uint32_t column = 0; column < kSide; ++column) raw.append(colour.data(), colour.size());
  }
  const std::string header = big32(kSide) + big32(kSide) + std::string("\x08\x02\x00\x00\x00", 5);
  return std::string("\x89PNG\r\n\x1a\n") + chunk("IHDR", header) + chunk("IDAT", stored(raw)) + chunk("IEND", "");
}

std::string make_wav() {
  constexpr std::uint32_t kRate = 16000;
  const std::string samples(2 * kRate / 10, '\0');
  const auto size = static_cast<std::uint32_t>(samples.size());
  return "RIFF" + little(36 + size, 4) + "WAVEfmt " + little(16, 4) + little(1, 2) + little(1, 2) + little(kRate, 4) +
         little(2 * kRate, 4) + little(2, 2) + little(16, 2) + "data" + little(size, 4) + samples;
}

}  // namespace wire
