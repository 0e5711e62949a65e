#include "transfer/upload.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <list>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/hash/xxh128.h"
#include "base/unique_fd.h"
#include "transfer/guard.h"

namespace transfer {
namespace {

constexpr base::Bytes kSmallestBuffer = 16 * base::kKiB;
/// A form up to this size leaves in one write.
constexpr base::Bytes kWholeForm = 512 * base::kKiB;
/// Of a larger one: what was read is still in the processor's own cache when it is sent. 256 MiB over the loopback had
/// 1.3 times curl's rate with 128 to 256 KiB, and 1.15 with 512 KiB.
constexpr base::Bytes kStreamBuffer = 128 * base::kKiB;
/// More than a boundary and a part's header lines without what the part itself puts there.
constexpr base::Bytes kPartHead = 256;
/// Slower than this on average over the stall limit is a stall.
constexpr base::Bytes kBytesPerSecond = 1024;
/// How long a complete upload waits for its answer: TCP keep-alives notice a dead peer long before.
constexpr base::Duration kAnswerLimit = std::chrono::minutes(10);

/// One file of the form.
class FilePart {
 public:
  static base::Result<std::unique_ptr<FilePart>> open(const std::filesystem::path& path, std::string xxh128) {
    base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return base::file_error("open", path, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return base::file_error("read", path, errno);
    if (!S_ISREG(status.st_mode)) return base::Error{base::Code::kInvalid, path.string() + " is no regular file"};
    auto part = std::make_unique<FilePart>();
    part->path_ = path;
    part->fd_ = std::move(fd);
    part->opened_ = status;
    part->expected_ = std::move(xxh128);
    return part;
  }

  base::Bytes size() const { return static_cast<base::Bytes>(opened_.st_size); }

  /// The next bytes; none at the end. Errors: kCorrupt when the file is not the one that was opened any more.
  base::Result<std::size_t> read(char* bytes, std::size_t limit) {
    const std::size_t wanted = std::min<base::Bytes>(limit, size() - done_);
    if (wanted == 0) return std::size_t{0};
    ssize_t got = -1;
    do {
      got = ::pread(fd_.get(), bytes, wanted, static_cast<off_t>(done_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return base::file_error("read", path_, errno);
    done_ += static_cast<base::Bytes>(got);
    const auto filled = static_cast<std::size_t>(got);
    const bool last = done_ == size();
    if (!expected_.empty()) hash_.add({bytes, filled});
    // The last bytes leave only when the file is still what the Content-Length was computed from, and what was made.
    if (got == 0 || (last && !unchanged())) {
      return base::Error{base::Code::kCorrupt, path_.string() + " changed while it was uploaded"};
    }
    if (last && !expected_.empty() && hash_.hex() != expected_) {
      return base::Error{base::Code::kCorrupt, path_.string() + " changed since it was made"};
    }
    return filled;
  }

  void rewind() {
    done_ = 0;
    hash_.restart();
  }

 private:
  bool unchanged() const {
    struct stat now {};
    return ::fstat(fd_.get(), &now) == 0 && now.st_size == opened_.st_size &&
           now.st_mtim.tv_sec == opened_.st_mtim.tv_sec && now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec;
  }

  std::filesystem::path path_;
  base::UniqueFd fd_;
  struct stat opened_ {};
  base::Bytes done_ = 0;
  std::string expected_;  // xxh128; empty = not checked
  base::Xxh128 hash_;
};

class UploadExchange final : public Exchange {
 public:
  explicit UploadExchange(Upload request)
      : Exchange(request.to, "POST " + shown_url(request.to.url)),
        stall_limit_(request.stall_limit),
        form_(curl_mime_init(handle()), &curl_mime_free) {
    use_headers();
  }

  base::Status add(const Part& part) {
    if (!header_safe(part.name) || !header_safe(part.filename) || !header_safe(part.content_type)) {
      return base::Error{base::Code::kInvalid, "a form part holds a character that no header may"};
    }
    body_bytes_ += kPartHead + part.name.size() + part.filename.size() + part.content_type.size();
    curl_mimepart* entry = curl_mime_addpart(form_.get());
    curl_mime_name(entry, part.name.c_str());
    if (!part.filename.empty()) curl_mime_filename(entry, part.filename.c_str());
    if (!part.content_type.empty()) curl_mime_type(entry, part.content_type.c_str());
    if (part.file.empty()) {
      body_bytes_ += part.text.size();
      return mime_status(curl_mime_data(entry, part.text.data(), part.text.size()));
    }
    TRY(auto file, FilePart::open(part.file, part.xxh128));
    body_bytes_ += file->size();
    files_.push_back({this, std::move(file)});
    return mime_status(curl_mime_data_cb(entry, static_cast<curl_off_t>(files_.back().file->size()), &read_file,
                                         &seek_file, nullptr, &files_.back()));
  }

  void start(base::SteadyTime now) {
    set(CURLOPT_MIMEPOST, form_.get());
    // Most results are small: half a megabyte for each would cost more than sending them.
    const base::Bytes buffer = body_bytes_ > kWholeForm ? kStreamBuffer : std::max(body_bytes_, kSmallestBuffer);
    set(CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(buffer));
    window_start_ = now;
  }

  std::optional<Answer> finished(CURLcode code) override {
    if (!sent_afresh_ && kept_connection_was_dead(code)) {
      sent_afresh_ = true;
      set(CURLOPT_FRESH_CONNECT, 1L);
      return std::nullopt;
    }
    return answer(code);
  }

  std::optional<base::SteadyTime> next_check() const override {
    constexpr base::Duration kTick = std::chrono::seconds(1);
    return last_check_ + std::min<base::Duration>(kTick, stall_limit_ / 4);
  }

  std::optional<base::Error> check(base::SteadyTime now) override {
    last_check_ = now;
    curl_off_t sent = 0;
    curl_off_t total = 0;
    curl_easy_getinfo(handle(), CURLINFO_SIZE_UPLOAD_T, &sent);
    curl_easy_getinfo(handle(), CURLINFO_CONTENT_LENGTH_UPLOAD_T, &total);
    const bool complete = total > 0 && sent >= total;
    const auto window_seconds = std::chrono::duration_cast<std::chrono::duration<double>>(stall_limit_).count();
    const auto enough = std::max(static_cast<curl_off_t>(window_seconds * kBytesPerSecond), curl_off_t{1});
    const bool started_over = sent < window_sent_;
    if (started_over || sent - window_sent_ >= enough || (complete && !answering_)) {
      window_start_ = now;
      window_sent_ = sent;
    }
    answering_ = complete;
    const base::Duration limit = complete ? kAnswerLimit : stall_limit_;
    if (now - window_start_ < limit) return std::nullopt;
    if (complete) return error(base::Code::kTimeout, "everything was sent, but no answer came within 10 minutes");
    return error(base::Code::kTimeout, "the upload stalled: " + std::to_string(sent) + " of " +
                                           std::to_string(std::max<curl_off_t>(total, 0)) + " bytes were sent");
  }

 private:
  struct Source {
    UploadExchange* exchange;
    std::unique_ptr<FilePart> file;
  };

  /// curl sends again by itself when it reads the hang-up first, and gives up when sending meets it first.
  bool kept_connection_was_dead(CURLcode code) const {
    long opened = 0;
    long status = 0;
    curl_easy_getinfo(handle(), CURLINFO_NUM_CONNECTS, &opened);
    curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
    return code == CURLE_SEND_ERROR && opened == 0 && status == 0;
  }

  static base::Status mime_status(CURLcode code) {
    if (code == CURLE_OK) return {};
    return base::Error{base::Code::kUnavailable, std::string("cannot build the form: ") + curl_easy_strerror(code)};
  }

  static std::size_t read_file(char* bytes, std::size_t size, std::size_t count, void* context) {
    auto& source = *static_cast<Source*>(context);
    auto got = source.file->read(bytes, size * count);
    if (!got) {
      source.exchange->stop_with(std::move(got.error()));
      return CURL_READFUNC_ABORT;
    }
    return *got;
  }

  /// A body is sent again when a kept connection turns out to be dead.
  static int seek_file(void* context, curl_off_t offset, int origin) {
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    auto& source = *static_cast<Source*>(context);
    source.file->rewind();
    return CURL_SEEKFUNC_OK;
  }

  base::Duration stall_limit_;
  std::unique_ptr<curl_mime, decltype(&curl_mime_free)> form_;
  std::list<Source> files_;  // curl keeps pointers into it
  base::Bytes body_bytes_ = 0;
  base::SteadyTime last_check_{};
  base::SteadyTime window_start_{};
  curl_off_t window_sent_ = 0;
  bool answering_ = false;
  bool sent_afresh_ = false;
};

}  // namespace

base::Result<std::unique_ptr<Exchange>> make_upload(Upload request) {
  if (!header_safe(request.to.bearer.reveal())) {
    return base::Error{base::Code::kInvalid, "the token holds a character that no header may"};
  }
  const std::vector<Part> parts = std::move(request.parts);
  auto exchange = std::make_unique<UploadExchange>(std::move(request));
  for (const Part& part : parts) CHECK_OK(exchange->add(part));
  exchange->start(std::chrono::steady_clock::now());
  return exchange;
}

}  // namespace transfer
