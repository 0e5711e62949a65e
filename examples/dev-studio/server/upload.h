#pragma once
// One upload on its way in: the form's bytes go through the checks and, when results are kept, to a file.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "delivery/complete_form.h"
#include "delivery/multipart.h"

namespace server {

class Upload {
 public:
  /// `folder` empty: nothing is written. Errors: kInvalid for a content type that is no form.
  static base::Result<std::unique_ptr<Upload>> open(std::string_view content_type, const std::filesystem::path& folder);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// Errors: kInvalid for bytes that are no form; kExhausted or kUnavailable when the file cannot be written.
  base::Status feed(std::string_view bytes);
  delivery::CompleteForm& form() { return form_; }
  bool whole() const { return reader_.complete(); }
  /// Gives the file its name in the folder; without this call it is removed.
  base::Status keep_as(const std::string& name);

 private:
  Upload(delivery::MultipartReader reader, const std::filesystem::path& folder);
  void write(std::string_view bytes);

  delivery::MultipartReader reader_;
  std::filesystem::path folder_;
  std::filesystem::path part_;
  base::UniqueFd file_;
  std::optional<base::Error> write_error_;
  delivery::CompleteForm form_;
};

}  // namespace server
