#include "policy/host/wire/sense.h"

#include <cmath>
#include <limits>

namespace policy::host {
namespace {

constexpr std::size_t kMaxApps = 100'000;
constexpr std::size_t kMaxCards = 1000;
constexpr std::size_t kMaxProcesses = 10'000;
constexpr std::size_t kMaxPauses = 100;

void write_flag(Writer& out, const std::optional<bool>& value) {
  out.flag(value.has_value());
  if (value) out.flag(*value);
}
std::optional<bool> read_flag(Reader& in) {
  if (!in.flag()) return std::nullopt;
  return in.flag();
}

std::optional<double> read_real(Reader& in) {
  auto value = in.optional<double>();
  if (value && !std::isfinite(*value)) in.reject();
  return value;
}

void write(Writer& out, const job::GpuFacts& gpu) {
  out.number(gpu.index);
  out.text(gpu.uuid);
  out.text(gpu.name);
  out.optional(gpu.total);
  out.optional(gpu.free);
  out.optional(gpu.temperature);
  out.optional(gpu.busy);
  out.optional(gpu.ours);
  out.flag(gpu.foreign.has_value());
  if (!gpu.foreign) return;
  out.number(gpu.foreign->size());
  for (const job::GpuProcess& process : *gpu.foreign) {
    out.text(process.name);
    out.optional(process.vram);
  }
}

std::uint32_t read_index(Reader& in) {
  return static_cast<std::uint32_t>(in.count(std::numeric_limits<std::uint32_t>::max()));
}

job::GpuFacts read_gpu(Reader& in) {
  job::GpuFacts gpu;
  gpu.index = read_index(in);
  gpu.uuid = in.text();
  gpu.name = in.text();
  gpu.total = in.optional<base::Bytes>();
  gpu.free = in.optional<base::Bytes>();
  gpu.temperature = read_real(in);
  gpu.busy = read_real(in);
  gpu.ours = in.optional<base::Bytes>();
  if (!in.flag()) return gpu;
  gpu.foreign.emplace();
  const auto count = in.count(kMaxProcesses);
  for (std::size_t i = 0; i < count && !in.bad(); ++i) {
    auto name = in.text();
    gpu.foreign->push_back({std::move(name), in.optional<base::Bytes>()});
  }
  return gpu;
}

}  // namespace

void write_sense(Writer& out, const job::MachineFacts& facts) {
  out.flag(facts.apps.value.has_value());
  if (facts.apps.value) {
    out.number(facts.apps.value->size());
    for (const std::string& name : *facts.apps.value) out.text(name);
  }
  out.optional(facts.user_idle.value);
  write_flag(out, facts.locked.value);
  write_flag(out, facts.on_battery.value);
  out.optional(facts.cpu.value);
  out.optional(facts.memory_free.value);
  out.flag(facts.gpus.value.has_value());
  if (!facts.gpus.value) return;
  out.number(facts.gpus.value->size());
  for (const job::GpuFacts& gpu : *facts.gpus.value) write(out, gpu);
}

job::MachineFacts read_sense(Reader& in) {
  job::MachineFacts facts;
  if (in.flag()) {
    facts.apps.value.emplace();
    const auto count = in.count(kMaxApps);
    for (std::size_t i = 0; i < count && !in.bad(); ++i) facts.apps.value->push_back(in.text());
  }
  facts.user_idle.value = in.optional<base::Duration>();
  facts.locked.value = read_flag(in);
  facts.on_battery.value = read_flag(in);
  facts.cpu.value = read_real(in);
  facts.memory_free.value = in.optional<base::Bytes>();
  if (!in.flag()) return facts;
  facts.gpus.value.emplace();
  const auto count = in.count(kMaxCards);
  for (std::size_t i = 0; i < count && !in.bad(); ++i) facts.gpus.value->push_back(read_gpu(in));
  return facts;
}

void write_sensed(Writer& out, const Sensed& sensed) {
  out.number(sensed.pauses.size());
  for (const pause::Held& held : sensed.pauses) {
    out.text(held.title);
    out.text(held.rule);
    out.text(held.why);
    out.byte(static_cast<std::uint8_t>(held.action));
    out.flag(held.release_vram);
  }
  out.number(sensed.bounds.size());
  for (const CardBound& bound : sensed.bounds) {
    out.number(bound.card);
    out.number(bound.bytes);
    out.text(bound.reason);
    out.text(bound.rule);
  }
  out.flag(sensed.bounds_failed);
  out.text(sensed.error);
}

Sensed read_sensed(Reader& in) {
  Sensed sensed;
  const auto pauses = in.count(kMaxPauses);
  for (std::size_t i = 0; i < pauses && !in.bad(); ++i) {
    pause::Held held;
    held.title = in.text();
    held.rule = in.text();
    held.why = in.text();
    held.action = static_cast<pause::Action>(in.below(static_cast<std::uint8_t>(pause::Action::kReturn) + 1));
    held.release_vram = in.flag();
    sensed.pauses.push_back(std::move(held));
  }
  const auto bounds = in.count(kMaxCards);
  for (std::size_t i = 0; i < bounds && !in.bad(); ++i) {
    CardBound bound;
    bound.card = read_index(in);
    bound.bytes = in.number();
    bound.reason = in.text();
    bound.rule = in.text();
    sensed.bounds.push_back(std::move(bound));
  }
  sensed.bounds_failed = in.flag();
  sensed.error = in.text();
  return sensed;
}

}  // namespace policy::host
