#pragma once
// Whether a pause rule's conditions hold, in three values: a sensor may not know. Pure.

#include <cstdint>
#include <string>

#include "job/machine_facts.h"
#include "policy/pause/pause_rule.h"

namespace policy::pause {

enum class Answer : std::uint8_t { kFalse, kUnknown, kTrue };

struct Finding {
  Answer answer = Answer::kTrue;
  std::string why;  // "maya.bin runs"; of kUnknown: what is not known. Empty for kFalse
};

/// Of the conditions that sensors answer: any no is a no, then any unknown is unknown. Yes when there is none.
Finding examine(const PauseRule& rule, const job::MachineFacts& facts);

}  // namespace policy::pause
