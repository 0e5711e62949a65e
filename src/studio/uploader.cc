#include "studio/uploader.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/log.h"
#include "net/upgrade.h"

namespace studio {
namespace {

constexpr int kTries = 3;

struct MimeType {
  std::string_view ext;
  std::string_view type;
};
constexpr std::array kMimeTypes = {
    MimeType{"png", "image/png"},   MimeType{"webp", "image/webp"},       MimeType{"jpg", "image/jpeg"},
    MimeType{"jpeg", "image/jpeg"}, MimeType{"gif", "image/gif"},         MimeType{"bmp", "image/bmp"},
    MimeType{"wav", "audio/wav"},   MimeType{"mp3", "audio/mpeg"},        MimeType{"ogg", "audio/ogg"},
    MimeType{"opus", "audio/ogg"},  MimeType{"flac", "audio/flac"},       MimeType{"mp4", "video/mp4"},
    MimeType{"webm", "video/webm"}, MimeType{"glb", "model/gltf-binary"},
};

base::Code code_of(int status) {
  if (status == 409) return base::Code::kConflict;
  if (status == 401 || status == 403) return base::Code::kUnauthorized;
  return status >= 500 ? base::Code::kUnavailable : base::Code::kRejected;
}

/// After a power cut a file may be shorter than the record of it says.
base::Status check_size(const ResultFile& result) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(result.file, failure);
  if (result.bytes == 0 || failure || size == result.bytes) return {};
  return base::Error{base::Code::kCorrupt, result.file.filename().string() + " changed since it was made: it has " +
                                               std::to_string(size) + " bytes, not " + std::to_string(result.bytes)};
}

}  // namespace

std::string_view mime_type(std::string_view ext) {
  const auto same = [&](std::string_view known) {
    return std::equal(known.begin(), known.end(), ext.begin(), ext.end(), [](char a, char b) {
      return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
    });
  };
  const auto* found =
      std::find_if(kMimeTypes.begin(), kMimeTypes.end(), [&](const auto& type) { return same(type.ext); });
  return found == kMimeTypes.end() ? "application/octet-stream" : found->type;
}

Uploader::Uploader(Urls urls, net::HttpClient& http, base::Clock& clock, Note note)
    : urls_(std::move(urls)), http_(http), clock_(clock), note_(std::move(note)) {}

asio::awaitable<base::Result<job::Receipt>> Uploader::put(ResultFile result) {
  for (int attempt = 1;; ++attempt) {
    auto receipt = co_await put_once(result);
    if (receipt || receipt.error().code != base::Code::kUnavailable || attempt == kTries) co_return receipt;
    note_(base::log::Level::kWarn,
          "transient upload failure; retrying (attempt " + std::to_string(attempt) + " of " + std::to_string(kTries) +
              "): " + receipt.error().message,
          result.job);
    const auto until = clock_.now() + attempt * std::chrono::seconds(1);
    co_await clock_.sleep_until(until);
  }
}

asio::awaitable<base::Result<job::Receipt>> Uploader::put_once(const ResultFile& result) {
  CO_CHECK_OK(check_size(result));
  net::UploadRequest request;
  request.url = urls_.complete(credentials_.worker, result.job);
  request.bearer = credentials_.token;
  if (result.prompt)
    request.parts.push_back({.name = "prompt", .text = *result.prompt});
  else
    request.parts.push_back({.name = "prompt", .file = result.prompt_file});
  request.parts.push_back({.name = "ext", .text = result.ext});
  request.parts.push_back({.name = "image",
                           .file = result.file,
                           .filename = result.job.str() + "." + result.ext,
                           .content_type = std::string(mime_type(result.ext)),
                           .xxh128 = result.xxh128});
  auto response = co_await http_.upload(std::move(request));
  if (!response) {
    const bool local = response.error().code == base::Code::kCorrupt || response.error().code == base::Code::kNotFound;
    co_return base::Error{local ? base::Code::kCorrupt : base::Code::kUnavailable, response.error().message};
  }
  if (response->status < 200 || response->status > 299) {
    co_return base::Error{code_of(response->status), "complete failed: " + std::to_string(response->status) + " — " +
                                                         base::log::printable(response->body, 300)};
  }
  if (net::is_web_page(response->content_type)) {
    co_return base::Error{base::Code::kUnavailable, "complete failed: the answer is a web page, not the studio's"};
  }
  co_return job::Receipt{result.bytes};
}

}  // namespace studio
