#pragma once
// multipart/form-data in pieces: whatever the sizes in which the bytes come, memory stays at one piece and one
// boundary.

#include <string>
#include <string_view>

#include "base/result.h"

namespace delivery {

struct PartHead {
  std::string name;
  std::string filename;
  std::string content_type;
};

class PartSink {
 public:
  virtual ~PartSink() = default;
  virtual void on_part(const PartHead& head) = 0;
  virtual void on_bytes(std::string_view bytes) = 0;
  virtual void on_part_end() = 0;
};

class MultipartReader {
 public:
  /// `content_type` is the request's header. Errors: kInvalid when it is not form data or has no usable boundary.
  static base::Result<MultipartReader> open(std::string_view content_type);

  /// Errors: kInvalid at the first byte that cannot be form data; the reader is used up then.
  base::Status feed(std::string_view bytes, PartSink& sink);
  bool complete() const { return state_ == State::kEpilogue; }

 private:
  enum class State : std::uint8_t { kPreamble, kAfterDelimiter, kHead, kBody, kEpilogue };

  explicit MultipartReader(const std::string& boundary);
  /// One step over the buffered bytes. False: more bytes are needed.
  base::Result<bool> step(PartSink& sink);
  base::Result<bool> read_until_delimiter(PartSink* sink);
  base::Result<bool> read_after_delimiter();
  base::Result<bool> read_head(PartSink& sink);
  std::string_view rest() const { return std::string_view(buffer_).substr(position_); }

  std::string delimiter_;
  std::string buffer_;
  std::size_t position_ = 0;
  State state_ = State::kPreamble;
};

}  // namespace delivery
