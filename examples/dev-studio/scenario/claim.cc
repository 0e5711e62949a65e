#include "scenario/claim.h"

namespace scenario {
namespace {

std::string prompt_text(const Entry& entry, std::uint64_t index) {
  std::string text = entry.prompt;
  if (entry.unique_prompts && entry.count > 1) text += " #" + std::to_string(index);
  if (text.size() < entry.prompt_bytes) {
    text += ' ';
    text.resize(entry.prompt_bytes, 'x');
  }
  return text;
}

std::string input_url(const std::string& base_url, const std::string& job, const std::string& name) {
  return base_url + "/job-input/p-1/" + job + "/" + name;
}

/// An audio job's prompt is the address of its recording, so a long prompt is a long address.
std::string recording_url(const Entry& entry, const std::string& job, const std::string& base_url) {
  if (entry.prompt.find("://") != std::string::npos) return entry.prompt;
  std::string url = input_url(base_url, job, "clip.wav");
  if (url.size() < entry.prompt_bytes) {
    url += "?pad=";
    url.resize(std::max<std::size_t>(url.size(), entry.prompt_bytes), 'x');
  }
  return url;
}

json::object llm_task(const Entry& entry, const std::string& prompt, const std::string& job,
                      const std::string& base_url) {
  json::object message{{"role", "user"}, {"content", prompt}};
  json::object task{{"kind", "llm"}, {"messages", json::array{std::move(message)}}, {"maxTokens", 64}};
  if (entry.images > 0) {
    json::array images;
    for (std::uint64_t i = 0; i < entry.images; ++i) {
      images.emplace_back(input_url(base_url, job, std::to_string(i) + ".png"));
    }
    task["images"] = std::move(images);
  }
  return task;
}

json::object default_task(const Entry& entry, std::uint64_t index, const std::string& job,
                          const std::string& base_url) {
  const std::string prompt = prompt_text(entry, index);
  switch (entry.kind) {
    case Kind::kImage:
      return {{"kind", "image"}, {"prompt", prompt}, {"width", 512}, {"height", 512}, {"steps", 8}, {"ext", "png"}};
    case Kind::kLlm:
      return llm_task(entry, prompt, job, base_url);
    case Kind::kStt:
      return {{"kind", "audio_stt"}, {"inputUrl", recording_url(entry, job, base_url)}};
    case Kind::kTts:
      return {{"kind", "audio_tts"}, {"text", prompt}, {"voice", "default"}, {"ext", "wav"}};
    case Kind::kVideo:
      return {{"kind", "video"}, {"prompt", prompt}, {"seconds", 2.0}, {"width", 512}, {"height", 512}, {"ext", "mp4"}};
    case Kind::kMesh:
      return {{"kind", "mesh"}, {"imageUrl", input_url(base_url, job, "0.png")}, {"seed", 42}, {"ext", "glb"}};
  }
  return {};
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string full_prompt(Kind kind, const json::object& task) {
  switch (kind) {
    case Kind::kImage:
    case Kind::kVideo:
      return text_of(task, "prompt");
    case Kind::kStt:
      return text_of(task, "inputUrl");
    case Kind::kTts:
      return text_of(task, "text");
    case Kind::kMesh:
      return {};
    case Kind::kLlm:
      break;
  }
  const json::value* messages = task.if_contains("messages");
  if (messages == nullptr || !messages->is_array() || messages->get_array().empty()) return {};
  const json::object* last = messages->get_array().back().if_object();
  return last == nullptr ? std::string() : text_of(*last, "content");
}

json::object model_source(const Entry& entry, const std::string& base_url) {
  const bool image = entry.kind == Kind::kImage;
  json::array files;
  if (entry.kind == Kind::kLlm && entry.images > 0) {
    // A chat may read pictures only when its model has a projector.
    files.push_back(json::object{{"role", "text-encoder-vision"},
                                 {"url", input_url(base_url, "models", "projector.gguf")},
                                 {"filename", "projector.gguf"}});
  }
  json::object source{
      {"engine", entry.engine},
      {"files", std::move(files)},
      {"cliDefaults",
       {{"cfgScale", 1.0}, {"steps", image ? 8 : 0}, {"width", image ? 1024 : 0}, {"height", image ? 1024 : 0}}}};
  for (const auto& [key, value] : entry.model_source) source[key] = value;
  return source;
}

std::string with_job(std::string text, const std::string& job) {
  constexpr std::string_view kMark = "{job}";
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + job.size())) {
    text.replace(at, kMark.size(), job);
  }
  return text;
}

}  // namespace

Claim make_claim(const Entry& entry, std::uint64_t index, const std::string& job, const std::string& base_url) {
  json::object task = default_task(entry, index, job, base_url);
  for (const auto& [key, value] : entry.task) task[key] = value;
  Claim claim;
  claim.prompt = full_prompt(entry.kind, task);
  if (!has_json_result(entry.kind)) claim.ext = text_of(task, "ext");
  if (!entry.raw_claim.empty()) {
    claim.text = with_job(entry.raw_claim, job);
    return claim;
  }
  json::object object{{"jobId", job},
                      {"gameId", entry.game},
                      {"assetName", entry.asset},
                      {"model", entry.model},
                      {"vramGbEstimate", entry.vram_gb},
                      {"task", std::move(task)},
                      {"modelSource", model_source(entry, base_url)}};
  claim.text = json::serialize(object);
  return claim;
}

}  // namespace scenario
