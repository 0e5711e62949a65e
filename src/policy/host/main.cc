// studio-policy-host: holds the Lua state of the operator's policy for its parent, the daemon, on fd 3.
// One blocking loop; it ends when the daemon closes the channel.

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <variant>

#include "policy/host/protocol.h"
#include "policy/testing/run.h"

namespace policy::host {
namespace {

constexpr int kChannel = 3;
constexpr std::size_t kHead = 4;
/// After a frame the next one is looked for this long before the process sleeps: an empty frame says that an offer
/// comes, offers come in bursts, and waking up takes longer than a decision.
constexpr auto kSpin = std::chrono::microseconds(100);
constexpr std::size_t kLargestFrame = 32UL * 1024 * 1024;  // all files at their largest size, and some

class Channel {
 public:
  /// The next frame; valid until the next call. Nothing at the end, or for a frame that is too large.
  std::optional<std::string_view> read() {
    buffer_.erase(0, taken_);
    taken_ = 0;
    while (buffer_.size() < kHead || buffer_.size() < kHead + length()) {
      if (buffer_.size() >= kHead && length() > kLargestFrame) return std::nullopt;
      if (!fill()) return std::nullopt;
    }
    taken_ = kHead + length();
    return std::string_view(buffer_).substr(kHead, length());
  }

  bool write(std::string_view payload) {
    out_.clear();
    const std::size_t size = payload.size();
    for (unsigned shift = 0; shift < 32; shift += 8) out_ += static_cast<char>(size >> shift & 255);
    out_ += payload;
    for (std::string_view rest = out_; !rest.empty();) {
      const ssize_t written = ::write(kChannel, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

 private:
  std::size_t length() const {
    std::size_t value = 0;
    for (std::size_t i = 0; i < kHead; ++i)
      value |= static_cast<std::size_t>(static_cast<unsigned char>(buffer_[i])) << 8 * i;
    return value;
  }

  bool fill() {
    char chunk[16 * 1024];
    const auto until = std::chrono::steady_clock::now() + (spins_ ? kSpin : std::chrono::microseconds(0));
    ssize_t got = -1;
    do {
      const bool sleeps = std::chrono::steady_clock::now() >= until;
      got = ::recv(kChannel, chunk, sizeof chunk, sleeps ? 0 : MSG_DONTWAIT);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  bool spins_ = std::thread::hardware_concurrency() > 1;  // otherwise it would keep the daemon from writing

  std::string buffer_;
  std::string out_;
  std::size_t taken_ = 0;
};

/// On a copy of the policy: what decides afterwards was never asked by a test.
TestReply test(const TestRequest& request, const PolicyRuntime& policy, const RuntimeOptions& options) {
  const auto report = testing::run_tests(policy.sources(), {.runtime = options, .time = request.time});
  return {request.id, report ? report->errors() : std::vector<std::string>{report.error().message}};
}

void load(LoadRequest request, std::unique_ptr<PolicyRuntime>& runtime, std::string& answer) {
  runtime.reset();
  auto loaded = PolicyRuntime::load(std::move(request.files), request.options);
  if (!loaded) {
    encode_load_failure(answer, loaded.error().message);
    return;
  }
  runtime = std::move(*loaded);
  encode_loaded(answer, runtime->rules(), runtime->has_hooks());
}

int run() {
  Channel channel;
  std::unique_ptr<PolicyRuntime> runtime;
  RuntimeOptions options;
  std::string answer;
  while (const auto frame = channel.read()) {
    if (frame->empty()) continue;
    auto request = decode_request(*frame);
    if (!request) {
      std::fputs("studio-policy-host: unreadable frame\n", stderr);
      return 2;
    }
    if (auto* files = std::get_if<LoadRequest>(&*request)) {
      options = files->options;
      load(std::move(*files), runtime, answer);
    } else if (!runtime) {
      return 2;
    } else if (const auto* sense = std::get_if<SenseRequest>(&*request)) {
      encode(answer, SenseReply{sense->id, runtime->sense(sense->facts, sense->now)});
    } else if (const auto* tests = std::get_if<TestRequest>(&*request)) {
      encode(answer, test(*tests, *runtime, options));
    } else if (const auto* batch = std::get_if<RewriteRequest>(&*request)) {
      encode(answer, RewriteReply{batch->id, runtime->rewrite(batch->records, batch->now)});
    } else {
      const auto& wanted = std::get<DecideRequest>(*request);
      encode(answer, DecideReply{wanted.id, runtime->decide(wanted.offer, wanted.facts, wanted.explain)});
    }
    if (!channel.write(answer)) return 0;
    if (runtime) runtime->recover();
  }
  return 0;
}

}  // namespace
}  // namespace policy::host

int main() {
  return policy::host::run();
}
