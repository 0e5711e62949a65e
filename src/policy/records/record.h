#pragma once
// DecisionRecord: what one decision was based on and what came of it, as one line of JSON. Only what a policy may see:
// never a prompt. Pure; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "job/decision.h"
#include "job/offer.h"

namespace policy::records {

/// Who decided: the policy in force, or one that is only tried beside it.
enum class Mode : std::uint8_t { kLive, kShadow };

struct DecisionRecord {
  Mode mode = Mode::kLive;
  std::string zone;  // the policy's
  std::string policy_hash;
  job::Offer offer;        // without task, inputs and files
  job::Facts facts;        // `now` is the record's time; written to the microsecond
  job::Decision decision;  // without plan and trace
  std::string error;       // of a hook that failed
  std::uint64_t instructions = 0;
  base::Duration took{};

  /// Copies what a record holds of a decision; the rest stays as it is. Allocates nothing once it has grown.
  void set(const job::Offer& decided, const job::Facts& known, const job::Decision& verdict);
};

/// In a line that tells the cards; quoted so nowhere else, since quotes of a text are escaped.
inline constexpr std::string_view kCardsKey = R"("gpus":)";

/// The files of a record follow each other: the cards are written only when they are not those of the record before.
class Writer {
 public:
  void append(std::string& out, const DecisionRecord& record);
  /// A new file begins.
  void reset() { cards_.reset(); }

 private:
  std::optional<std::vector<job::GpuFacts>> cards_;
};

class Reader {
 public:
  /// Reads one line into `record`. False for a line that is no record of an offer.
  bool read(std::string_view line, DecisionRecord& record);

 private:
  std::vector<job::GpuFacts> cards_;
  std::array<unsigned char, 16UL * 1024> scratch_{};  // enough for a usual line; longer ones allocate
};

/// "2026-03-25T01:12:07.123456Z".
std::string format_time(base::WallTime time);
std::optional<base::WallTime> parse_time(std::string_view text);

}  // namespace policy::records
