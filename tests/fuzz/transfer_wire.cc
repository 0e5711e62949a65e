// The frames between the worker and studio-transfer, each side read by its reader and written by the other's writer.

#include "net/transfer_wire.h"

#include "fuzz/fuzz.h"
#include "transfer/channel.h"

namespace {

net::FormPart form_part(const transfer::Part& part) {
  return {part.name, part.text, part.file, part.filename, part.content_type, part.xxh128};
}

/// A request of the transfer program as the worker would have sent it.
struct Writer {
  std::uint64_t id;

  std::string operator()(const transfer::Send& send) const {
    net::HttpRequest request{send.method, send.to.url, send.to.bearer, send.content_type, send.body, send.limit};
    return net::encode_request(id, request, send.to.ca_file).reveal();
  }
  std::string operator()(const transfer::Upload& upload) const {
    net::UploadRequest request{upload.to.url, upload.to.bearer, {}, upload.stall_limit};
    for (const transfer::Part& part : upload.parts) request.parts.push_back(form_part(part));
    return net::encode_request(id, request, upload.to.ca_file).reveal();
  }
  std::string operator()(const transfer::Download& download) const {
    net::DownloadRequest request{download.to.url, download.destination, download.max_bytes, download.limit,
                                 download.user_agent};
    return net::encode_request(id, request, download.to.ca_file).reveal();
  }
  std::string operator()(const transfer::Cancel&) const { return net::encode_cancel(id); }
  std::string operator()(const transfer::Probe&) const { return {}; }
};

std::string written(const transfer::Request& request) {
  return std::visit(Writer{request.id}, request.what);
}

std::string written(const net::TransferAnswer& read) {
  transfer::Answer answer;
  if (!read.outcome) {
    answer.error = read.outcome.error();
  } else {
    const net::HttpResponse& response = *read.outcome;
    answer = {std::nullopt,         response.status, response.content_type, response.body,
              response.retry_after, response.sha256, response.bytes};
  }
  return transfer::encode_answer(read.id, answer);
}

}  // namespace

void fuzz::run(std::string_view input) {
  const auto request = transfer::decode_request(input);
  if (request) {
    const std::string text = written(*request);
    const auto again = transfer::decode_request(text);
    STUDIO_ASSERT(again.has_value() && again->what.index() == request->what.index());
    require_same("a request", written(*again), text);
  }
  const auto answer = net::decode_answer(input);
  if (!answer) return;
  STUDIO_ASSERT(!answer->outcome || !answer->outcome->retry_after || answer->outcome->retry_after->count() >= 0);
  const std::string text = written(*answer);
  const auto again = net::decode_answer(text);
  STUDIO_ASSERT(again.has_value());
  require_same("an answer", written(*again), text);
}
