#include "machine/usage/power.h"

#include <optional>
#include <string>
#include <system_error>

#include "base/files.h"

namespace machine {
namespace {

namespace fs = std::filesystem;

std::string word_in(const fs::path& file) {
  auto text = base::read_file(file, 4096).value_or("");
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

job::Reading<bool> read_on_battery(const fs::path& root) {
  const fs::path folder = root / "sys/class/power_supply";
  job::Reading<bool> reading{.source = folder.string()};
  bool battery = false;
  bool unclear = false;
  bool mains = false;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    const std::string type = word_in(entry.path() / "type");
    if (type == "Mains" || type == "USB") mains = mains || word_in(entry.path() / "online") == "1";
    // The battery of a mouse does not drive the machine.
    if (type != "Battery" || word_in(entry.path() / "scope") == "Device") continue;
    battery = true;
    const std::string status = word_in(entry.path() / "status");
    if (status == "Discharging") {
      reading.value = true;
      return reading;
    }
    unclear = unclear || status.empty() || status == "Unknown";
  }
  if (battery && unclear && !mains) {
    reading.source += ": the battery does not tell its state";
    return reading;
  }
  reading.value = false;
  return reading;
}

}  // namespace machine
