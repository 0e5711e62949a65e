#include "machine/usage/load.h"

#include <sstream>
#include <string>
#include <utility>

#include "base/files.h"

namespace machine {

job::Reading<double> Load::cpu() {
  job::Reading<double> reading{.source = "/proc/stat"};
  std::istringstream text(base::read_file(root_ / "proc/stat").value_or(""));
  std::string name;
  std::uint64_t user = 0;
  std::uint64_t nice = 0;
  std::uint64_t system = 0;
  std::uint64_t idle = 0;
  std::uint64_t waiting = 0;
  text >> name >> user >> nice >> system >> idle >> waiting;
  if (!text || name != "cpu") return reading;
  const Ticks now{user + nice + system, user + nice + system + idle + waiting};
  const auto before = std::exchange(before_, now);
  if (!before || now.all <= before->all || now.busy < before->busy) return reading;
  reading.value = static_cast<double>(now.busy - before->busy) / static_cast<double>(now.all - before->all);
  return reading;
}

job::Reading<base::Bytes> Load::memory_free() const {
  job::Reading<base::Bytes> reading{.source = "/proc/meminfo"};
  const auto text = base::read_file(root_ / "proc/meminfo").value_or("");
  constexpr std::string_view kKey = "MemAvailable:";
  const auto at = text.find(kKey);
  if (at == std::string::npos) return reading;
  std::istringstream line(text.substr(at + kKey.size()));
  base::Bytes kib = 0;
  if (line >> kib) reading.value = kib * 1024;
  return reading;
}

}  // namespace machine
