#pragma once
// HookEvent: what a function of a policy can be asked about. Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace policy {

enum class HookEvent : std::uint8_t { kOffer, kPause, kBudget, kLog };

constexpr std::array<std::string_view, 4> kHookEventNames = {"offer", "pause", "budget", "log"};

constexpr std::optional<HookEvent> parse_hook_event(std::string_view name) {
  for (std::size_t i = 0; i < kHookEventNames.size(); ++i) {
    if (kHookEventNames.at(i) == name) return static_cast<HookEvent>(i);
  }
  return std::nullopt;
}

constexpr std::string_view to_string(HookEvent event) {
  return kHookEventNames.at(static_cast<std::size_t>(event));
}

/// One value for each event.
template <class Value>
class PerEvent {
 public:
  Value& operator[](HookEvent event) { return values_.at(static_cast<std::size_t>(event)); }
  const Value& operator[](HookEvent event) const { return values_.at(static_cast<std::size_t>(event)); }
  auto begin() { return values_.begin(); }
  auto end() { return values_.end(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  std::array<Value, kHookEventNames.size()> values_{};
};

}  // namespace policy
