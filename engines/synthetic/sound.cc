#include "synthetic/sound.h"

#include <array>
#include <bit>
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

constexpr float kAmplitude = 0.4F;
constexpr float kFullScale = 32767.0F;

/// Samples that are computed side by side: one by one they would wait for each other's latency.
constexpr std::uint32_t kLanes = 18;
static_assert(kSamples % kLanes == 0);

/// To the next whole number, for small ones.
double round(double value) {
  constexpr double kToInteger = 0x1.8p52;
  return value + kToInteger - kToInteger;
}

/// Within 1e-9 for angles up to 1e5: Taylor's polynomial on half a turn.
double sine(double angle) {
  const double half_turns = round(angle * std::numbers::inv_pi);
  const double odd = half_turns - 2 * round(half_turns / 2);
  const double r = angle - half_turns * std::numbers::pi;
  const double s = r * r;
  const double rest =
      -1.0 / 6 + s * (1.0 / 120 + s * (-1.0 / 5040 + s * (1.0 / 362880 + s * (-1.0 / 39916800 + s / 6227020800.0))));
  return (1 - 2 * odd * odd) * r * (1 + s * rest);
}

/// The order of the factors decides the last bit of the sample.
float angle_of(std::uint32_t sample, float frequency) {
  return static_cast<float>(static_cast<std::int32_t>(sample)) / static_cast<float>(kSampleRate) * 2.0F *
         std::numbers::pi_v<float> * frequency;
}

/// The reference computes in 32-bit numbers and cuts: near a whole number the last bit is the library's to decide.
std::int16_t cut(double value, float angle) {
  constexpr double kUnsure = 0.005;
  const auto whole = static_cast<std::int16_t>(value);
  if (std::abs(std::abs(value - whole) - 0.5) < 0.5 - kUnsure) return whole;
  return static_cast<std::int16_t>(std::sin(angle) * kAmplitude * kFullScale);
}

}  // namespace

std::vector<std::uint8_t> tone(const digest::Bytes& text) {
  LittleEndian file(kHeaderBytes + kDataBytes);
  write_header(file);
  const float frequency = 220.0F + static_cast<float>(text[0]) * 660.0F / 255.0F;
  std::array<std::int16_t, kSamples> samples{};
  for (std::uint32_t first = 0; first < kSamples; first += kLanes) {
    std::array<float, kLanes> angles{};
    std::array<double, kLanes> values{};
    for (std::uint32_t i = 0; i < kLanes; ++i) angles[i] = angle_of(first + i, frequency);
    for (std::uint32_t i = 0; i < kLanes; ++i) values[i] = sine(angles[i]) * (kAmplitude * kFullScale);
    for (std::uint32_t i = 0; i < kLanes; ++i) samples[first + i] = cut(values[i], angles[i]);
  }
  file.numbers(samples);
  return std::move(file).take();
}

}  // namespace synthetic
