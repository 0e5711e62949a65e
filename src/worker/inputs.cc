#include "worker/inputs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>

#include "base/async/run_on.h"
#include "base/files.h"

namespace worker {
namespace {

constexpr std::size_t kHeadBytes = 16;

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

base::Result<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return base::Error{base::Code::kInvalid, "an inline input must be base64"};
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255);
  }
  if (text.size() % 4 == 1) return base::Error{base::Code::kInvalid, "an inline input must be base64"};
  return bytes;
}

struct Magic {
  std::string_view bytes;
  std::string_view type;
};
constexpr std::array kMagics = {
    Magic{"\x89PNG\r\n\x1a\n", "image/png"},
    Magic{"\xFF\xD8\xFF", "image/jpeg"},
    Magic{"GIF87a", "image/gif"},
    Magic{"GIF89a", "image/gif"},
    Magic{"BM", "image/bmp"},
    Magic{std::string_view("II*\0", 4), "image/tiff"},
    Magic{std::string_view("MM\0*", 4), "image/tiff"},
};

base::Result<std::string> read_head(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string head(kHeadBytes, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  if (head.empty()) return base::Error{base::Code::kInvalid, "the input is empty"};
  return head;
}

base::Status write_inline(std::string_view url, const std::filesystem::path& path, base::Bytes limit) {
  TRY(const std::string bytes, decode_data_url(url));
  if (bytes.size() > limit) {
    return base::Error{base::Code::kRejected, "larger than " + std::to_string(limit) + " bytes"};
  }
  return base::write_file(path, bytes);
}

/// "input image 2 of 3" for the pictures of a chat, the input's name otherwise.
std::string place(const job::Input& input, std::size_t pictures) {
  if (input.name == "images") {
    return "input image " + std::to_string(input.index + 1) + " of " + std::to_string(pictures);
  }
  return input.name == "image" ? "input image 1 of 1" : "input " + input.name;
}

}  // namespace

std::optional<std::string_view> picture_type(std::string_view head) {
  for (const auto& magic : kMagics) {
    if (head.starts_with(magic.bytes)) return magic.type;
  }
  if (head.starts_with("RIFF") && head.size() >= 12 && head.substr(8, 4) == "WEBP") return "image/webp";
  return std::nullopt;
}

std::vector<job::Input> wanted_inputs(const std::vector<job::Input>& inputs, const std::vector<std::string>& names) {
  std::vector<job::Input> wanted;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(wanted), [&names](const auto& input) {
    return std::find(names.begin(), names.end(), input.name) != names.end();
  });
  return wanted;
}

base::Result<std::string> decode_data_url(std::string_view url) {
  constexpr std::string_view kScheme = "data:image/";
  constexpr std::string_view kEncoding = ";base64,";
  if (!url.starts_with(kScheme)) {
    return base::Error{base::Code::kInvalid, "an inline input must be a data:image/... URL"};
  }
  const std::size_t comma = url.find(kEncoding);
  if (comma == std::string_view::npos || comma > 64) {
    return base::Error{base::Code::kInvalid, "an inline input must be base64"};
  }
  TRY(auto bytes, decode_base64(url.substr(comma + kEncoding.size())));
  if (bytes.empty()) return base::Error{base::Code::kInvalid, "an inline input must not be empty"};
  return bytes;
}

std::optional<job::Failure> Inputs::objection(const job::Offer& offer) const {
  if (offer.kind != job::Kind::kLlm || offer.inputs.empty()) return std::nullopt;
  if (offer.inputs.size() > options_.max_pictures) {
    return job::Failure{job::FailureClass::kUnsupported, "the task carries " + std::to_string(offer.inputs.size()) +
                                                             " images; a chat reads at most " +
                                                             std::to_string(options_.max_pictures)};
  }
  const bool sees = std::any_of(offer.source.files.begin(), offer.source.files.end(),
                                [](const auto& file) { return file.role == "text-encoder-vision"; });
  if (sees) return std::nullopt;
  return job::Failure{job::FailureClass::kUnsupported,
                      "model `" + offer.model.str() +
                          "` reads no images: its model source has no vision projector (a `text-encoder-vision` file)"};
}

asio::awaitable<engine::ModelFiles> Inputs::find_files(const job::Offer& offer, bool read) {
  if (offer.source.files.empty() || !read) co_return engine::find_model_files({}, offer, read);
  auto look = [&offer, &root = options_.models_root] { return engine::find_model_files(root, offer, true); };
  co_return co_await base::run_on(disk_, std::move(look));
}

asio::awaitable<std::variant<std::vector<engine::RunInput>, job::Failure>> Inputs::fetch(std::vector<job::Input> inputs,
                                                                                         std::filesystem::path folder) {
  std::vector<engine::RunInput> fetched;
  const auto pictures = static_cast<std::size_t>(
      std::count_if(inputs.begin(), inputs.end(), [](const auto& input) { return input.name == "images"; }));
  for (const auto& input : inputs) {
    auto path = folder / ("input-" + input.name + "-" + std::to_string(input.index));
    auto file = co_await fetch_one(input, std::move(path));
    if (!file) {
      co_return job::Failure{job::FailureClass::kInputFetchFailed,
                             place(input, pictures) + ": " + file.error().message};
    }
    fetched.push_back(std::move(*file));
  }
  co_return fetched;
}

asio::awaitable<base::Result<engine::RunInput>> Inputs::fetch_one(const job::Input& input, std::filesystem::path path) {
  if (input.url.starts_with("data:")) {
    auto write = [&input, &path, limit = options_.max_bytes] { return write_inline(input.url, path, limit); };
    CO_CHECK_OK(co_await base::run_on(disk_, std::move(write)));
  } else {
    net::DownloadRequest request{input.url, path, options_.max_bytes, options_.limit, options_.user_agent};
    auto response = co_await http_.download(std::move(request));
    if (!response) co_return std::move(response).error();
    if (response->status != 200) {
      co_return base::Error{base::Code::kRejected, "GET " + input.url + " -> " + std::to_string(response->status)};
    }
  }
  CO_TRY(const std::string head, read_head(path));
  const auto type = picture_type(head);
  if (!type) co_return base::Error{base::Code::kInvalid, "the bytes are no picture that this worker knows"};
  co_return engine::RunInput{input.name, input.index, std::move(path), std::string(*type)};
}

}  // namespace worker
