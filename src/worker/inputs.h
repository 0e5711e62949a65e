#pragma once
// Inputs: the files an engine gets with its task: its model's files, and pictures that are fetched under guard and
// checked by content, never trusted by name. Thread: io.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/ids.h"
#include "engine/engine_pool.h"
#include "engine/model_files.h"
#include "job/offer.h"
#include "job/result.h"
#include "net/http_client.h"

namespace worker {

namespace asio = boost::asio;

struct InputOptions {
  base::Bytes max_bytes = 25 * base::kMiB;  // each (contract 4.1)
  base::Duration limit = std::chrono::seconds(60);
  std::size_t max_pictures = 16;
  std::filesystem::path models_root;
  std::string user_agent;
};

class Inputs {
 public:
  /// `disk`: where base64 is decoded, and files are looked for and written.
  Inputs(InputOptions options, net::HttpClient& http, asio::any_io_executor disk)
      : options_(std::move(options)), http_(http), disk_(std::move(disk)) {}

  /// Why this task's inputs can never be used here; checked before anything is fetched.
  std::optional<job::Failure> objection(const job::Offer& offer) const;

  /// Looked for on the disk thread, when the engine reads any. Requires: `offer` lives as long.
  asio::awaitable<engine::ModelFiles> find_files(const job::Offer& offer, bool read);

  /// Fetches `inputs` into `folder`, in order. Requires: the folder exists when there are any.
  asio::awaitable<std::variant<std::vector<engine::RunInput>, job::Failure>> fetch(std::vector<job::Input> inputs,
                                                                                   std::filesystem::path folder);

 private:
  asio::awaitable<base::Result<engine::RunInput>> fetch_one(const job::Input& input, std::filesystem::path path);

  InputOptions options_;
  net::HttpClient& http_;
  asio::any_io_executor disk_;
};

/// Those that an engine reads as files: their names are in `names`, its manifest's inputs. In order.
std::vector<job::Input> wanted_inputs(const std::vector<job::Input>& inputs, const std::vector<std::string>& names);

/// The bytes of `data:image/<type>;base64,<...>`. Errors: kInvalid in the contract's words (5.4).
base::Result<std::string> decode_data_url(std::string_view url);

/// MIME type by magic bytes: png, jpeg, webp, gif, bmp, tiff; nothing for anything else.
std::optional<std::string_view> picture_type(std::string_view head);

}  // namespace worker
