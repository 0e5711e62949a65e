// The claim of an offer: what is read out of it, written again, and asked of its task. The input is the claim's JSON.

#include "protocol/claim.h"

#include <algorithm>
#include <cctype>

#include "fuzz/fuzz.h"
#include "job/offer.h"
#include "protocol/frames.h"

namespace {

using namespace protocol;

std::string written(const job::Offer& offer) {
  JsonWriter out;
  write_claim(out, offer);
  return std::move(out).take();
}

void check_names(const job::Offer& offer) {
  STUDIO_ASSERT(broken_rule(offer.id.str(), kFileName).empty());
  STUDIO_ASSERT(!offer.game.empty() && !offer.model.empty() && !offer.source.engine.empty());
  for (const job::ModelFile& file : offer.source.files) {
    STUDIO_ASSERT(broken_rule(file.filename, kFileName).empty());
    STUDIO_ASSERT(file.sha256.empty() || file.sha256.size() == 64);
  }
  for (const job::Input& input : offer.inputs) STUDIO_ASSERT(!input.name.empty() && !input.url.empty());
}

void check_task(const job::Offer& offer) {
  STUDIO_ASSERT(check_json(offer.task).has_value());
  const std::string prompt = full_prompt(offer.kind, offer.task);
  STUDIO_ASSERT(!offer.facts.chars || prompt.size() == *offer.facts.chars);
  const std::string ext = requested_ext(offer.kind, offer.task);
  STUDIO_ASSERT(!ext.empty() && ext.size() <= 16);
  STUDIO_ASSERT(std::all_of(ext.begin(), ext.end(), [](unsigned char c) { return std::isalnum(c) != 0; }));
  const std::string hash = job::task_hash(offer);
  STUDIO_ASSERT(hash.size() == 32 && hash.find_first_not_of("0123456789abcdef") == std::string::npos);
  const auto gib = static_cast<double>(job::vram_bytes(offer)) / static_cast<double>(base::kGiB);
  STUDIO_ASSERT(gib >= offer.vram_gb && gib <= offer.vram_gb + 1);
}

void check_same(const job::Offer& left, const job::Offer& right) {
  fuzz::require_same("a claim", written(left), written(right));
  STUDIO_ASSERT(left.kind == right.kind && job::task_hash(left) == job::task_hash(right));
  STUDIO_ASSERT(left.facts.width == right.facts.width && left.facts.height == right.facts.height);
  STUDIO_ASSERT(left.facts.steps == right.facts.steps && left.facts.seconds == right.facts.seconds);
  STUDIO_ASSERT(left.facts.chars == right.facts.chars && left.facts.max_tokens == right.facts.max_tokens);
  STUDIO_ASSERT(std::equal(left.inputs.begin(), left.inputs.end(), right.inputs.begin(), right.inputs.end(),
                           [](const job::Input& one, const job::Input& other) {
                             return one.name == other.name && one.index == other.index && one.url == other.url;
                           }));
}

}  // namespace

void fuzz::run(std::string_view input) {
  const auto offer = decode_claim(input);
  if (!offer) {
    require_printable(offer.error().message);
    return;
  }
  check_names(*offer);
  check_task(*offer);
  const auto again = decode_claim(written(*offer));
  STUDIO_ASSERT(again.has_value());
  check_same(*offer, *again);

  const ToWorker frame = decode(encode_for_worker(OfferFrame{*offer}));
  const auto* framed = std::get_if<OfferFrame>(&frame);
  STUDIO_ASSERT(framed != nullptr);
  check_same(*offer, framed->offer);
}
