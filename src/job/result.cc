#include "job/result.h"

#include "job/decision.h"

namespace job {

std::string_view to_string(Vote vote) {
  switch (vote) {
    case Vote::kPass:
      return "pass";
    case Vote::kDecline:
      return "decline";
    case Vote::kAccept:
      return "accept";
    case Vote::kNoOpinion:
      return "no opinion";
    case Vote::kSkipped:
      return "skipped";
  }
  return "";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDelivered:
      return "delivered";
    case Outcome::kFailed:
      return "failed";
    case Outcome::kHandedBack:
      return "handed back";
    case Outcome::kSuperseded:
      return "superseded";
  }
  return "";
}

}  // namespace job
