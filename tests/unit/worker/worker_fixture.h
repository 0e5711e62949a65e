#pragma once
// The whole worker on a virtual clock; only its outside is made of stand-ins. The journal is real.

#include <gmock/gmock.h>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "base/files.h"
#include "fakes/fake_http.h"
#include "fakes/fake_link.h"
#include "fakes/fake_parts.h"
#include "fakes/virtual_clock.h"
#include "history/outbox.h"
#include "protocol/frames.h"
#include "worker/worker.h"

namespace worker_test {

using namespace std::chrono_literals;
using studio::LinkEnd;

inline std::string offer_of(const std::string& job, const std::string& kind = "llm",
                            const std::string& engine = "synthetic") {
  const std::string task = kind == "llm"         ? R"({"kind":"llm","messages":[{"role":"user","content":"hello"}]})"
                           : kind == "audio_stt" ? R"({"kind":"audio_stt","inputUrl":"https://s.example/clip.wav"})"
                                                 : R"({"kind":"image","prompt":"a lantern"})";
  return R"({"type":"offer","claim":{"jobId":")" + job +
         R"(","gameId":"g","assetName":"a","model":"m","vramGbEstimate":1.5,"task":)" + task +
         R"(,"modelSource":{"engine":")" + engine +
         R"(","files":[],"cliDefaults":{"cfgScale":1.0,"steps":0,"width":0,"height":0}}}})";
}

class Worker : public testing::Test {
 protected:
  ~Worker() override {
    if (worker_) worker_->shut_down_now();
    clock_.pass(20s);
    tasks_.cancel_all();
    clock_.settle();
  }

  void start(worker::WorkerOptions options = {}) {
    start_unconnected(std::move(options));
    welcome();
  }
  void start_unconnected(worker::WorkerOptions options = {}) {
    if (!journal_) journal_ = std::move(*history::Journal::open({.folder = folder_.path()}, io_.get_executor()));
    worker::Outside outside{io_.get_executor(),
                            io_.get_executor(),
                            io_.get_executor(),
                            clock_,
                            random_,
                            connector_,
                            http_,
                            *journal_,
                            engines_,
                            policy_,
                            sensors_};
    worker_.emplace(std::move(options), *studio::Urls::parse("http://s.example"), outside);
    studio::Credentials credentials;
    credentials.worker = base::WorkerId("w-1");
    credentials.token = base::Secret("tok");
    tasks_.spawn("worker", run(*this, std::move(credentials)));
    clock_.settle();
  }
  static boost::asio::awaitable<void> run(Worker& self, studio::Credentials credentials) {
    self.end_ = co_await self.worker_->run(std::move(credentials));
  }

  /// A JSON result of that job in the journal, as a worker before this one left it.
  void leave_result(const std::string& job) {
    const auto offer = std::get<protocol::OfferFrame>(protocol::decode(offer_of(job))).offer;
    history::Produced result{.job = offer.id, .kind = offer.kind, .task_hash = job::task_hash(offer)};
    ASSERT_TRUE(journal_->accepted(offer, result.task_hash, clock_.wall_now()));
    result.folder = *journal_->make_job_folder(offer.id);
    result.file = "result.json";
    result.bytes = 12;
    result.at = clock_.wall_now();
    const std::string text = R"({"answer":1})";
    result.content = history::content_hash("hello", history::content_hash(text));
    ASSERT_TRUE(base::write_file(result.folder / result.file, text));
    ASSERT_TRUE(base::write_file(result.folder / history::kPromptFile, "hello"));
    ASSERT_TRUE(journal_->produced(result));
  }

  fakes::LinkRecord& studio() { return connector_.last(); }
  void welcome() { say(R"({"type":"welcome","workerId":"w-1","serverTime":"now"})"); }
  void say(const std::string& frame) {
    studio().say(frame);
    clock_.settle();
  }
  /// The session drops and comes back.
  void reconnect() {
    const auto before = connector_.links.size();
    studio().close(0, "connection reset by peer");
    while (connector_.links.size() == before) clock_.pass(1s);
    welcome();
  }
  boost::json::object status() { return boost::json::parse(worker_->status()).as_object(); }
  std::int64_t counter(const char* name) { return status().at("counters").at(name).to_number<std::int64_t>(); }

  base::TempDir folder_ = std::move(*base::TempDir::create("worker-test"));
  boost::asio::io_context io_{1};
  fakes::VirtualClock clock_{io_};
  fakes::SeededRandom random_{1};
  fakes::FakeConnector connector_;
  fakes::FakeHttp http_;
  fakes::FakeEngines engines_;
  fakes::FakePolicy policy_;
  fakes::FakeSensors sensors_;
  std::unique_ptr<history::Journal> journal_;
  std::optional<LinkEnd> end_;
  std::optional<worker::Worker> worker_;
  base::TaskGroup tasks_{io_.get_executor()};
};

}  // namespace worker_test
