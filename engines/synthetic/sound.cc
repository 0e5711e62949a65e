#include "synthetic/sound.h"

#include <cmath>
#include <numbers>

#include "synthetic/bytes.h"

namespace synthetic {
namespace {

constexpr std::uint32_t kSampleRate = 22'050;
constexpr std::uint32_t kSamples = kSampleRate;
constexpr std::uint16_t kBytesPerSample = 2;
constexpr std::uint32_t kDataBytes = kSamples * kBytesPerSample;
constexpr std::uint32_t kHeaderBytes = 44;

void write_header(LittleEndian& file) {
  file.text("RIFF");
  file.number(std::uint32_t{kHeaderBytes - 8 + kDataBytes});
  file.text("WAVEfmt ");
  file.number(std::uint32_t{16});
  file.number(std::uint16_t{1});  // PCM
  file.number(std::uint16_t{1});  // channels
  file.number(kSampleRate);
  file.number(std::uint32_t{kSampleRate * kBytesPerSample});
  file.number(kBytesPerSample);
  file.number(std::uint16_t{8 * kBytesPerSample});
  file.text("data");
  file.number(kDataBytes);
}

}  // namespace

std::vector<std::uint8_t> tone(const DigestBytes& text) {
  LittleEndian file(kHeaderBytes + kDataBytes);
  write_header(file);
  const float frequency = 220.0F + static_cast<float>(text[0]) * 660.0F / 255.0F;
  for (std::uint32_t n = 0; n < kSamples; ++n) {
    // The order of the factors decides the last bit of the sample.
    const float seconds = static_cast<float>(n) / static_cast<float>(kSampleRate);
    const float wave = std::sin(seconds * 2.0F * std::numbers::pi_v<float> * frequency);
    file.number(static_cast<std::uint16_t>(static_cast<std::int16_t>(wave * 0.4F * 32767.0F)));
  }
  return std::move(file).take();
}

}  // namespace synthetic
