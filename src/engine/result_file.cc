#include "engine/result_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

#include "base/log.h"

namespace engine {
namespace {

base::Error wrong(std::string what) {
  return {base::Code::kInvalid, std::move(what)};
}

bool is_bare_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 255) return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '/' || byte < 0x20 || byte == 0x7F;
  });
}

bool is_extension(std::string_view ext) {
  if (ext.empty() || ext.size() > 16) return false;
  return std::all_of(ext.begin(), ext.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

base::Result<job::Artifacts> check_file(const ResultFrame& frame, const std::filesystem::path& out_dir) {
  const std::string shown = "`" + base::log::printable(frame.file, 100) + "`";
  if (!is_bare_name(frame.file)) return wrong("the result file " + shown + " is not a bare file name");
  if (!is_extension(frame.ext)) {
    return wrong("the result's extension `" + base::log::printable(frame.ext, 40) + "` is not letters and digits");
  }
  const auto path = out_dir / frame.file;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return wrong("the result file " + shown + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return wrong("the result file " + shown + " is not a regular file");
  if (status.st_size == 0) return wrong("the result file " + shown + " is empty");
  return job::Artifacts(job::FileResult{path, frame.ext, static_cast<base::Bytes>(status.st_size)});
}

}  // namespace

base::Result<job::Artifacts> check_result(const ResultFrame& frame, job::Kind kind,
                                          const std::filesystem::path& out_dir) {
  const bool is_json = !frame.json.empty();
  if (is_json != job::is_json_kind(kind)) {
    return wrong(std::string(is_json ? "a JSON result" : "a result file") + " for a task of kind " +
                 std::string(to_string(kind)));
  }
  if (is_json) return job::Artifacts(job::JsonResult{frame.json});
  return check_file(frame, out_dir);
}

}  // namespace engine
