#include "server/upload.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"

namespace server {

base::Result<std::unique_ptr<Upload>> Upload::open(std::string_view content_type, const std::filesystem::path& folder) {
  TRY(delivery::MultipartReader reader, delivery::MultipartReader::open(content_type));
  std::unique_ptr<Upload> upload(new Upload(std::move(reader), folder));
  if (folder.empty()) return upload;
  upload->part_ = folder / ("upload-" + base::random_hex(6) + ".part");
  upload->file_.reset(::open(upload->part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!upload->file_) return base::file_error("create", upload->part_, errno);
  return upload;
}

Upload::Upload(delivery::MultipartReader reader, const std::filesystem::path& folder)
    : reader_(std::move(reader)), folder_(folder), form_([this](std::string_view bytes) { write(bytes); }) {}

Upload::~Upload() {
  if (part_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(part_, ignored);
}

void Upload::write(std::string_view bytes) {
  while (file_ && !write_error_ && !bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written > 0)
      bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      write_error_ = base::file_error("write", part_, errno);
  }
}

base::Status Upload::feed(std::string_view bytes) {
  CHECK_OK(reader_.feed(bytes, form_));
  if (write_error_) return *write_error_;
  return {};
}

base::Status Upload::keep_as(const std::string& name) {
  if (part_.empty()) return {};
  std::error_code error;
  std::filesystem::rename(part_, folder_ / name, error);
  if (error) return base::file_error("rename", part_, error.value());
  part_.clear();
  return {};
}

}  // namespace server
