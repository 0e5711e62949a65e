#pragma once
// The claim of an offer: from checked JSON text to job::Offer and back. Pure; any thread.

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "job/offer.h"
#include "protocol/fields.h"
#include "protocol/json_writer.h"

namespace protocol {

/// Sizes that a model source suggests; 0 = no suggestion.
struct ModelDefaults {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t steps = 0;
};

/// Requires: `claim` is checked JSON. Errors: kInvalid with the key named.
base::Result<job::Offer> read_claim(std::string_view claim);

/// The task's part of an offer: kind, task text, facts and inputs. A size that the task leaves out or sets to 0 is
/// the model's.
base::Status read_task(std::string_view task, const ModelDefaults& defaults, job::Offer& offer);

void write_claim(JsonWriter& out, const job::Offer& offer);

}  // namespace protocol
