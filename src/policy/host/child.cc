#include "policy/host/child.h"

#include <algorithm>
#include <csignal>

#include "base/async/timeout.h"

namespace policy::host {
namespace {

base::Error unreadable() {
  return {base::Code::kCorrupt, "the policy host sent an unreadable frame"};
}

}  // namespace

/// Keeps a retired child alive until its last decision is done, however that ends.
class Child::Asking {
 public:
  explicit Asking(Child& child) : child_(child) { child_.asking_ = true; }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  ~Asking() {
    child_.asking_ = false;
    if (child_.retired_) child_.kill();
  }

 private:
  Child& child_;
};

base::Result<std::shared_ptr<Child>> Child::spawn(asio::any_io_executor executor,
                                                  const std::filesystem::path& program) {
  process::SpawnOptions options;
  options.argv = {program.string()};
  options.environment = process::scrubbed_environment();
  TRY(auto process, process::ChildProcess::spawn(std::move(executor), std::move(options)));
  return std::make_shared<Child>(std::move(process));
}

asio::awaitable<base::Result<std::string>> Child::read(base::Clock& clock, base::Duration limit) {
  auto operation = base::with_timeout(clock, limit, std::string("the policy host did not answer in time"),
                                      process_.channel().read());
  co_return co_await std::move(operation);
}

asio::awaitable<base::Result<Declared>> Child::load(base::Clock& clock, const SourceFiles& files,
                                                    RuntimeOptions options) {
  CO_CHECK_OK(check_texts(files));
  encode_load(frame_, files, options);
  CO_CHECK_OK(process_.channel().send(frame_));
  // The child's own limit comes first; this one is for a child that hangs where its limits do not reach.
  const auto limit = 2 * static_cast<int>(kLoadFactor) * options.time;
  const auto frame = co_await read(clock, limit);
  if (!frame) co_return frame.error();
  auto reply = decode_reply(*frame);
  auto* loaded = reply ? std::get_if<LoadReply>(&*reply) : nullptr;
  if (loaded == nullptr) co_return unreadable();
  if (!loaded->error.empty()) co_return base::Error{base::Code::kInvalid, loaded->error};
  co_return std::move(loaded->declared);
}

void Child::wake() {
  // A dead child is noticed by whoever waits for its answer or its end.
  static_cast<void>(process_.channel().send({}));
}

template <class Answer>
asio::awaitable<base::Result<Answer>> Child::ask(base::Clock& clock, std::uint64_t id, base::Duration limit,
                                                 bool may_block) {
  const Asking asking(*this);
  CO_CHECK_OK(process_.channel().send(frame_));
  const auto start = clock.now();
  bool direct = may_block && start >= direct_from_;
  for (;;) {
    base::Result<std::string> frame = base::Error{base::Code::kTimeout, ""};
    if (direct) frame = process_.channel().read_directly(kDirectWait);
    if (!frame && frame.error().code == base::Code::kTimeout) {
      if (std::exchange(direct, false)) {
        direct_from_ = start + direct_pause_;
        direct_pause_ = std::min(2 * direct_pause_, kLastDirectPause);
      }
      const auto left = start + limit - clock.now();
      frame = co_await read(clock, left);
    }
    if (!frame) co_return frame.error();
    auto reply = decode_reply(*frame);
    if (!reply || std::holds_alternative<LoadReply>(*reply)) co_return unreadable();
    // An older number answers a question whose caller was cancelled.
    auto* answer = std::get_if<Answer>(&*reply);
    if (answer == nullptr || answer->id != id) continue;
    if (direct) direct_pause_ = kFirstDirectPause;
    co_return std::move(*answer);
  }
}

asio::awaitable<base::Result<Verdict>> Child::decide(base::Clock& clock, const job::Offer& offer,
                                                     const job::Facts& facts, std::vector<base::WallTime> periods,
                                                     bool explain, base::Duration limit, Patience patience) {
  const auto id = ++last_id_;
  encode_decide(frame_, id, explain, offer, facts, periods);
  auto answer = co_await ask<DecideReply>(clock, id, limit, patience == Patience::kDirect);
  if (!answer) co_return std::move(answer).error();
  co_return std::move(answer->verdict);
}

asio::awaitable<base::Result<Sensed>> Child::sense(base::Clock& clock, const job::MachineFacts& facts,
                                                   base::WallTime now, base::Duration limit) {
  const auto id = ++last_id_;
  encode_sense(frame_, id, facts, now);
  auto answer = co_await ask<SenseReply>(clock, id, limit, true);
  if (!answer) co_return std::move(answer).error();
  co_return std::move(answer->sensed);
}

asio::awaitable<base::Result<logs::Rewritten>> Child::rewrite(base::Clock& clock, std::vector<logs::LogFacts> records,
                                                              base::Duration limit) {
  const auto id = ++last_id_;
  encode(frame_, RewriteRequest{id, clock.wall_now(), std::move(records)});
  auto answer = co_await ask<RewriteReply>(clock, id, limit, false);
  if (!answer) co_return std::move(answer).error();
  co_return std::move(answer->rewritten);
}

asio::awaitable<base::Result<std::vector<std::string>>> Child::test(base::Clock& clock, base::Duration time,
                                                                    base::Duration limit) {
  const auto id = ++last_id_;
  encode(frame_, TestRequest{id, time});
  auto answer = co_await ask<TestReply>(clock, id, limit, false);
  if (!answer) co_return std::move(answer).error();
  co_return std::move(answer->errors);
}

void Child::retire() {
  retired_ = true;
  if (!asking_) kill();
}

void Child::kill() {
  process_.signal_group(SIGKILL);
}

}  // namespace policy::host
