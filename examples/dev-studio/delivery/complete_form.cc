#include "delivery/complete_form.h"

#include <algorithm>

namespace delivery {
namespace {

constexpr std::size_t kLongestExt = 16;
constexpr std::size_t kLongestMeta = 1U << 20U;

void append_up_to(std::string& text, std::string_view more, std::size_t limit) {
  text += more.substr(0, limit - std::min(limit, text.size()));
}

}  // namespace

void CompleteForm::on_part(const PartHead& head) {
  if (head.name == "prompt")
    part_ = Part::kPrompt;
  else if (head.name == "ext")
    part_ = Part::kExt;
  else if (head.name == "image")
    part_ = Part::kImage;
  else if (head.name == "generationMeta")
    part_ = Part::kMeta;
  else
    part_ = Part::kUnknown;
  order_ += (order_.empty() ? "" : ", ") + head.name;
  // A second file would be stored behind the first one's bytes; the order check reports it.
  if (part_ == Part::kImage && has_file_) part_ = Part::kUnknown;
  if (part_ != Part::kImage) return;
  has_file_ = true;
  file_head_ = head;
}

void CompleteForm::on_bytes(std::string_view bytes) {
  switch (part_) {
    case Part::kPrompt:
      prompt_ += bytes;
      return;
    case Part::kExt:
      append_up_to(file_.ext, bytes, kLongestExt);
      return;
    case Part::kMeta:
      append_up_to(meta_, bytes, kLongestMeta);
      return;
    case Part::kNone:
    case Part::kUnknown:
      return;
    case Part::kImage:
      break;
  }
  file_.size += bytes.size();
  append_up_to(file_.head, bytes, FileFacts::kKept);
  file_.tail += bytes.substr(bytes.size() - std::min(bytes.size(), FileFacts::kKept));
  if (file_.tail.size() > FileFacts::kKept) file_.tail.erase(0, file_.tail.size() - FileFacts::kKept);
  hash_.add(bytes);
  on_bytes_(bytes);
}

void CompleteForm::on_part_end() {
  part_ = Part::kNone;
}

void CompleteForm::finish(std::string_view job, wire::Problems& problems) {
  sha256_ = digest::hex(hash_.finish());
  if (order_ != "prompt, ext, image" && order_ != "prompt, ext, image, generationMeta") {
    problems.push_back({"upload-parts", "the parts are " + order_ + " instead of prompt, ext, image"});
  }
  if (!has_file_) return;
  const std::string expected = std::string(job) + "." + file_.ext;
  if (file_head_.filename != expected) {
    problems.push_back({"upload-filename", "the file is called " + file_head_.filename + " instead of " + expected});
  }
  const std::string_view mime = mime_of(file_.ext);
  // The contract's own map lacks bmp, so a worker may send it as bytes of no known type.
  const bool unnamed_bmp = mime == "image/bmp" && file_head_.content_type == "application/octet-stream";
  if (file_head_.content_type != mime && !unnamed_bmp) {
    problems.push_back({"upload-mime", "content type " + file_head_.content_type + " instead of " + std::string(mime)});
  }
}

}  // namespace delivery
