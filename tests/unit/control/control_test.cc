#include <array>
#include <cstring>
#include <functional>
#include <future>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "base/async/event.h"
#include "base/async/task_group.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "control/client.h"
#include "control/server.h"
#include "fakes/forked.h"

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class RecordingOperator final : public control::Operator {
 public:
  std::string status() const override { return R"({"pid":1})"; }
  void pause(std::optional<base::Duration> for_time) override { pauses.push_back(for_time); }
  void resume() override { ++resumes; }
  void drain() override { ++drains; }
  boost::asio::awaitable<base::Result<std::string>> carry_out(control::PolicyOrder order) override {
    using Kind = control::PolicyOrder::Kind;
    if (order.kind == Kind::kPromote) co_return order.shadow ? "the shadow is in force" : "generation 41 is in force";
    if (order.kind == Kind::kShadow) co_return order.path + " is tried";
    if (order.kind == Kind::kStopShadow) co_return "no shadow any more";
    const auto& generation = order.generation;
    if (generation && *generation > 9) co_return base::Error{base::Code::kNotFound, "generation is not kept"};
    co_return "generation " + (generation ? std::to_string(*generation) : "before") + " is in force";
  }
  std::string shadow() const override { return R"({"path":"edited"})"; }
  control::TraceKept trace_kept() const override { return {0, events.size(), "2026-03-25T00:12:07.000001Z"}; }
  boost::asio::awaitable<control::TraceEvent> trace(std::uint64_t from) override {
    while (from >= events.size()) co_await happened.wait();
    co_return control::TraceEvent{from, events[from]};
  }

  std::string trace_end() const override { return R"({"event":"end"})"; }

  std::vector<std::optional<base::Duration>> pauses;
  int resumes = 0;
  int drains = 0;
  std::vector<std::string> events = {R"({"event":"resume"})"};
  base::Event happened;
};

TEST(Answer, EachCommandReachesTheOperator) {
  RecordingOperator target;
  EXPECT_EQ(control::answer(R"({"command":"status"})", target), R"({"ok":true,"status":{"pid":1}})");
  EXPECT_EQ(control::answer(R"({"command":"pause"})", target), R"({"ok":true})");
  EXPECT_EQ(control::answer(R"({"command":"pause","for_seconds":7200})", target), R"({"ok":true})");
  control::answer(R"({"command":"resume"})", target);
  control::answer(R"({"command":"drain"})", target);
  ASSERT_EQ(target.pauses.size(), 2U);
  EXPECT_FALSE(target.pauses[0]);
  EXPECT_EQ(target.pauses[1], base::Duration(2h));
  EXPECT_EQ(target.resumes, 1);
  EXPECT_EQ(target.drains, 1);
}

TEST(Answer, WhatCannotBeReadIsRefusedInWords) {
  RecordingOperator target;
  for (const char* bad : {"", "status", "[]", "{}", R"({"command":7})", R"({"command":"explode"})",
                          R"({"command":"pause","for_seconds":-1})", R"({"command":"pause","for_seconds":1e300})"}) {
    EXPECT_THAT(control::answer(bad, target), HasSubstr(R"("ok":false)")) << bad;
  }
  EXPECT_TRUE(target.pauses.empty());
}

/// A socket as a worker has it, in plain calls.
base::UniqueFd listening(const std::filesystem::path& path) {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const bool listens =
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd.get(), 4) == 0;
  return listens ? std::move(fd) : base::UniqueFd();
}

class Socket : public testing::Test {
 protected:
  Socket() {
    auto server = control::ControlServer::listen(io_.get_executor(), *clock_, path_, target_);
    STUDIO_ASSERT(server.has_value());
    server_ = std::move(*server);
    tasks_.spawn("server", server_->run());
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Socket() override {
    boost::asio::post(io_, [this] { tasks_.cancel_all(); });
    work_.reset();
    thread_.join();
  }

  base::TempDir folder_ = std::move(*base::TempDir::create("control-test"));
  std::filesystem::path path_ = folder_.path() / "run" / "control.sock";
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io_);
  std::unique_ptr<base::Clock> clock_ = base::make_system_clock();
  RecordingOperator target_;
  std::unique_ptr<control::ControlServer> server_;
  base::TaskGroup tasks_{io_.get_executor()};
  std::thread thread_;
};

TEST_F(Socket, ARollbackIsAnsweredWhenItIsDone) {
  EXPECT_EQ(control::ask(path_, R"({"command":"policy rollback"})").value(),
            R"({"ok":true,"done":"generation before is in force"})");
  EXPECT_EQ(control::ask(path_, R"({"command":"policy rollback","generation":3})").value(),
            R"({"ok":true,"done":"generation 3 is in force"})");
  EXPECT_EQ(control::ask(path_, R"({"command":"policy promote"})").value(),
            R"({"ok":true,"done":"generation 41 is in force"})");
  EXPECT_EQ(control::ask(path_, R"({"command":"policy promote","shadow":true})").value(),
            R"({"ok":true,"done":"the shadow is in force"})");
  EXPECT_EQ(control::ask(path_, R"({"command":"policy shadow","path":"/p/edited"})").value(),
            R"({"ok":true,"done":"/p/edited is tried"})");
  EXPECT_EQ(control::ask(path_, R"({"command":"policy shadow","stop":true})").value(),
            R"({"ok":true,"done":"no shadow any more"})");
  EXPECT_EQ(control::ask(path_, R"({"command":"policy shadow"})").value(), R"({"ok":true,"shadow":{"path":"edited"}})");
  EXPECT_FALSE(control::ask(path_, R"({"command":"policy shadow","path":7})"));
  const auto missing = control::ask(path_, R"({"command":"policy rollback","generation":40})");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "generation is not kept");
  EXPECT_FALSE(control::ask(path_, R"({"command":"policy rollback","generation":"x"})"));
}

TEST_F(Socket, AnswersOverTheSocket) {
  const auto answer = control::ask(path_, R"({"command":"status"})");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, R"({"ok":true,"status":{"pid":1}})");
  const auto refused = control::ask(path_, R"({"command":"explode"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kRejected);
  EXPECT_THAT(refused.error().message, HasSubstr("explode"));
}

TEST_F(Socket, ATraceSendsWhatIsKeptAndWhatHappens) {
  std::vector<std::string> lines;
  const auto ended =
      control::follow(path_, R"({"command":"policy trace","kept":true})", -1, [&](std::string_view line) {
        lines.emplace_back(line);
        boost::asio::post(io_, [this] {
          target_.events.emplace_back(R"({"event":"pause"})");
          target_.happened.notify();
        });
        return lines.size() < 4;
      });
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_THAT(lines, testing::ElementsAre(R"({"ok":true,"since":"2026-03-25T00:12:07.000001Z"})",
                                          R"({"event":"resume"})", R"({"event":"pause"})", R"({"event":"pause"})"));
}

TEST_F(Socket, ATraceOfWhatHappensFromNowOnHasNothingOfBefore) {
  std::vector<std::string> lines;
  const auto ended = control::follow(path_, R"({"command":"policy trace"})", -1, [&](std::string_view line) {
    lines.emplace_back(line);
    boost::asio::post(io_, [this] {
      target_.events.emplace_back(R"({"event":"pause"})");
      target_.happened.notify();
    });
    return lines.size() < 2;
  });
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(lines.back(), R"({"event":"pause"})");
}

TEST_F(Socket, ATraceEndsWhenItIsToldTo) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const base::UniqueFd stop(ends[0]);
  const base::UniqueFd tell(ends[1]);
  int lines = 0;
  const auto ended = control::follow(path_, R"({"command":"policy trace"})", stop.get(), [&](std::string_view) {
    ++lines;
    return ::write(tell.get(), "x", 1) == 1;
  });
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(lines, 1);
}

TEST_F(Socket, ATraceIsToldThatTheWorkerEnds) {
  std::vector<std::string> lines;
  bool stopped = false;
  const auto ended = control::follow(path_, R"({"command":"policy trace"})", -1, [&](std::string_view line) {
    lines.emplace_back(line);
    if (!std::exchange(stopped, true)) {
      boost::asio::post(io_, [this] { tasks_.spawn("stop", server_->stop()); });
    }
    return true;
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, base::Code::kUnavailable);
  EXPECT_EQ(ended.error().message, "the worker closed the control connection");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines.back(), R"({"event":"end"})");
}

TEST_F(Socket, OnlySoManyTracesRunAtATime) {
  // Each ends with its test: its client is gone then.
  std::function<std::string(int)> nested = [&](int depth) {
    std::string refused;
    const auto ended = control::follow(path_, R"({"command":"policy trace"})", -1, [&](std::string_view) {
      refused = depth == 8 ? "not refused" : nested(depth + 1);
      return false;
    });
    return ended ? refused : ended.error().message;
  };
  EXPECT_EQ(nested(0), "too many traces run already");
}

TEST_F(Socket, IsForItsOwnerOnly) {
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(Socket, ASecondServerOnTheSamePathIsAConflict) {
  const auto second = control::ControlServer::listen(io_.get_executor(), *clock_, path_, target_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::kConflict);
}

TEST_F(Socket, OneThatAKilledWorkerLeftToAChildIsTaken) {
  const auto left = path_.parent_path() / "left.sock";
  fakes::Forked before([&] { return listening(left); }, fakes::Forked::Child::kUnexeced);
  ASSERT_TRUE(before.holds());
  EXPECT_TRUE(control::is_answering(left));
  before.kill();
  EXPECT_FALSE(control::is_answering(left));
  EXPECT_TRUE(control::ControlServer::listen(io_.get_executor(), *clock_, left, target_));
}

TEST_F(Socket, ARequestThatIsTooLongIsDropped) {
  const auto answer = control::ask(path_, std::string(20000, 'x'));
  EXPECT_FALSE(answer);
}

TEST(Client, SaysThatNobodyRuns) {
  const auto folder = base::TempDir::create("control-test");
  const auto answer = control::ask(folder->path() / "none.sock", R"({"command":"status"})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, base::Code::kNotFound);
}

TEST(Client, AStaleSocketFileIsReplaced) {
  const auto folder = base::TempDir::create("control-test");
  const auto path = folder->path() / "control.sock";
  ASSERT_TRUE(base::write_file(path, ""));
  boost::asio::io_context io{1};
  const auto clock = base::make_system_clock();
  RecordingOperator target;
  EXPECT_TRUE(control::ControlServer::listen(io.get_executor(), *clock, path, target));
}

TEST(SocketPath, TellsConfigurationsApart) {
  const auto one = control::socket_path("/run/x", "/home/a/config.toml");
  EXPECT_NE(one, control::socket_path("/run/x", "/home/b/config.toml"));
  EXPECT_EQ(one, control::socket_path("/run/x", "/home/a/../a/config.toml"));
}

}  // namespace
