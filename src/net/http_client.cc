#include "net/http_client.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <map>
#include <system_error>
#include <utility>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/log.h"
#include "net/transfer_wire.h"
#include "process/child_process.h"

namespace net {
namespace {

/// A program that does not answer a probe for this long hangs: it is killed, which costs its requests their retry.
constexpr base::Duration kProbeLimit = std::chrono::seconds(30);
/// How long a program that was told to end may take.
constexpr base::Duration kEndLimit = std::chrono::seconds(5);
constexpr int kMostAttempts = 2;

/// One request from its first frame to its answer.
struct Pending {
  base::Secret frame;
  std::filesystem::path destination;  // of a download: nobody else can remove it when the program died
  int attempts = 0;
  std::uint64_t program = 0;  // the number of the program that has it
  std::optional<base::Result<HttpResponse>> answer;
  base::Event answered;

  void settle(base::Result<HttpResponse> outcome) {
    answer = std::move(outcome);
    answered.notify();
  }
};

struct Child {
  Child(std::uint64_t count, process::ChildProcess started) : number(count), process(std::move(started)) {}
  std::uint64_t number;
  process::ChildProcess process;
  std::optional<base::SteadyTime> probed;  // not answered yet
  base::TaskGroup::TaskId minder = 0;
};
using ChildPtr = std::shared_ptr<Child>;

/// Keeps the transfer program: starts it at need, hands it the requests, replaces it when it dies, ends it when idle.
/// Shared with its tasks, which may outlive the client by a turn of the loop.
class Host : public std::enable_shared_from_this<Host> {
 public:
  Host(asio::any_io_executor executor, base::Clock& clock, HttpOptions options)
      : executor_(executor), clock_(clock), options_(std::move(options)), tasks_(std::move(executor)) {}

  const HttpOptions& options() const { return options_; }
  std::uint64_t next_id() { return ++last_id_; }

  base::Status submit(std::uint64_t id, const std::shared_ptr<Pending>& pending) {
    CHECK_OK(ensure_child());
    auto sent = send(*pending);
    if (!sent && sent.error().code == base::Code::kInvalid) return sent;
    pending_[id] = pending;
    return {};
  }

  /// The caller is gone or has its answer.
  void withdraw(std::uint64_t id) {
    if (!take(id) || !child_) return;
    // When the program is gone, so is the request.
    static_cast<void>(child_->process.channel().send(encode_cancel(id)));
  }

  /// The program ends when its channel does; its reader stays to reap it, and needs nothing of ours but this host.
  void stop() {
    if (const auto child = std::exchange(child_, nullptr)) {
      tasks_.cancel(child->minder);
      child->process.channel().close();
    }
    for (auto& [id, pending] : std::exchange(pending_, {})) {
      pending->settle(base::Error{base::Code::kCancelled, "the HTTP client was closed"});
    }
  }

 private:
  base::Status ensure_child() {
    if (child_) return {};
    process::SpawnOptions options;
    options.argv = {options_.transfer_program.string()};
    options.environment = process::scrubbed_environment();
    TRY(auto started, process::ChildProcess::spawn(executor_, std::move(options)));
    child_ = std::make_shared<Child>(++last_program_, std::move(started));
    idle_since_ = clock_.now();
    tasks_.spawn("transfer answers", attend(shared_from_this(), child_));
    child_->minder = tasks_.spawn("transfer minder", mind(shared_from_this(), child_));
    return {};
  }

  base::Status send(Pending& pending) {
    ++pending.attempts;
    pending.program = child_->number;
    return child_->process.channel().send(pending.frame.reveal());
  }

  std::shared_ptr<Pending> take(std::uint64_t id) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return nullptr;
    auto taken = std::move(found->second);
    pending_.erase(found);
    if (pending_.empty()) idle_since_ = clock_.now();
    return taken;
  }

  /// Reads a program's answers until it ends, then sees to its requests.
  static asio::awaitable<void> attend(std::shared_ptr<Host> host, ChildPtr child) {
    for (;;) {
      const auto frame = co_await child->process.channel().read();
      if (!frame || !host->heard(*child, *frame)) break;
    }
    const bool retired = host->child_ != child;
    if (!retired) {
      host->child_.reset();
      child->process.signal_group(SIGKILL);
    }
    const process::ExitStatus status = co_await child->process.wait_exit();
    host->tasks_.cancel(child->minder);
    if (!retired) host->replace(*child, process::to_string(status));
  }

  /// Ends a program that hangs, or that nobody has needed for a while.
  static asio::awaitable<void> mind(std::shared_ptr<Host> host, ChildPtr child) {
    auto& clock = host->clock_;
    for (;;) {
      const auto now = clock.now();
      if (host->pending_.empty() && now - host->idle_since_ >= host->options_.linger) break;
      if (child->probed && now - *child->probed >= kProbeLimit) {
        base::log::warn("http", "the transfer program hangs and is killed", {{"pid", child->process.pid()}});
        child->process.signal_group(SIGKILL);
        co_return;
      }
      if (!host->pending_.empty() && !child->probed) host->probe(*child);
      const auto idle_end = host->idle_since_ + host->options_.linger;
      const auto next = host->pending_.empty() ? idle_end : now + std::min(kProbeLimit, host->options_.linger);
      co_await clock.sleep_until(next);
    }
    if (host->child_ == child) host->child_.reset();
    child->process.channel().close();
    const auto end = clock.now() + kEndLimit;
    co_await clock.sleep_until(end);
    child->process.signal_group(SIGKILL);
  }

  void probe(Child& child) {
    child.probed = clock_.now();
    static_cast<void>(child.process.channel().send({}));  // a program that is gone is noticed by its reader
  }

  /// False when the program talks nonsense.
  bool heard(Child& child, std::string_view frame) {
    child.probed.reset();
    if (frame.empty()) return true;
    auto answer = decode_answer(frame);
    if (!answer) return false;
    if (const auto pending = take(answer->id)) pending->settle(std::move(answer->outcome));
    return true;
  }

  /// The requests of a dead program go to the next one, once.
  void replace(const Child& dead, const std::string& why) {
    std::map<std::uint64_t, std::shared_ptr<Pending>> orphans;
    for (const auto& [id, pending] : pending_) {
      if (pending->program == dead.number) orphans.emplace(id, pending);
    }
    base::log::warn("http", "the transfer program died", {{"status", why}, {"requests", orphans.size()}});
    for (const auto& [id, pending] : orphans) {
      const auto again = pending->attempts < kMostAttempts ? ensure_child() : died_twice(why);
      // A failed send means that this program died as well: its reader comes here again.
      if (again) static_cast<void>(send(*pending));
      if (!again) give_up(id, again.error());
    }
  }

  static base::Status died_twice(const std::string& why) {
    return base::Error{base::Code::kUnavailable, "the transfer program died twice: " + why};
  }

  void give_up(std::uint64_t id, base::Error error) {
    const auto pending = take(id);
    std::error_code ignored;
    if (!pending->destination.empty()) std::filesystem::remove(pending->destination, ignored);
    pending->settle(std::move(error));
  }

  asio::any_io_executor executor_;
  base::Clock& clock_;
  HttpOptions options_;
  ChildPtr child_;
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_program_ = 0;
  base::SteadyTime idle_since_{};
  base::TaskGroup tasks_;
};

/// Takes the request back when its coroutine ends, however it ends.
class Withdrawal {
 public:
  Withdrawal(std::shared_ptr<Host> host, std::uint64_t id) : host_(std::move(host)), id_(id) {}
  Withdrawal(const Withdrawal&) = delete;
  Withdrawal& operator=(const Withdrawal&) = delete;
  ~Withdrawal() { host_->withdraw(id_); }

 private:
  std::shared_ptr<Host> host_;
  std::uint64_t id_;
};

asio::awaitable<base::Result<HttpResponse>> run(std::shared_ptr<Host> host, std::uint64_t id,
                                                std::shared_ptr<Pending> pending) {
  CO_CHECK_OK(host->submit(id, pending));
  const Withdrawal withdrawal(host, id);
  co_await pending->answered.wait();
  if (!pending->answer) co_return base::Error{base::Code::kCancelled, "the request was cancelled"};
  co_return std::move(*pending->answer);
}

class TransferClient final : public HttpClient {
 public:
  TransferClient(asio::any_io_executor executor, base::Clock& clock, HttpOptions options)
      : host_(std::make_shared<Host>(std::move(executor), clock, std::move(options))) {}
  TransferClient(const TransferClient&) = delete;
  TransferClient& operator=(const TransferClient&) = delete;
  ~TransferClient() override { host_->stop(); }

  asio::awaitable<base::Result<HttpResponse>> send(HttpRequest request) override { return start(request, {}); }
  asio::awaitable<base::Result<HttpResponse>> upload(UploadRequest request) override { return start(request, {}); }
  asio::awaitable<base::Result<HttpResponse>> download(DownloadRequest request) override {
    return start(request, request.destination);
  }

 private:
  template <class Request>
  asio::awaitable<base::Result<HttpResponse>> start(const Request& request, std::filesystem::path destination) {
    const std::uint64_t id = host_->next_id();
    auto pending = std::make_shared<Pending>();
    pending->frame = encode_request(id, request, host_->options().ca_file);
    pending->destination = std::move(destination);
    return run(host_, id, std::move(pending));
  }

  std::shared_ptr<Host> host_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor, base::Clock& clock, HttpOptions options) {
  return std::make_unique<TransferClient>(std::move(executor), clock, std::move(options));
}

}  // namespace net
