#include "delivery/multipart.h"

#include <algorithm>
#include <string.h>

namespace delivery {
namespace {

// RFC 2046 allows 70 characters for a boundary.
constexpr std::size_t kLongestBoundary = 70;
constexpr std::size_t kLongestHead = 8192;

base::Error invalid(std::string message) {
  return {base::Code::kInvalid, "multipart: " + std::move(message)};
}

std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return small;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The value of `name=` among "a; b=c; d=\"e\"", unquoted; empty when absent.
std::string parameter(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::size_t end = 0;
    bool quoted = false;
    while (end < text.size() && (quoted || text[end] != ';')) {
      if (text[end] == '"') quoted = !quoted;
      if (quoted && text[end] == '\\') ++end;
      ++end;
    }
    end = std::min(end, text.size());
    const std::string_view item = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos || lower(trim(item.substr(0, equals))) != name) continue;
    std::string_view value = trim(item.substr(equals + 1));
    if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
    value = value.substr(1, value.size() - 2);
    std::string plain;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      plain += value[i];
    }
    return plain;
  }
  return {};
}

std::size_t find_bytes(std::string_view text, std::string_view wanted) {
  const void* found = ::memmem(text.data(), text.size(), wanted.data(), wanted.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

PartHead parse_head(std::string_view lines) {
  PartHead head;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name = lower(trim(line.substr(0, colon)));
    const std::string_view value = trim(line.substr(colon + 1));
    if (name == "content-type") head.content_type = std::string(value);
    if (name == "content-disposition") {
      head.name = parameter(value, "name");
      head.filename = parameter(value, "filename");
    }
  }
  return head;
}

}  // namespace

base::Result<MultipartReader> MultipartReader::open(std::string_view content_type) {
  if (!lower(content_type).starts_with("multipart/form-data")) {
    return invalid("content type is not multipart/form-data: " + std::string(content_type.substr(0, 100)));
  }
  const std::string boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > kLongestBoundary) return invalid("no boundary of 1 to 70 characters");
  return MultipartReader(boundary);
}

// The line end in front lets a body that starts with its first boundary be read like every later one.
MultipartReader::MultipartReader(const std::string& boundary) : delimiter_("\r\n--" + boundary), buffer_("\r\n") {}

base::Status MultipartReader::feed(std::string_view bytes, PartSink& sink) {
  if (state_ == State::kEpilogue) return {};
  buffer_.append(bytes);
  bool more = true;
  while (more) {
    TRY(more, step(sink));
  }
  buffer_.erase(0, position_);
  position_ = 0;
  return {};
}

base::Result<bool> MultipartReader::step(PartSink& sink) {
  switch (state_) {
    case State::kPreamble:
      return read_until_delimiter(nullptr);
    case State::kBody:
      return read_until_delimiter(&sink);
    case State::kAfterDelimiter:
      return read_after_delimiter();
    case State::kHead:
      return read_head(sink);
    case State::kEpilogue:
      break;
  }
  position_ = buffer_.size();
  return false;
}

base::Result<bool> MultipartReader::read_until_delimiter(PartSink* sink) {
  const std::string_view bytes = rest();
  const std::size_t found = find_bytes(bytes, delimiter_);
  const bool whole = found != std::string_view::npos;
  // Without a delimiter the last bytes may be the start of one: they wait for the next piece.
  const std::size_t kept = std::min(bytes.size(), delimiter_.size() - 1);
  const std::size_t length = whole ? found : bytes.size() - kept;
  if (sink != nullptr && length > 0) sink->on_bytes(bytes.substr(0, length));
  position_ += whole ? length + delimiter_.size() : length;
  if (!whole) return false;
  if (sink != nullptr) sink->on_part_end();
  state_ = State::kAfterDelimiter;
  return true;
}

base::Result<bool> MultipartReader::read_after_delimiter() {
  const std::string_view bytes = rest();
  if (bytes.size() < 2) return false;
  if (bytes.starts_with("--")) {
    state_ = State::kEpilogue;
    return true;
  }
  if (!bytes.starts_with("\r\n")) return invalid("a boundary is followed by neither a line end nor --");
  position_ += 2;
  state_ = State::kHead;
  return true;
}

base::Result<bool> MultipartReader::read_head(PartSink& sink) {
  const std::string_view bytes = rest();
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() > kLongestHead) return invalid("the head of a part is longer than 8 KiB");
    return false;
  }
  const PartHead head = parse_head(bytes.substr(0, end));
  if (head.name.empty()) return invalid("a part has no name");
  sink.on_part(head);
  position_ += end + 4;
  state_ = State::kBody;
  return true;
}

}  // namespace delivery
