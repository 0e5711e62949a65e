#include "policy/records/ring.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

namespace policy::records {
namespace {

/// Who looks for the newest records need not go back further for the cards they rest on.
constexpr base::Bytes kTellAgain = 64 * base::kKiB;

/// No line of a record is shorter.
constexpr std::size_t kShortest = 100;

/// "000012-20260325.jsonl": its place in the order, and the day of its records.
struct FileName {
  std::uint64_t number = 0;
  std::chrono::sys_days day;
  std::filesystem::path path;
};

std::optional<FileName> read_name(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const auto dash = name.find('-');
  if (dash == std::string::npos || name.size() != dash + 15 || !name.ends_with(".jsonl")) return std::nullopt;
  FileName file{.path = path};
  std::uint32_t digits = 0;
  const char* const text = name.data();
  const auto number = std::from_chars(text, text + dash, file.number);
  const auto date = std::from_chars(text + dash + 1, text + dash + 9, digits);
  if (number.ec != std::errc() || number.ptr != text + dash || date.ec != std::errc() || date.ptr != text + dash + 9) {
    return std::nullopt;
  }
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(digits / 10000)),
                                        std::chrono::month(digits / 100 % 100), std::chrono::day(digits % 100)};
  if (!day.ok()) return std::nullopt;
  file.day = std::chrono::sys_days(day);
  return file;
}

std::string name_of(std::uint64_t number, std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%06llu-%04d%02u%02u.jsonl", static_cast<unsigned long long>(number),
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

/// Oldest first.
std::vector<FileName> files_in(const std::filesystem::path& folder) {
  std::vector<FileName> files;
  std::error_code failure;
  std::filesystem::directory_iterator entry(folder, failure);
  for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    if (auto file = read_name(entry->path())) files.push_back(std::move(*file));
  }
  std::sort(files.begin(), files.end(), [](const FileName& a, const FileName& b) { return a.number < b.number; });
  return files;
}

std::chrono::sys_days day_of(base::WallTime time) {
  return std::chrono::floor<std::chrono::days>(time);
}

base::Status write_all(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::file_error("append to", path, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

base::Result<std::string> text_of(const FileName& file) {
  constexpr base::Bytes kLargest = 64 * base::kMiB;  // far more than a ring writes
  return base::read_file(file.path, kLargest);
}

/// The whole lines of a text. False when `use` ended it.
bool read_lines(std::string_view text, Reader& reader, ReadCounts& counts,
                const std::function<bool(const DecisionRecord&)>& use) {
  DecisionRecord record;
  for (std::size_t from = 0, end = 0; (end = text.find('\n', from)) != std::string_view::npos; from = end + 1) {
    if (end == from) continue;
    if (!reader.read(text.substr(from, end - from), record)) {
      ++counts.damaged;
      continue;
    }
    ++counts.records;
    if (!use(record)) return false;
  }
  return true;
}

/// Where the line begins that holds this place.
std::size_t start_of_line(std::string_view text, std::size_t at) {
  const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

/// The last bytes of a file, from the start of a line on.
struct End {
  std::string text;
  bool whole = false;
};

End end_of(const FileName& file, base::Bytes bytes) {
  auto text = base::read_file_end(file.path, bytes);
  if (!text || text->size() < bytes) return {text ? std::move(*text) : std::string(), true};
  const auto first = text->find('\n');
  text->erase(0, first == std::string::npos ? text->size() : first + 1);
  return {std::move(*text), false};
}

/// The live records of the last `lines` lines, which rest on the last line before them that tells the cards. Nothing
/// when that line stands further up.
std::optional<std::vector<DecisionRecord>> read_tail(const End& end, std::size_t lines) {
  const std::string_view text = end.text;
  std::size_t start = text.size();
  for (std::size_t line = 0; line <= lines && start > 0; ++line) start = start_of_line(text, start - 1);
  std::vector<DecisionRecord> found;
  found.reserve(std::min(lines, text.size() / kShortest));
  const auto keep = [&found](const DecisionRecord& record) {
    if (record.mode == Mode::kLive) found.push_back(record);
    return true;
  };
  Reader reader;
  ReadCounts ignored;
  const auto cards = text.substr(0, text.find('\n', start)).rfind(kCardsKey);
  if (cards == std::string_view::npos && !end.whole) return std::nullopt;
  if (cards < start) {
    const auto line = start_of_line(text, cards);
    read_lines(text.substr(line, text.find('\n', cards) + 1 - line), reader, ignored, [](const auto&) { return true; });
  }
  read_lines(text.substr(start), reader, ignored, keep);
  return found;
}

/// At most `count`. Most often the first look finds them: so much holds a few hundred records.
std::vector<DecisionRecord> newest_of(const FileName& file, std::size_t count) {
  constexpr base::Bytes kFirstLook = 256 * base::kKiB;
  for (base::Bytes bytes = kFirstLook;; bytes *= 4) {
    const End end = end_of(file, bytes);
    auto found = read_tail(end, count);
    // Some of the lines were no live records: the rest stands further up.
    if (!found || found->size() < count) found = read_tail(end, end.text.size());
    if (!end.whole && (!found || found->size() < count)) continue;
    found->erase(found->begin(), found->end() - static_cast<std::ptrdiff_t>(std::min(found->size(), count)));
    return std::move(*found);
  }
}

}  // namespace

std::filesystem::path folder_in(const std::filesystem::path& data) {
  return data.empty() ? data : data / "decisions";
}

base::Status Ring::append(const DecisionRecord* records, std::size_t count, base::WallTime now) {
  const auto today = day_of(now);
  if (!file_ || day_ != today || size_ >= limits_.file) CHECK_OK(open(today));
  if (size_ >= told_ + kTellAgain) {
    writer_.reset();
    told_ = size_;
  }
  text_.assign(half_line_ ? "\n" : "");
  for (std::size_t i = 0; i < count; ++i) writer_.append(text_, records[i]);
  auto written = write_all(file_.get(), text_, path_);
  if (!written) {
    file_.reset();
    return written;
  }
  half_line_ = false;
  size_ += text_.size();
  return {};
}

/// The newest file when it is of this day and has room, otherwise the next one.
base::Status Ring::open(std::chrono::sys_days day) {
  CHECK_OK(base::make_private_folder(folder_));
  const auto files = files_in(folder_);
  const std::uint64_t last = files.empty() ? 0 : files.back().number;
  std::error_code failure;
  const bool goes_on = last > 0 && files.back().day == day &&
                       std::filesystem::file_size(files.back().path, failure) < limits_.file && !failure;
  path_ = goes_on ? files.back().path : folder_ / name_of(last + 1, day);
  if (!goes_on) make_room(day);
  file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  struct stat info {};
  if (!file_ || ::fstat(file_.get(), &info) != 0) return base::file_error("open", path_, errno);
  size_ = static_cast<base::Bytes>(info.st_size);
  told_ = size_;
  day_ = day;
  char last_byte = '\n';
  half_line_ = size_ > 0 && ::pread(file_.get(), &last_byte, 1, info.st_size - 1) == 1 && last_byte != '\n';
  writer_.reset();
  return {};
}

/// For one more file. What cannot be removed is tried again with the next one.
void Ring::make_room(std::chrono::sys_days today) const {
  auto files = files_in(folder_);
  std::reverse(files.begin(), files.end());
  base::Bytes total = limits_.file;
  for (const FileName& file : files) {
    std::error_code failure;
    const auto size = std::filesystem::file_size(file.path, failure);
    if (!failure) total += size;
    if (total > limits_.total || file.day + limits_.age < today) std::filesystem::remove(file.path, failure);
  }
}

ReadCounts for_each(const std::filesystem::path& folder, base::WallTime since,
                    const std::function<bool(const DecisionRecord&)>& use, Mode mode) {
  ReadCounts counts;
  const auto in_time = [&](const DecisionRecord& record) {
    if (record.facts.now >= since && record.mode == mode) return use(record);
    --counts.records;
    return true;
  };
  for (const FileName& file : files_in(folder)) {
    if (file.day < day_of(since)) continue;
    const auto text = text_of(file);
    Reader reader;
    if (!text)
      ++counts.damaged;
    else if (!read_lines(*text, reader, counts, in_time))
      break;
  }
  return counts;
}

std::vector<DecisionRecord> newest(const std::filesystem::path& folder, std::size_t count) {
  std::vector<DecisionRecord> found;
  const auto files = files_in(folder);
  for (auto file = files.rbegin(); file != files.rend() && found.size() < count; ++file) {
    auto here = newest_of(*file, count - found.size());
    here.insert(here.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    found = std::move(here);
  }
  return found;
}

}  // namespace policy::records
