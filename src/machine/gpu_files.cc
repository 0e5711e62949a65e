#include "machine/gpu_files.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

#include "base/files.h"
#include "base/log.h"

namespace machine {
namespace {

namespace fs = std::filesystem;

constexpr base::Bytes kFileLimit = 64 * base::kKiB;
constexpr std::size_t kNameLimit = 200;
/// No card has more; a larger figure is a driver's mistake and would not fit the arithmetic.
constexpr double kMostMib = 1024.0 * 1024 * 1024;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The value of the line "key:   value", nothing when there is no such line.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && trimmed(line.substr(0, colon)) == key)
      return trimmed(line.substr(colon + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

/// The trimmed text of a small file; empty when it cannot be read, which for a driver's file means "not told".
std::string text_of(const fs::path& path) {
  const auto text = base::read_file(path, kFileLimit);
  return text ? std::string(trimmed(*text)) : std::string();
}

std::optional<base::Bytes> bytes_of(const fs::path& path) {
  const std::string text = text_of(path);
  base::Bytes bytes = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bytes;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure)) {
    entries.push_back(entry->path());
  }
  return entries;
}

/// 3 of "card3"; nothing for connectors (card3-DP-1) and render nodes.
std::optional<std::uint32_t> card_number(std::string_view name) {
  constexpr std::string_view kPrefix = "card";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  std::uint32_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::string amd_name(const fs::path& device) {
  std::string name = text_of(device / "product_name");
  if (name.empty()) {
    auto id = [&](const char* file) {
      const std::string text = text_of(device / file);
      return text.starts_with("0x") ? text.substr(2) : std::string("?");
    };
    name = "AMD GPU " + id("vendor") + ":" + id("device");
  }
  return base::log::printable(name, kNameLimit);
}

/// The edge temperature, which the driver gives in thousandths of a degree.
std::optional<double> amd_temperature(const fs::path& device) {
  for (const fs::path& sensor : entries_of(device / "hwmon")) {
    if (const auto value = bytes_of(sensor / "temp1_input")) return static_cast<double>(*value) / 1000;
  }
  return std::nullopt;
}

}  // namespace

std::optional<base::Bytes> parse_video_memory(std::string_view text) {
  text = trimmed(text);
  double amount = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (failure != std::errc() || !std::isfinite(amount)) return std::nullopt;
  std::string unit(trimmed(text.substr(static_cast<std::size_t>(end - text.data()))));
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (unit == "gb" || unit == "gib") amount *= 1024;
  if (amount <= 0 || amount > kMostMib) return std::nullopt;
  return static_cast<base::Bytes>(amount * static_cast<double>(base::kMiB));
}

std::vector<NvidiaCard> read_nvidia_files(const fs::path& root) {
  std::vector<NvidiaCard> cards;
  for (const fs::path& folder : entries_of(root / "proc/driver/nvidia/gpus")) {
    const std::string text = text_of(folder / "information");
    if (text.empty()) continue;
    NvidiaCard card;
    card.bus = folder.filename().string();
    card.name = base::log::printable(value_of(text, "Model").value_or("NVIDIA GPU"), kNameLimit);
    if (const auto memory = value_of(text, "Video Memory")) {
      card.total = parse_video_memory(*memory);
      if (!card.total) card.unreadable = *memory;
    }
    cards.push_back(std::move(card));
  }
  std::sort(cards.begin(), cards.end(), [](const NvidiaCard& a, const NvidiaCard& b) { return a.bus < b.bus; });
  return cards;
}

std::vector<job::GpuFacts> read_amd_files(const fs::path& root) {
  std::vector<job::GpuFacts> cards;
  for (const fs::path& folder : entries_of(root / "sys/class/drm")) {
    const auto number = card_number(folder.filename().string());
    if (!number) continue;
    const fs::path device = folder / "device";
    const auto total = bytes_of(device / "mem_info_vram_total");
    if (!total || *total == 0) continue;
    job::GpuFacts card{.index = *number, .name = amd_name(device), .total = total};
    const auto used = bytes_of(device / "mem_info_vram_used");
    if (used && *used <= *total) card.free = *total - *used;
    card.temperature = amd_temperature(device);
    if (const auto busy = bytes_of(device / "gpu_busy_percent"); busy && *busy <= 100) {
      card.busy = static_cast<double>(*busy) / 100;
    }
    cards.push_back(std::move(card));
  }
  std::sort(cards.begin(), cards.end(),
            [](const job::GpuFacts& a, const job::GpuFacts& b) { return a.index < b.index; });
  return cards;
}

}  // namespace machine
