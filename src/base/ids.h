#pragma once
// Strong types for identifiers, sizes and secrets: a JobId is not a GameId, bytes are not mebibytes.

#include <compare>
#include <cstdint>
#include <functional>
#include <string.h>
#include <string>
#include <string_view>
#include <utility>

namespace base {

template <class Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  const std::string& str() const { return value; }
  auto operator<=>(const Id&) const = default;
};

using JobId = Id<struct JobTag>;
using GameId = Id<struct GameTag>;
using ModelId = Id<struct ModelTag>;
using WorkerId = Id<struct WorkerTag>;

using Bytes = std::uint64_t;
constexpr Bytes kKiB = 1024;
constexpr Bytes kMiB = 1024 * kKiB;
constexpr Bytes kGiB = 1024 * kMiB;

/// Text that must not be printed. There is no stream operator; `reveal` is what a reviewer greps for.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret() { ::explicit_bzero(text_.data(), text_.size()); }

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }
  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

constexpr std::string_view kRedacted = "[REDACTED]";

}  // namespace base

template <class Tag>
struct std::hash<base::Id<Tag>> {
  std::size_t operator()(const base::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.value); }
};
