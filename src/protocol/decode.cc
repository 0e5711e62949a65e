#include "base/log.h"
#include "base/text/utf8.h"
#include "protocol/claim.h"
#include "protocol/fields.h"
#include "protocol/frames.h"

namespace protocol {
namespace {

constexpr TextRule kType{.least = 1, .most = 200};
constexpr std::size_t kLongestEcho = 1000;  // a longer job id is not worth a reject

/// The job id of a claim that may be cut off or broken further on. Two different ids are no id.
std::optional<base::JobId> id_of_claim(std::string_view claim) {
  std::optional<base::JobId> id;
  for (JsonWalk walk(claim); walk.next();) {
    if (!spells(walk.key(), "jobId")) continue;
    const std::string_view value = walk.value();
    if (kind_of(value) != JsonKind::kString || !value.ends_with('"') || value.size() > kLongestEcho) return {};
    base::JobId found(decode_string(value));
    if (found.empty() || base::utf8_end(found.str()) != found.str().size() || (id && *id != found)) return {};
    id = std::move(found);
  }
  return id;
}

/// The job that the studio waits to hear about, when the refused frame was an offer.
std::optional<base::JobId> offered_job(std::string_view frame) {
  bool is_offer = false;
  std::optional<base::JobId> id;
  for (JsonWalk walk(frame); walk.next();) {
    if (spells(walk.key(), "type")) is_offer = spells(walk.value(), "offer");
    if (spells(walk.key(), "claim")) id = id_of_claim(walk.value());
  }
  return is_offer ? id : std::nullopt;
}

BadFrame bad(const base::Error& error, std::string_view frame) {
  return {error.message, offered_job(frame)};
}

ToWorker read_offer(std::string_view claim, std::string_view frame) {
  auto offer = read_claim(claim);
  if (!offer) return bad(offer.error(), frame);
  return OfferFrame{std::move(*offer)};
}

ToWorker read_frame(std::string type, Fields& fields, std::string_view frame) {
  if (type == "heartbeatAck") return HeartbeatAck{};
  if (type == "offer") {
    const std::string_view claim = fields.raw("claim", JsonKind::kObject);
    if (fields.failed()) return bad(fields.status().error(), frame);
    return read_offer(claim, frame);
  }
  if (type == "completeAck") return CompleteAck{base::JobId(fields.text("jobId", kFileName))};
  if (type == "failAck") return FailAck{base::JobId(fields.text("jobId", kFileName))};
  if (type == "welcome") {
    base::WorkerId worker(fields.text("workerId", kName));
    return Welcome{std::move(worker), fields.text("serverTime", kLabel)};
  }
  if (type == "error") {
    std::string code = fields.text("code", kName);
    return ErrorFrame{std::move(code), fields.text("message", kAnyText)};
  }
  return UnknownFrame{std::move(type)};
}

}  // namespace

ToWorker decode(std::string_view frame) {
  if (const auto status = check_json(frame); !status) return bad(status.error(), frame);
  Fields fields(frame, {});
  std::string type = fields.text("type", kType);
  if (fields.failed()) return bad(fields.status().error(), frame);
  ToWorker read = read_frame(std::move(type), fields, frame);
  if (fields.failed() && !std::holds_alternative<BadFrame>(read)) return bad(fields.status().error(), frame);
  return read;
}

}  // namespace protocol
