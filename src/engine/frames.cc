#include "engine/frames.h"

#include <algorithm>

#include <boost/json.hpp>

namespace engine {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxMessage = 1000;

void append_text(std::string& frame, std::string_view text) {
  frame += json::serialize(json::string_view(text.data(), text.size()));
}

base::Error wrong(std::string what) {
  return {base::Code::kInvalid, std::move(what)};
}

/// Absent or of another type: empty.
std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string(text->data(), text->size()) : std::string();
}

std::optional<std::uint64_t> count_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  json::error_code failure;
  const auto number = value->to_number<std::uint64_t>(failure);
  if (failure) return std::nullopt;
  return number;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  void step() { ++at_; }
  void skip_space() {
    while (!done() && is_space(peek())) ++at_;
  }

  /// From the opening quote to behind the closing one; the quotes are not part of what is returned.
  std::string_view string() {
    const std::size_t start = ++at_;
    while (!done() && peek() != '"') at_ += peek() == '\\' ? 2 : 1;
    const auto content = text_.substr(start, at_ - start);
    ++at_;
    return content;
  }

  /// One value with all that is in it.
  std::string_view value() {
    const std::size_t start = at_;
    int depth = 0;
    while (!done()) {
      const char c = peek();
      if (c == '"') {
        string();
        if (depth == 0) break;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || is_space(c))) break;
      if (c == '{' || c == '[') ++depth;
      const bool closed = (c == '}' || c == ']') && --depth == 0;
      ++at_;
      if (closed) break;
    }
    return text_.substr(start, at_ - start);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// The value of the last top-level member named `key`, byte for byte: a number of a result must not change its spelling
/// on the way. Nothing when a name is spelt with escapes; it might mean `key`. Requires: valid JSON, an object.
std::optional<std::string_view> raw_member(std::string_view object, std::string_view key) {
  std::optional<std::string_view> found;
  Scanner scanner(object);
  scanner.skip_space();
  scanner.step();
  for (;;) {
    scanner.skip_space();
    if (scanner.peek() != '"') return found;
    const auto name = scanner.string();
    scanner.skip_space();
    scanner.step();
    scanner.skip_space();
    const auto value = scanner.value();
    if (name == key) found = value;
    if (name.find('\\') != std::string_view::npos) return std::nullopt;
    scanner.skip_space();
    if (scanner.peek() == ',') scanner.step();
  }
}

base::Result<Frame> ready_of(const json::object& object) {
  const auto protocol = count_of(object, "protocol");
  if (!protocol || *protocol > INT32_MAX) return wrong("`ready` without a protocol number");
  return Frame(ReadyFrame{static_cast<std::int64_t>(*protocol), text_of(object, "name"), text_of(object, "version")});
}

base::Result<Frame> progress_of(const json::object& object) {
  ProgressFrame frame;
  frame.job = base::JobId(text_of(object, "job"));
  if (frame.job.empty()) return wrong("`progress` without a job");
  if (const json::value* fraction = object.if_contains("fraction")) {
    json::error_code failure;
    const auto number = fraction->to_number<double>(failure);
    if (!failure) frame.progress.fraction = std::clamp(number, 0.0, 1.0);
  }
  frame.progress.step = count_of(object, "step");
  frame.progress.steps = count_of(object, "steps");
  frame.progress.note = base::log::printable(text_of(object, "note"), kMaxMessage);
  return Frame(std::move(frame));
}

Frame log_of(const json::object& object) {
  using base::log::Level;
  LogFrame frame;
  const std::string level = text_of(object, "level");
  for (const Level known : {Level::kDebug, Level::kWarn, Level::kError}) {
    if (level == to_string(known)) frame.level = known;
  }
  if (level == "warning") frame.level = Level::kWarn;
  frame.text = text_of(object, "text");
  return frame;
}

base::Result<Frame> result_of(const json::object& object, const std::string& text) {
  ResultFrame frame;
  frame.job = base::JobId(text_of(object, "job"));
  if (frame.job.empty()) return wrong("`result` without a job");
  if (const json::value* value = object.if_contains("json")) {
    if (object.if_contains("file") != nullptr) return wrong("`result` with a file and JSON");
    const auto raw = raw_member(text, "json");
    frame.json = raw ? std::string(*raw) : json::serialize(*value);
    return Frame(std::move(frame));
  }
  frame.file = text_of(object, "file");
  frame.ext = text_of(object, "ext");
  if (frame.file.empty()) return wrong("`result` without a file and without JSON");
  return Frame(std::move(frame));
}

Frame failed_of(const json::object& object) {
  FailedFrame frame;
  frame.job = base::JobId(text_of(object, "job"));
  const auto fallback = frame.job.empty() ? job::FailureClass::kModelLoadFailed : job::FailureClass::kCrashed;
  const std::string name = text_of(object, "class");
  frame.failure.failure = job::parse_failure_class(name).value_or(fallback);
  frame.failure.message = base::log::printable(text_of(object, "message"), kMaxMessage);
  if (frame.failure.message.empty()) frame.failure.message = "the engine gave no reason";
  return frame;
}

}  // namespace

std::string encode_hello(const Manifest& manifest) {
  std::string frame = R"({"type":"hello","protocol":)" + std::to_string(kProtocolVersion);
  frame += manifest.needs_gpu ? R"(,"gpu":{"index":0},"settings":{}})" : R"(,"gpu":null,"settings":{}})";
  return frame;
}

std::string encode_load(const RunRequest& request) {
  std::string frame = R"({"type":"load","model":)";
  append_text(frame, request.model.str());
  frame += R"(,"files":[)";
  for (const RunFile& file : request.files) {
    if (&file != &request.files.front()) frame += ',';
    frame += R"({"role":)";
    append_text(frame, file.role);
    frame += R"(,"path":)";
    append_text(frame, file.path.native());
    frame += '}';
  }
  frame += R"(],"defaults":)";
  frame += request.defaults.empty() ? std::string("{}") : request.defaults;
  frame += '}';
  return frame;
}

std::string encode_run(const RunRequest& request) {
  std::string frame;
  frame.reserve(request.task->size() + 512 + 256 * request.inputs.size());
  frame = R"({"type":"run","job":)";
  append_text(frame, request.job.str());
  frame += R"(,"task":)";
  frame += *request.task;
  frame += R"(,"inputs":[)";
  for (const RunInput& input : request.inputs) {
    if (&input != &request.inputs.front()) frame += ',';
    frame += R"({"name":)";
    append_text(frame, input.name);
    frame += R"(,"index":)" + std::to_string(input.index) + R"(,"path":)";
    append_text(frame, input.path.native());
    frame += R"(,"type":)";
    append_text(frame, input.type);
    frame += '}';
  }
  frame += R"(],"out_dir":)";
  append_text(frame, request.out_dir.native());
  frame += '}';
  return frame;
}

std::string encode_cancel(const base::JobId& job) {
  std::string frame = R"({"type":"cancel","job":)";
  append_text(frame, job.str());
  frame += '}';
  return frame;
}

std::string encode_quit() {
  return R"({"type":"quit"})";
}

base::Result<Frame> decode(const std::string& text) {
  json::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure) return wrong("a frame that is not JSON (" + failure.message() + ")");
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong("a frame that is not a JSON object");
  const std::string type = text_of(*object, "type");
  if (type.empty()) return wrong("a frame without a type");
  if (type == "progress") return progress_of(*object);
  if (type == "result") return result_of(*object, text);
  if (type == "failed") return failed_of(*object);
  if (type == "log") return log_of(*object);
  if (type == "loaded")
    return Frame(LoadedFrame{text_of(*object, "model"), count_of(*object, "vram_bytes").value_or(0)});
  if (type == "ready") return ready_of(*object);
  return Frame(UnknownFrame{base::log::printable(type, 100)});
}

}  // namespace engine
