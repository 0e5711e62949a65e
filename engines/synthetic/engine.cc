#include "synthetic/engine.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <span>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "digest/sha256.h"
#include "engine_sdk/task_check.h"
#include "pictures/encode.h"
#include "synthetic/chat.h"
#include "synthetic/cube.h"
#include "synthetic/sound.h"

namespace synthetic {
namespace json = boost::json;
namespace sdk = engine_sdk;
using sdk::Failure;
using sdk::FailureClass;

namespace {

constexpr std::size_t kMaxPictures = 16;

/// The parameter as text; nothing when it is absent or null.
std::string_view text(const json::object& task, std::string_view key) {
  const json::value* value = task.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return value->get_string();
}

/// 0 or the errno of the call that failed.
int write_file(const std::string& path, std::span<const std::uint8_t> bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int error = 0;
  while (!bytes.empty() && error == 0) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno != EINTR) error = errno;
      continue;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::close(fd) != 0 && error == 0) error = errno;
  return error;
}

sdk::Outcome deliver(const sdk::Job& job, std::string_view ext,
                     const tl::expected<std::vector<std::uint8_t>, std::string>& bytes) {
  if (!bytes) return Failure{FailureClass::kCrashed, bytes.error()};
  std::string name = "result." + std::string(ext);
  if (const int error = write_file(job.out_dir + "/" + name, *bytes); error != 0) {
    return Failure{FailureClass::kCrashed, "cannot write " + name + ": " + std::system_category().message(error)};
  }
  return sdk::FileResult{std::move(name), std::string(ext)};
}

tl::expected<pictures::Facts, Failure> read_input(const sdk::Job& job, std::string_view name, std::size_t index,
                                                  std::size_t count) {
  const auto input = std::find_if(job.inputs.begin(), job.inputs.end(), [&](const sdk::Input& candidate) {
    return candidate.name == name && candidate.index == index;
  });
  std::string cause = "the worker handed over no file";
  if (input != job.inputs.end()) {
    auto facts = pictures::read_picture(input->path);
    if (facts) return *facts;
    cause = std::move(facts).error();
  }
  return tl::unexpected(Failure{FailureClass::kInputFetchFailed, "input image " + std::to_string(index + 1) + " of " +
                                                                     std::to_string(count) + ": " + cause});
}

pictures::Rgb picture_of(const std::vector<std::uint8_t>& pixels) {
  return {static_cast<std::uint32_t>(kSide), static_cast<std::uint32_t>(kSide), pixels};
}

std::size_t count_images(const json::object& task) {
  const json::value* images = task.if_contains("images");
  return images == nullptr ? 0 : images->get_array().size();
}

}  // namespace

sdk::Ready SyntheticEngine::describe(const sdk::Hello&) {
  return {.name = "synthetic",
          .version = "1",
          .kinds = {"image", "llm", "audio_stt", "audio_tts", "video", "mesh"},
          .models = {"synthetic", "synthetic-image", "synthetic-llm", "synthetic-stt", "synthetic-tts",
                     "synthetic-video", "synthetic-mesh"}};
}

sdk::LoadOutcome SyntheticEngine::load(const sdk::Model& model) {
  model_ = model.id;
  reads_pictures_ = std::any_of(model.files.begin(), model.files.end(),
                                [](const sdk::ModelFile& file) { return file.role == "text-encoder-vision"; });
  return sdk::Loaded{};
}

sdk::Outcome SyntheticEngine::run(const sdk::Job& job, sdk::Progress& progress) {
  const std::string_view kind = text(job.task, "kind");
  if (kind.empty()) return Failure{FailureClass::kBadRequest, "task.kind must be a string"};
  if (!sdk::is_known_kind(kind)) {
    return Failure{FailureClass::kUnsupported, "synthetic engine cannot serve " + std::string(kind) + " tasks"};
  }
  if (auto fault = sdk::check_task(kind, job.task)) return Failure{FailureClass::kBadRequest, std::move(*fault)};
  if (kind == "llm") return chat(job, progress);
  if (kind == "audio_stt") {
    const std::string_view language = text(job.task, "language");
    return sdk::JsonResult{transcript(text(job.task, "inputUrl"), language.empty() ? "en" : language)};
  }
  if (kind == "audio_tts") return deliver(job, "wav", tone(digest::sha256(text(job.task, "text"))));
  if (kind == "video") return video(job);
  if (kind == "mesh") return mesh(job);
  return image(job);
}

std::vector<std::uint8_t> SyntheticEngine::paint(std::string_view prompt) {
  if (painter_ == nullptr) painter_ = std::make_unique<const Painter>();
  return painter_->paint(digest::sha256(prompt));
}

sdk::Outcome SyntheticEngine::image(const sdk::Job& job) {
  const std::vector<std::uint8_t> pixels = paint(text(job.task, "prompt"));
  const std::string_view asked = text(job.task, "ext");
  const std::string_view ext = asked.empty() ? "webp" : asked;
  const auto encode = ext == "webp" ? pictures::encode_webp : pictures::encode_png;
  return deliver(job, ext, encode(picture_of(pixels)));
}

sdk::Outcome SyntheticEngine::video(const sdk::Job& job) {
  const std::vector<std::uint8_t> pixels = paint(text(job.task, "prompt"));
  return deliver(job, "webp", pictures::encode_webp(picture_of(pixels)));
}

sdk::Outcome SyntheticEngine::chat(const sdk::Job& job, const sdk::Progress& progress) {
  const std::size_t count = count_images(job.task);
  if (count > 0 && !reads_pictures_) {
    return Failure{FailureClass::kUnsupported, "model `" + model_ +
                                                   "` reads no images: its model source has no vision projector (a "
                                                   "`text-encoder-vision` file)"};
  }
  if (count > kMaxPictures) {
    return Failure{FailureClass::kUnsupported,
                   "the task carries " + std::to_string(count) + " images; a chat reads at most 16"};
  }
  std::vector<pictures::Facts> images;
  for (std::size_t i = 0; i < count && !progress.cancelled(); ++i) {
    auto facts = read_input(job, "images", i, count);
    if (!facts) return std::move(facts).error();
    images.push_back(*facts);
  }
  return sdk::JsonResult{chat_reply(job.task.at("messages").as_array(), images)};
}

sdk::Outcome SyntheticEngine::mesh(const sdk::Job& job) {
  auto facts = read_input(job, "image", 0, 1);
  if (!facts) return std::move(facts).error();
  return deliver(job, "glb", cube(facts->average()));
}

}  // namespace synthetic
