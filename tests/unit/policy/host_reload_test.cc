#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "host_fixture.h"
#include "policy/host/reload.h"

namespace policy::test {
namespace {

TEST_F(PolicyHostTest, ASaveIsInForceForTheNextOffer) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("one");
    write(test.folder / "a.lua", declining("two"));
    co_await test.until_generation(2);
    co_await test.expect("two");
    EXPECT_TRUE(base::write_file_atomically(test.folder / "a.lua", declining("three")));
    co_await test.until_generation(3);
    co_await test.expect("three");
    write(test.folder / "0.lua", declining("four"));
    co_await test.until_generation(4);
    co_await test.expect("four");
    fs::remove(test.folder / "0.lua");
    co_await test.until_generation(5);
    co_await test.expect("three");
    EXPECT_EQ(test.host->status().error, "");
    EXPECT_EQ(test.host->status().restarts, 0U);
  });
}

TEST_F(PolicyHostTest, ABrokenSaveKeepsTheLastGoodPolicyAndSaysWhy) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    write(test.folder / "a.lua", "local worker = require 'worker'\nworker.windo 'x' {}");
    co_await test.until_error("a.lua:2: unknown name 'windo', did you mean 'window'?");
    co_await test.expect("one");
    EXPECT_EQ(test.host->status().generation, 1U);
    EXPECT_FALSE(test.host->status().safe_mode);
    write(test.folder / "a.lua", declining("one"));
    std::function<bool(const PolicyStatus&)> mended = [](const PolicyStatus& status) { return status.error.empty(); };
    co_await test.until(mended);
    EXPECT_EQ(test.host->status().generation, 1U);
  });
}

TEST_F(PolicyHostTest, AnEndlessLoadIsRefused) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    write(test.folder / "a.lua", "while true do end");
    co_await test.until_error("a.lua:1: used up its instructions");
    co_await test.expect("one");
  });
}

TEST_F(PolicyHostTest, AWriterThatStallsIsWaitedFor) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto path = test.folder / "a.lua";
    const auto text = declining("two");
    {
      std::ofstream slow(path, std::ios::trunc);
      // Valid Lua as far as it goes, and longer than the quiet time in between.
      slow << text.substr(0, text.find('\n') + 1) << std::flush;
      const auto stalled = test.clock->now() + 5 * test.options.quiet;
      co_await test.clock->sleep_until(stalled);
      co_await test.expect("one");
      slow << text.substr(text.find('\n') + 1);
    }
    co_await test.until_generation(2);
    co_await test.expect("two");
    EXPECT_EQ(test.history.size(), 2U);
  });
}

TEST_F(PolicyHostTest, AFileThatWasEmptiedIsUnfinished) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto path = test.folder / "a.lua";
    write(path, "");
    const auto stalled = test.clock->now() + 5 * test.options.quiet;
    co_await test.clock->sleep_until(stalled);
    co_await test.expect("one");
    write(path, declining("two"));
    co_await test.until_generation(2);
    co_await test.expect("two");
    EXPECT_EQ(test.history.size(), 2U);
  });
}

TEST_F(PolicyHostTest, AFileThatStaysEmptyOrIsNoTextIsRefused) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    write(test.folder / "a.lua", " \n");
    co_await test.until_error("a.lua:1: the file is empty");
    co_await test.expect("one");
    write(test.folder / "a.lua", "-- two\n-- \xe4\n");
    co_await test.until_error("a.lua:2: this is not UTF-8");
    co_await test.expect("one");
  });
}

TEST_F(PolicyHostTest, AFileThatIsTakenAwayIsUnfinished) {
  write(folder / "a.lua", declining("one"));
  write(folder / "b.lua", with_worker("worker.window 'x' { from = '22:00', to = '07:00' }"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    // As an editor does that keeps the old file as a backup.
    fs::rename(test.folder / "a.lua", test.folder / "a.lua~");
    const auto stalled = test.clock->now() + 5 * test.options.quiet;
    co_await test.clock->sleep_until(stalled);
    co_await test.expect("one");
    write(test.folder / "a.lua", declining("two"));
    co_await test.until_generation(2);
    co_await test.expect("two");
    EXPECT_EQ(test.history.size(), 2U);
  });
}

TEST_F(PolicyHostTest, AnEditThatNoEventTellsOfIsFound) {
  const auto path = folder / "a.lua";
  write(path, declining("one"));
  options.look = 50ms;
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("one");
    // inotify(7): changes made through a mapping are not told of.
    const auto text = declining("two");
    const int file = ::open((test.folder / "a.lua").c_str(), O_RDWR | O_CLOEXEC);
    void* mapping = ::mmap(nullptr, text.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    EXPECT_NE(mapping, MAP_FAILED);
    std::memcpy(mapping, text.data(), text.size());
    co_await test.until_generation(2);
    co_await test.expect("two");
    ::munmap(mapping, text.size());
    ::close(file);
  });
}

TEST(ReloadTest, LooksOftenWhereNoEventIsSure) {
  EXPECT_EQ(host::look_interval("/dev/shm"), host::kLookLocal);
  EXPECT_EQ(host::look_interval("/proc/self"), host::kLook);
  EXPECT_EQ(host::look_interval("/nowhere"), host::kLook);
}

/// What a wait for a change throws when it is cancelled; null when it ends without.
std::exception_ptr thrown_by_a_cancelled_wait(const fs::path& path) {
  asio::io_context io;
  const auto clock = base::make_system_clock();
  auto watch = host::FolderWatch::open(io.get_executor(), path);
  asio::cancellation_signal cancellation;
  std::exception_ptr thrown = std::make_exception_ptr(std::runtime_error("the wait did not end"));
  auto done = [&thrown](std::exception_ptr ended, const base::Status&) { thrown = std::move(ended); };
  asio::co_spawn(io, watch->changed(*clock), asio::bind_cancellation_slot(cancellation.slot(), done));
  asio::post(io, [&cancellation] { cancellation.emit(asio::cancellation_type::terminal); });
  io.run();
  return thrown;
}

TEST(ReloadTest, AWaitThatIsCancelledThrowsNothing) {
  EXPECT_EQ(thrown_by_a_cancelled_wait("/dev/shm"), nullptr);
  EXPECT_EQ(thrown_by_a_cancelled_wait("/nowhere/policy"), nullptr);
}

TEST_F(PolicyHostTest, AFolderThatIsReplacedIsFollowed) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    fs::remove_all(test.folder);
    co_await test.until_error("No such file");
    co_await test.expect("one");
    fs::create_directory(test.folder);
    write(test.folder / "a.lua", declining("two"));
    co_await test.until_generation(2);
    co_await test.expect("two");
    fs::rename(test.folder, test.root.path() / "old");
    fs::create_directory(test.folder);
    write(test.folder / "a.lua", declining("three"));
    co_await test.until_generation(3);
    co_await test.expect("three");
  });
}

TEST_F(PolicyHostTest, ALinkThatIsTurnedIsFollowed) {
  for (const char* name : {"one", "two"}) {
    fs::create_directory(root.path() / name);
    write(root.path() / name / "a.lua", declining(name));
  }
  options.path = root.path() / "current";
  fs::create_directory_symlink("one", options.path);
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("one");
    fs::create_directory_symlink("two", test.root.path() / "next");
    fs::rename(test.root.path() / "next", test.options.path);
    co_await test.until_generation(2);
    co_await test.expect("two");
  });
}

TEST_F(PolicyHostTest, ASingleFileIsAPolicyToo) {
  options.path = folder / "mine.lua";
  write(options.path, declining("one"));
  write(folder / "other.lua", "this is broken");
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("one");
    EXPECT_TRUE(base::write_file_atomically(test.options.path, declining("two")));
    co_await test.until_generation(2);
    co_await test.expect("two");
  });
}

TEST_F(PolicyHostTest, ABrokenStartIsSafeModeUntilAGoodSave) {
  write(folder / "a.lua", "local x =");
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    EXPECT_TRUE(test.host->status().safe_mode);
    const auto offer = make_offer();
    const auto decision = co_await test.host->decide(offer, kNow);
    EXPECT_EQ(decision.reason, "no policy could be loaded");
    EXPECT_EQ(decision.code, job::RejectCode::kPaused);
    EXPECT_EQ(decision.rule, "a.lua:1");
    write(test.folder / "a.lua", declining("one"));
    co_await test.until_generation(1);
    EXPECT_FALSE(test.host->status().safe_mode);
    co_await test.expect("one");
  });
}

TEST_F(PolicyHostTest, AMissingFolderIsSafeModeUntilItComes) {
  fs::remove_all(folder);
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("no policy could be loaded");
    fs::create_directory(test.folder);
    write(test.folder / "a.lua", declining("one"));
    co_await test.until_generation(1);
    co_await test.expect("one");
  });
}

TEST_F(PolicyHostTest, AFileThatAnyoneMayWriteIsRefusedWithTheCommandThatMendsIt) {
  write(folder / "a.lua", declining("one"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto path = test.folder / "a.lua";
    ::chmod(path.c_str(), 0666);
    co_await test.until_error("chmod o-w '" + path.string() + "'");
    co_await test.expect("one");
    ::chmod(path.c_str(), 0644);
    std::function<bool(const PolicyStatus&)> mended = [](const PolicyStatus& status) { return status.error.empty(); };
    co_await test.until(mended);
  });
}

TEST_F(PolicyHostTest, ReloadsUnderLoadMixNothing) {
  write(folder / "a.lua", declining("v1"));
  run([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto offer = make_offer();
    for (std::uint64_t version = 2; version <= 25; ++version) {
      const auto text = declining("v" + std::to_string(version));
      if (version % 2 == 0)
        write(test.folder / "a.lua", text);
      else
        EXPECT_TRUE(base::write_file_atomically(test.folder / "a.lua", text));
      const auto deadline = test.clock->now() + kLongWait;
      while (test.host->status().generation < version && test.clock->now() < deadline) {
        const auto decision = co_await test.host->decide(offer, kNow);
        EXPECT_EQ(decision.reason, "v" + std::to_string(decision.generation));
        auto turn = asio::post(test.io, asio::use_awaitable);
        co_await std::move(turn);
      }
      EXPECT_EQ(test.host->status().generation, version);
    }
    EXPECT_EQ(test.host->status().restarts, 0U);
    EXPECT_EQ(test.host->status().error, "");
  });
}

}  // namespace
}  // namespace policy::test
