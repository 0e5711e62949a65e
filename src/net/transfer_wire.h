#pragma once
// The frames between HttpClient and the studio-transfer program (src/transfer/channel.h describes them). Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "net/http_client.h"

namespace net {

// A frame holds the bearer token, hence Secret: it is wiped and does not print.
base::Secret encode_request(std::uint64_t id, const HttpRequest& request, const std::string& ca_file);
base::Secret encode_request(std::uint64_t id, const UploadRequest& request, const std::string& ca_file);
base::Secret encode_request(std::uint64_t id, const DownloadRequest& request, const std::string& ca_file);
std::string encode_cancel(std::uint64_t id);

struct TransferAnswer {
  std::uint64_t id = 0;
  base::Result<HttpResponse> outcome;
};
/// Errors: kCorrupt.
base::Result<TransferAnswer> decode_answer(std::string_view frame);

}  // namespace net
