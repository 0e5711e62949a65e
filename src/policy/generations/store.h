#pragma once
// Store: the policies that were in force, kept on disk, so that a broken folder or a bad idea can be undone.
// Blocking; what is written survives a crash at any moment. Thread: one at a time.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/source_files.h"

namespace policy::generations {

constexpr std::size_t kKept = 10;

/// Why a generation is in force.
inline constexpr std::string_view kSaved = "saved";
inline constexpr std::string_view kFoundAtStart = "found at start";
inline constexpr std::string_view kPromoted = "promoted";
inline constexpr std::string_view kFromShadow = "promoted from the shadow";
inline constexpr std::string_view kRollback = "rollback";

/// 32 hex characters that tell the content of one policy from another's (XXH3, 128 bits).
std::string fingerprint(const SourceFiles& files);

/// Names where a policy comes from: its absolute path.
std::string source_of(const std::filesystem::path& path);

struct Generation;
/// Whether the generation came from there, as far as that is known.
bool is_of(const Generation& generation, std::string_view source);

/// What the manifest of a generation says.
struct Generation {
  std::uint64_t number = 0;
  std::string hash;  // fingerprint of its files
  std::string at;    // RFC 3339: when it came into force for the first time
  std::string reason;
  std::vector<std::string> files;
  std::string source = {};  // the folder or file that it came from; empty = not known
};

/// Which generation decides, and what the next worker has to know of it.
struct Mark {
  std::uint64_t number = 0;
  std::uint64_t newest = 0;  // the highest number ever given: numbers never come again
  std::string reason;        // why this one decides: kSaved ...
  std::string turned_away;   // where it is not what the folder holds: the fingerprint of that
  std::string source;        // the folder or file that the policy comes from
};

struct Kept {
  Generation about;
  SourceFiles files;
};

/// Below PolicyOptions::data; empty where that is empty: nothing is kept.
std::filesystem::path folder_in(const std::filesystem::path& data);

class Store {
 public:
  explicit Store(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Writes the generation, then the mark; drops the oldest ones beyond kKept. Errors: kExhausted on a full disk,
  /// kUnavailable otherwise; what was kept before is untouched then.
  base::Status keep(const Kept& kept, const Mark& in_force) const;
  base::Status mark(const Mark& in_force) const;

  /// Newest first. What cannot be read is left out, with a line in `warnings`.
  std::vector<Generation> list(std::vector<std::string>& warnings) const;
  /// Errors: kNotFound for one that is not kept, kCorrupt when its files are not what its manifest says.
  base::Result<Kept> read(std::uint64_t number) const;
  /// The one to go back to: `number`, or the newest below the one in force, of the policy that is in force.
  /// Errors: those of `read`; kNotFound when there is no older one, kConflict when `number` is of another policy.
  base::Result<Kept> choose(std::optional<std::uint64_t> number, const Mark& in_force) const;
  /// Nothing before the first `mark`, and when it cannot be read.
  std::optional<Mark> in_force() const;

 private:
  base::Result<Generation> manifest(std::uint64_t number) const;
  void drop_oldest(std::uint64_t in_force) const;

  std::filesystem::path folder_;
};

}  // namespace policy::generations
