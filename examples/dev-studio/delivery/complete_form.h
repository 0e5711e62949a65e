#pragma once
// The upload form of contract 1.5: prompt, ext and image in this order, generationMeta allowed; bytes go to a callback.

#include <functional>
#include <string>
#include <string_view>

#include "delivery/multipart.h"
#include "delivery/result.h"
#include "digest/sha256.h"
#include "wire/problem.h"

namespace delivery {

class CompleteForm final : public PartSink {
 public:
  using OnBytes = std::function<void(std::string_view)>;
  /// `on_bytes` gets the result file piece by piece.
  explicit CompleteForm(OnBytes on_bytes) : on_bytes_(std::move(on_bytes)) {}

  void on_part(const PartHead& head) override;
  void on_bytes(std::string_view bytes) override;
  void on_part_end() override;

  /// Call once, after the last piece: the order, the names and the file's head against `job`'s claim.
  void finish(std::string_view job, wire::Problems& problems);

  bool has_file() const { return has_file_; }
  const std::string& prompt() const { return prompt_; }
  const FileFacts& file() const { return file_; }
  const std::string& sha256() const { return sha256_; }

 private:
  enum class Part : std::uint8_t { kNone, kPrompt, kExt, kImage, kMeta, kUnknown };

  OnBytes on_bytes_;
  Part part_ = Part::kNone;
  std::string order_;
  std::string prompt_;
  std::string meta_;
  PartHead file_head_;
  FileFacts file_;
  digest::Sha256 hash_;
  std::string sha256_;
  bool has_file_ = false;
};

}  // namespace delivery
