#include "policy/source_files.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/text/utf8.h"
#include "base/unique_fd.h"

namespace policy {
namespace {

constexpr std::size_t kLongestName = 50;  // LuaJIT cuts longer names in its messages

/// Whoever can write a policy decides for the operator, so nobody else may.
base::Status check_owner(const std::filesystem::path& path, const struct stat& info) {
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return base::Error{base::Code::kRejected, path.string() + " belongs to user " + std::to_string(info.st_uid) +
                                                  "; run: chown " + std::to_string(::geteuid()) + " '" + path.string() +
                                                  "'"};
  }
  const bool sticky_folder = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
  if ((info.st_mode & S_IWOTH) != 0 && !sticky_folder) {
    return base::Error{base::Code::kRejected,
                       path.string() + " may be written by every user; run: chmod o-w '" + path.string() + "'"};
  }
  return {};
}

base::Status check_name(const std::string& name) {
  if (name.size() > kLongestName || name.find(':') != std::string::npos || name.front() == '(' ||
      base::log::printable(name, kLongestName) != name) {
    return base::Error{base::Code::kInvalid, "policy file '" + base::log::printable(name) +
                                                 "': rename it, at most 50 plain characters without ':'"};
  }
  return {};
}

base::Result<SourceFile> read_source(const std::filesystem::path& path, const std::filesystem::path& folder) {
  CHECK_OK(check_name(path.filename().string()));
  std::error_code failure;
  const auto real = std::filesystem::canonical(path, failure);
  if (failure) return base::file_error("open", path, failure.value());
  if (real.parent_path() != folder) {
    return base::Error{base::Code::kRejected, path.string() + " is a link out of the policy folder; copy the file"};
  }
  struct stat info {};
  if (::stat(real.c_str(), &info) != 0) return base::file_error("read", path, errno);
  if (!S_ISREG(info.st_mode)) return base::Error{base::Code::kInvalid, path.string() + " is not a file"};
  CHECK_OK(check_owner(path, info));
  TRY(auto text, base::read_file(real, kMaxFileBytes));
  return SourceFile{path.filename().string(), std::move(text)};
}

base::Result<SourceFiles> read_folder(const std::filesystem::path& path, const std::filesystem::path& folder) {
  SourceFiles files;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    if (!is_policy_file(entry->path().filename().string())) continue;
    if (files.size() == kMaxFiles) {
      return base::Error{base::Code::kInvalid,
                         path.string() + " holds more than " + std::to_string(kMaxFiles) + " policy files"};
    }
    TRY(auto file, read_source(entry->path(), folder));
    files.push_back(std::move(file));
  }
  if (failure) return base::file_error("read folder", path, failure.value());
  if (std::all_of(files.begin(), files.end(), [](const SourceFile& file) { return is_test_file(file.name); })) {
    return base::Error{base::Code::kNotFound,
                       path.string() + (files.empty() ? " holds no .lua file" : " holds only tests")};
  }
  std::sort(files.begin(), files.end(), [](const SourceFile& a, const SourceFile& b) { return a.name < b.name; });
  return files;
}

}  // namespace

base::Status check_texts(const SourceFiles& files) {
  std::string errors;
  const auto add = [&errors](const SourceFile& file, std::ptrdiff_t line, std::string_view text) {
    errors += (errors.empty() ? "" : "\n") + file.name + ":" + std::to_string(line) + ": " + std::string(text);
  };
  for (const SourceFile& file : files) {
    const auto end = base::utf8_end(file.text);
    if (file.text.find_first_not_of(" \t\r\n") == std::string::npos) {
      add(file, 1, "the file is empty; remove it, or leave a comment in it, if that is meant");
    } else if (end != file.text.size()) {
      const auto stop = file.text.begin() + static_cast<std::ptrdiff_t>(end);
      add(file, std::count(file.text.begin(), stop, '\n') + 1, "this is not UTF-8; save the file in that encoding");
    }
  }
  if (errors.empty()) return {};
  return base::Error{base::Code::kInvalid, std::move(errors)};
}

bool is_policy_file(std::string_view name) {
  return name.ends_with(".lua") && !name.ends_with(".d.lua") && name.front() != '.';
}

bool is_test_file(std::string_view name) {
  return name.ends_with("_test.lua");
}

bool has_tests(const SourceFiles& files) {
  return std::any_of(files.begin(), files.end(), [](const SourceFile& file) { return is_test_file(file.name); });
}

base::Result<SourceFiles> read_sources(const std::filesystem::path& path) {
  std::error_code failure;
  const auto real = std::filesystem::canonical(path, failure);
  if (failure) return base::file_error("open policy", path, failure.value());
  struct stat info {};
  if (::stat(real.c_str(), &info) != 0) return base::file_error("open policy", path, errno);
  if (!S_ISDIR(info.st_mode)) {
    if (is_test_file(real.filename().string())) {
      return base::Error{base::Code::kInvalid, path.string() + " is a test and no policy; name its folder"};
    }
    TRY(auto file, read_source(real, real.parent_path()));
    return SourceFiles{std::move(file)};
  }
  CHECK_OK(check_owner(path, info));
  return read_folder(path, real);
}

}  // namespace policy
