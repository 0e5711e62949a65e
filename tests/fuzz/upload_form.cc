// The form of an upload as dev-studio reads it. The first line is the Content-Type header, the rest is the body.

#include <algorithm>

#include "delivery/complete_form.h"
#include "digest/sha256.h"
#include "fuzz/fuzz.h"

namespace {

using namespace delivery;

/// Every part as it came, and that the calls come in their order.
class Parts final : public PartSink {
 public:
  void on_part(const PartHead& head) override {
    STUDIO_ASSERT(!open_ && !head.name.empty());
    open_ = true;
    add(head.name);
    add(head.filename);
    add(head.content_type);
    content_.clear();
  }
  void on_bytes(std::string_view bytes) override {
    STUDIO_ASSERT(open_ && !bytes.empty());
    content_ += bytes;
  }
  void on_part_end() override {
    STUDIO_ASSERT(open_);
    open_ = false;
    add(content_);
  }
  bool open() const { return open_; }
  const std::string& text() const { return text_; }

 private:
  void add(std::string_view value) { text_ += std::to_string(value.size()) + ":" + std::string(value) + ";"; }

  bool open_ = false;
  std::string content_;
  std::string text_;
};

struct Reading {
  bool refused = false;
  bool complete = false;
  std::string error;
};

Reading feed(std::string_view type, std::string_view body, std::size_t size, PartSink& sink) {
  auto reader = MultipartReader::open(type);
  Reading reading;
  while (!body.empty() && !reading.refused) {
    if (auto fed = reader->feed(body.substr(0, size), sink); !fed) {
      reading.refused = true;
      reading.error = fed.error().message;
    }
    body.remove_prefix(std::min(size, body.size()));
  }
  reading.complete = reader->complete();
  return reading;
}

/// What a form says does not depend on how its bytes arrive.
void check_pieces(std::string_view type, std::string_view body, std::size_t size) {
  Parts whole;
  const Reading at_once = feed(type, body, std::max<std::size_t>(body.size(), 1), whole);
  Parts pieces;
  const Reading piecewise = feed(type, body, size, pieces);
  STUDIO_ASSERT(at_once.refused == piecewise.refused && at_once.complete == piecewise.complete);
  fuzz::require_same("why it is refused", at_once.error, piecewise.error);
  fuzz::require_same("the parts", whole.text(), pieces.text());
  STUDIO_ASSERT(!at_once.complete || !whole.open());
}

void check_form(std::string_view type, std::string_view body) {
  std::string file;
  CompleteForm form([&](std::string_view bytes) { file += bytes; });
  if (feed(type, body, 7, form).refused) return;
  wire::Problems problems;
  form.finish("job-1", problems);
  STUDIO_ASSERT(form.has_file() || file.empty());
  STUDIO_ASSERT(form.file().size == file.size());
  fuzz::require_same("the digest of the file", form.sha256(), digest::sha256_hex(file));
  fuzz::require_same("the head of the file", form.file().head, std::string_view(file).substr(0, FileFacts::kKept));
  fuzz::require_same("the tail of the file", form.file().tail,
                     std::string_view(file).substr(file.size() - std::min(file.size(), FileFacts::kKept)));
}

}  // namespace

void fuzz::run(std::string_view input) {
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view type = input.substr(0, end);
  const std::string_view body = input.substr(std::min(end + 1, input.size()));
  if (!MultipartReader::open(type)) return;
  for (const std::size_t size : {1U, 2U, 5U, 64U}) check_pieces(type, body, size);
  check_form(type, body);
}
