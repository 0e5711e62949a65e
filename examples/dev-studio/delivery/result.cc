#include "delivery/result.h"

#include <algorithm>
#include <array>
#include <utility>

namespace delivery {
namespace {

using scenario::Kind;

std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return small;
}

std::uint32_t little32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

bool is_riff(const FileFacts& file, std::string_view form) {
  if (file.head.size() < 12 || !file.head.starts_with("RIFF") || file.head.substr(8, 4) != form) return false;
  const std::uint64_t promised = std::uint64_t{8} + little32(file.head, 4);
  return promised == file.size || promised + 1 == file.size;
}

bool is_png(const FileFacts& file) {
  return file.head.starts_with("\x89PNG\r\n\x1a\n") && file.tail.ends_with(std::string_view("IEND\xae\x42\x60\x82", 8));
}

bool is_glb(const FileFacts& file) {
  return file.size >= 20 && file.head.size() >= 20 && file.head.starts_with("glTF") && little32(file.head, 4) == 2 &&
         little32(file.head, 8) == file.size && file.head.substr(16, 4) == "JSON";
}

/// The container of the bytes, as an extension; empty when it is none that a worker delivers or when it is cut short.
std::string_view container(const FileFacts& file) {
  const std::string_view head = file.head;
  if (is_png(file)) return "png";
  if (is_riff(file, "WEBP")) return "webp";
  if (is_riff(file, "WAVE")) return "wav";
  if (is_glb(file)) return "glb";
  if (head.starts_with("\xff\xd8\xff")) return "jpg";
  if (head.starts_with("GIF87a") || head.starts_with("GIF89a")) return "gif";
  if (head.starts_with("BM")) return "bmp";
  if (head.starts_with("OggS")) return "ogg";
  if (head.starts_with("fLaC")) return "flac";
  if (head.starts_with("ID3") || head.starts_with("\xff\xfb")) return "mp3";
  if (head.size() >= 8 && head.substr(4, 4) == "ftyp") return "mp4";
  if (head.starts_with("\x1a\x45\xdf\xa3")) return "webm";
  return {};
}

std::string canonical(std::string_view ext) {
  const std::string small = lower(ext);
  if (small == "jpeg") return "jpg";
  return small == "opus" ? "ogg" : small;
}

bool kind_allows(Kind kind, std::string_view ext) {
  const auto one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), ext) != names.end();
  };
  switch (kind) {
    case Kind::kImage:
      return one_of({"png", "webp", "jpg", "gif", "bmp"});
    case Kind::kTts:
      return one_of({"wav", "mp3", "ogg", "flac"});
    case Kind::kVideo:
      return one_of({"mp4", "webm", "webp", "gif"});
    case Kind::kMesh:
      return ext == "glb";
    case Kind::kLlm:
    case Kind::kStt:
      break;
  }
  return false;
}

const json::value* at_path(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* here = &value;
  for (const std::string_view key : path) {
    const json::object* object = here->if_object();
    here = object == nullptr ? nullptr : object->if_contains(key);
    if (here == nullptr) return nullptr;
  }
  return here;
}

bool text_at(const json::value& value, std::initializer_list<std::string_view> path) {
  const json::value* found = at_path(value, path);
  return found != nullptr && found->is_string();
}

std::string mistake_in_chat(const json::value& result) {
  const json::value* object = at_path(result, {"object"});
  if (object == nullptr || !object->is_string() || object->get_string() != "chat.completion") {
    return "object is not chat.completion";
  }
  if (!text_at(result, {"model"})) return "model is not a string";
  const json::value* choices = at_path(result, {"choices"});
  if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return "choices is empty or no list";
  const json::value& choice = choices->get_array().front();
  if (!text_at(choice, {"message", "role"})) return "choices[0].message.role is not a string";
  if (!text_at(choice, {"message", "content"})) return "choices[0].message.content is not a string";
  if (!text_at(choice, {"finish_reason"})) return "choices[0].finish_reason is not a string";
  for (const std::string_view key : {"prompt_tokens", "completion_tokens", "total_tokens"}) {
    const json::value* count = at_path(result, {"usage", key});
    if (count == nullptr || !(count->is_int64() || count->is_uint64()))
      return "usage." + std::string(key) + " is not a count";
  }
  return {};
}

std::string mistake_in_transcript(const json::value& result) {
  if (!text_at(result, {"text"})) return "text is not a string";
  if (!text_at(result, {"language"})) return "language is not a string";
  const json::value* duration = at_path(result, {"duration"});
  return duration != nullptr && duration->is_number() ? "" : "duration is not a number";
}

}  // namespace

void check_file(Kind kind, std::string_view asked_ext, const FileFacts& file, wire::Problems& problems) {
  const std::string ext = canonical(file.ext);
  const std::string asked = canonical(asked_ext);
  if (!kind_allows(kind, ext)) {
    problems.push_back({"result-ext", "ext " + file.ext + " is none of kind " + std::string(to_string(kind))});
    return;
  }
  // An image carries the extension that was asked for; an engine that does not know it answers with WebP.
  const std::string expected = kind_allows(Kind::kImage, asked) ? asked : "webp";
  if (kind == Kind::kImage && ext != expected && ext != asked) {
    problems.push_back({"result-ext", "ext " + file.ext + " although the task asks for " + std::string(asked_ext)});
  }
  const std::string_view found = container(file);
  // The public synthetic engine labels PNG bytes with whatever extension was asked for, WebP apart.
  const bool labelled_png = kind == Kind::kImage && found == "png" && ext != "webp";
  if (found != ext && !labelled_png) {
    const std::string seen = found.empty() ? "no whole file of a known kind" : std::string(found);
    problems.push_back({"result-bytes", "the bytes are " + seen + ", not " + ext});
  }
}

void check_json_result(Kind kind, const json::value& result, wire::Problems& problems) {
  std::string mistake = kind == Kind::kLlm ? mistake_in_chat(result) : mistake_in_transcript(result);
  if (!mistake.empty()) problems.push_back({"result-json", std::move(mistake)});
}

std::string_view mime_of(std::string_view ext) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kMimes{{{"png", "image/png"},
                                                                                  {"webp", "image/webp"},
                                                                                  {"jpg", "image/jpeg"},
                                                                                  {"jpeg", "image/jpeg"},
                                                                                  {"gif", "image/gif"},
                                                                                  {"bmp", "image/bmp"},
                                                                                  {"wav", "audio/wav"},
                                                                                  {"mp3", "audio/mpeg"},
                                                                                  {"ogg", "audio/ogg"},
                                                                                  {"opus", "audio/ogg"},
                                                                                  {"flac", "audio/flac"},
                                                                                  {"mp4", "video/mp4"},
                                                                                  {"webm", "video/webm"},
                                                                                  {"glb", "model/gltf-binary"}}};
  const std::string small = lower(ext);
  for (const auto& [name, mime] : kMimes) {
    if (name == small) return mime;
  }
  return "application/octet-stream";
}

}  // namespace delivery
