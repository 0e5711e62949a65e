#include <algorithm>
#include <limits>

#include "base/log.h"
#include "protocol/claim.h"
#include "protocol/frames.h"

namespace protocol {
namespace {

constexpr std::uint64_t kMaxU32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMaxU64 = std::numeric_limits<std::uint64_t>::max();
constexpr double kMaxF32 = std::numeric_limits<float>::max();
constexpr std::string_view kPlace = "claim.task";

struct TaskReader {
  Fields fields;
  const ModelDefaults& defaults;
  job::Offer& offer;

  /// A text that stays in the task and is measured only: it may be most of the frame.
  void prompt(std::string_view key) {
    const std::string_view value = fields.raw(key, JsonKind::kString);
    offer.facts.chars = decoded_size(value);
  }

  void optional_text(std::string_view key) { fields.maybe_raw(key, Need::kNullable, JsonKind::kString); }
  void optional_number(std::string_view key) { fields.maybe_number(key, Need::kNullable, -kMaxF32, kMaxF32); }
  void optional_whole(std::string_view key, std::uint64_t most) { fields.maybe_whole(key, Need::kNullable, most); }
  void optional_flag(std::string_view key) { fields.maybe_flag(key, Need::kNullable); }

  void input(std::string_view name, std::string url) { offer.inputs.push_back({std::string(name), 0, std::move(url)}); }
  void optional_input(std::string_view key, std::string_view name) {
    if (auto url = fields.maybe_text(key, Need::kNullable, kUrl)) input(name, std::move(*url));
  }

  std::uint32_t size(std::string_view key, std::uint32_t model, std::uint32_t fallback) {
    const auto asked = static_cast<std::uint32_t>(fields.maybe_whole(key, Need::kOptional, kMaxU32).value_or(0));
    if (asked > 0) return asked;
    return model > 0 ? model : fallback;
  }
  void width_and_height() {
    offer.facts.width = size("width", defaults.width, 512);
    offer.facts.height = size("height", defaults.height, 512);
  }

  /// It names a file, so it must look like an extension.
  void ext() {
    const auto text = fields.maybe_text("ext", Need::kOptional, TextRule{.least = 1, .most = 16});
    const auto is_letter_or_digit = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (text && !std::all_of(text->begin(), text->end(), is_letter_or_digit)) {
      fields.fail("ext", "must consist of letters and digits");
    }
  }
};

void read_image(TaskReader& task) {
  task.prompt("prompt");
  task.optional_text("negativePrompt");
  task.optional_input("initImageUrl", "initImage");
  task.optional_input("maskUrl", "mask");
  task.optional_input("refImageUrl", "refImage");
  task.optional_number("denoise");
  task.optional_number("cfgScale");
  task.optional_text("samplingMethod");
  task.width_and_height();
  task.offer.facts.steps = task.size("steps", task.defaults.steps, 20);
  task.optional_whole("seed", kMaxU64);
  task.ext();
}

base::Status read_messages(std::string_view messages, job::TaskFacts& facts) {
  std::uint64_t last = 0;
  std::size_t index = 0;
  for (JsonWalk walk(messages); walk.next(); ++index) {
    Fields message(walk.value(), {"claim.task.messages", index});
    message.text("role", kName);
    last = decoded_size(message.raw("content", JsonKind::kString));
    CHECK_OK(message.status());
  }
  facts.chars = last;
  return {};
}

base::Status read_llm(TaskReader& task) {
  const std::string_view messages = task.fields.raw("messages", JsonKind::kArray);
  task.optional_text("system");
  const auto tokens = task.fields.maybe_whole("maxTokens", Need::kOptional, kMaxU32);
  task.offer.facts.max_tokens = static_cast<std::uint32_t>(tokens.value_or(512));
  task.fields.maybe_number("temperature", Need::kOptional, -kMaxF32, kMaxF32);
  task.optional_number("topP");
  const auto stop = task.fields.maybe_raw("stop", Need::kNullable, JsonKind::kArray);
  task.optional_text("reasoning");
  task.fields.maybe_raw("chatTemplateKwargs", Need::kNullable, JsonKind::kObject);
  const auto images = task.fields.maybe_raw("images", Need::kNullable, JsonKind::kArray);
  CHECK_OK(task.fields.status());
  CHECK_OK(read_messages(messages, task.offer.facts));
  if (stop) CHECK_OK(read_strings(*stop, "claim.task.stop", kAnyText));
  if (!images) return {};
  TRY(auto urls, read_strings(*images, "claim.task.images", kUrl));
  for (std::string& url : urls) {
    task.offer.inputs.push_back({"images", task.offer.inputs.size(), std::move(url)});
  }
  return {};
}

void read_stt(TaskReader& task) {
  std::string url = task.fields.text("inputUrl", kUrl);
  task.offer.facts.chars = url.size();
  task.input("audio", std::move(url));
  task.optional_text("language");
  task.optional_flag("translate");
  task.optional_text("prompt");
  task.optional_flag("vad");
  const auto stamps = task.fields.maybe_text("timestamps", Need::kNullable, kName);
  if (stamps && *stamps != "segment" && *stamps != "word") {
    task.fields.fail("timestamps", "must be \"segment\" or \"word\"");
  }
}

void read_tts(TaskReader& task) {
  task.prompt("text");
  task.fields.maybe_text("voice", Need::kOptional, kLabel);
  task.optional_number("speed");
  task.optional_text("language");
  task.ext();
}

void read_video(TaskReader& task) {
  task.prompt("prompt");
  task.optional_text("negativePrompt");
  task.optional_input("initImageUrl", "initImage");
  task.offer.facts.seconds = task.fields.maybe_number("seconds", Need::kOptional, 0, kMaxF32).value_or(2.0);
  task.optional_whole("fps", kMaxU32);
  task.width_and_height();
  task.ext();
}

void read_mesh(TaskReader& task) {
  task.input("image", task.fields.text("imageUrl", kUrl));
  task.optional_whole("seed", kMaxU64);
  task.ext();
  task.offer.facts.chars = 0;
}

std::string last_content(std::string_view task) {
  std::string_view last;
  for (JsonWalk walk(find_member(task, "messages")); walk.next();) last = walk.value();
  return decode_string(find_member(last, "content"));
}

}  // namespace

base::Status read_task(std::string_view text, const ModelDefaults& defaults, job::Offer& offer) {
  TaskReader task{Fields(text, {kPlace, {}}), defaults, offer};
  const std::string name = task.fields.text("kind", kName);
  CHECK_OK(task.fields.status());
  const auto kind = job::parse_kind(name);
  if (!kind) {
    task.fields.fail("kind", "is unknown to this worker: " + base::log::printable(name, 100));
    return task.fields.status();
  }
  offer.kind = *kind;
  switch (*kind) {
    case job::Kind::kImage:
      read_image(task);
      break;
    case job::Kind::kLlm:
      CHECK_OK(read_llm(task));
      break;
    case job::Kind::kAudioStt:
      read_stt(task);
      break;
    case job::Kind::kAudioTts:
      read_tts(task);
      break;
    case job::Kind::kVideo:
      read_video(task);
      break;
    case job::Kind::kMesh:
      read_mesh(task);
      break;
  }
  CHECK_OK(task.fields.status());
  offer.task = text;
  return {};
}

std::string full_prompt(job::Kind kind, std::string_view task) {
  switch (kind) {
    case job::Kind::kImage:
    case job::Kind::kVideo:
      return decode_string(find_member(task, "prompt"));
    case job::Kind::kLlm:
      return last_content(task);
    case job::Kind::kAudioStt:
      return decode_string(find_member(task, "inputUrl"));
    case job::Kind::kAudioTts:
      return decode_string(find_member(task, "text"));
    case job::Kind::kMesh:
      break;
  }
  return {};
}

std::string requested_ext(job::Kind kind, std::string_view task) {
  if (job::is_json_kind(kind)) return "json";
  if (const std::string_view ext = find_member(task, "ext"); !ext.empty()) return decode_string(ext);
  switch (kind) {
    case job::Kind::kAudioTts:
      return "wav";
    case job::Kind::kVideo:
      return "mp4";
    case job::Kind::kMesh:
      return "glb";
    default:
      return "webp";
  }
}

}  // namespace protocol
