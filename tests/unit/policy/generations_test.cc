#include "host_fixture.h"
#include "policy/generations/store.h"

namespace policy::test {
namespace {

using generations::Store;

SourceFiles one_file(std::string text) {
  return {{"a.lua", std::move(text)}};
}

class Generations : public ::testing::Test {
 public:
  void keep(std::uint64_t number, const std::string& text) {
    const auto files = one_file(text);
    const generations::Kept kept{
        {number, generations::fingerprint(files), "2026-03-25T01:12:07.000Z", "saved", {"a.lua"}}, files};
    ASSERT_TRUE(store.keep(kept, {number, number, "saved", "", "/policies"}));
  }
  std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> found;
    for (const auto& one : store.list(warnings)) found.push_back(one.number);
    return found;
  }

  base::TempDir root = *base::TempDir::create("generations");
  Store store{root.path() / "kept"};
  std::vector<std::string> warnings;
};

TEST_F(Generations, AreReadAsTheyWereKept) {
  keep(1, "one");
  keep(2, "two");
  EXPECT_THAT(numbers(), ElementsAre(2, 1));
  const auto kept = store.read(1);
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->files, one_file("one"));
  EXPECT_EQ(kept->about.at, "2026-03-25T01:12:07.000Z");
  EXPECT_EQ(store.in_force()->number, 2U);
  EXPECT_EQ(store.in_force()->source, "/policies");
  EXPECT_EQ(store.read(3).error().code, base::Code::kNotFound);
}

TEST_F(Generations, OfTheOldestOnlyTheOneInForceStays) {
  for (std::uint64_t number = 1; number <= 12; ++number) keep(number, std::to_string(number));
  EXPECT_THAT(numbers(), ElementsAre(12, 11, 10, 9, 8, 7, 6, 5, 4, 3));
  ASSERT_TRUE(store.mark({3, 12, "rollback", "hash", "/policies"}));
  const auto files = one_file("13");
  ASSERT_TRUE(store.keep({{13, generations::fingerprint(files), "", "saved", {"a.lua"}}, files},
                         {3, 13, "rollback", "hash", "/policies"}));
  EXPECT_THAT(numbers(), ElementsAre(13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3));
}

TEST_F(Generations, WhatIsDamagedIsLeftOutAndSaid) {
  keep(1, "one");
  keep(2, "two");
  keep(3, "three");
  write(root.path() / "kept/2/a.lua", "not two");
  write(root.path() / "kept/3/manifest.json", "{\"generation\":3,");
  fs::create_directory(root.path() / "kept/4");
  fs::create_directory(root.path() / "kept/.new");
  EXPECT_THAT(numbers(), ElementsAre(2, 1));
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_THAT(warnings[0], StartsWith("generation 4 is left out: "));
  EXPECT_THAT(warnings[1], HasSubstr("manifest.json is damaged"));
  EXPECT_EQ(store.read(2).error().code, base::Code::kCorrupt);
  write(root.path() / "kept/in-force.json", "");
  EXPECT_FALSE(store.in_force());
  keep(5, "five");
  EXPECT_EQ(store.in_force()->number, 5U);
}

TEST_F(Generations, EachContentHasItsFingerprint) {
  const SourceFiles files = {{"a.lua", "x"}, {"b.lua", "y"}};
  EXPECT_EQ(generations::fingerprint(files), generations::fingerprint(files));
  EXPECT_EQ(generations::fingerprint(files).size(), 32U);
  EXPECT_NE(generations::fingerprint(files), generations::fingerprint({{"a.lua", "xb.lua"}, {"", "y"}}));
  EXPECT_NE(generations::fingerprint(files), generations::fingerprint({{"a.lua", "x"}, {"c.lua", "y"}}));
}

class KeptPolicy : public PolicyHostTest {
 public:
  KeptPolicy() { options.data = root.path() / "data"; }
  /// One life of a worker.
  void live(asio::awaitable<void> (*body)(PolicyHostTest&)) {
    done = false;
    history.clear();
    io.restart();
    run(body);
  }
  /// Writes two policies, one after the other, in one life.
  void save_two() {
    write(folder / "a.lua", declining("one"));
    live([](PolicyHostTest& test) -> asio::awaitable<void> {
      write(test.folder / "a.lua", declining("two"));
      co_await test.until_generation(2);
    });
  }
};

TEST_F(KeptPolicy, NumbersGoOnOverARestart) {
  save_two();
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    EXPECT_EQ(test.host->status().generation, 2U);
    EXPECT_EQ(test.host->status().since, "saved");
    EXPECT_EQ(test.history.size(), 1U) << "one load is enough for a folder that did not change";
    co_await test.expect("two");
    write(test.folder / "a.lua", declining("three"));
    co_await test.until_generation(3);
  });
  write(folder / "a.lua", declining("four"));
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    EXPECT_EQ(test.host->status().generation, 4U);
    EXPECT_EQ(test.host->status().since, "found at start");
    co_await test.expect("four");
  });
}

TEST_F(KeptPolicy, ABrokenFolderAtAStartLeavesTheLastOneInForce) {
  save_two();
  write(folder / "a.lua", "local x =");
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("two");
    const auto status = test.host->status();
    EXPECT_FALSE(status.safe_mode);
    EXPECT_THAT(summary_of(status), HasSubstr("policy g2 ("));
    EXPECT_THAT(summary_of(status), HasSubstr(") active, g3 rejected: a.lua:1: "));
    write(test.folder / "a.lua", declining("three"));
    co_await test.until_generation(3);
    EXPECT_EQ(test.host->status().error, "");
  });
}

TEST_F(KeptPolicy, ADamagedOneGivesWayToTheOneBefore) {
  save_two();
  write(options.data / "generations/2/a.lua", declining("damaged"));
  write(folder / "a.lua", "local x =");
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    EXPECT_EQ(test.host->status().generation, 1U);
    co_await test.expect("one");
    write(test.folder / "a.lua", declining("three"));
    co_await test.until_generation(3);
  });
}

TEST_F(KeptPolicy, AnotherFolderHasNothingToFallBackTo) {
  save_two();
  options.path = root.path() / "other";
  fs::create_directory(options.path);
  write(options.path / "a.lua", "local x =");
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    EXPECT_TRUE(test.host->status().safe_mode);
    co_await test.expect("no policy could be loaded");
    write(test.options.path / "a.lua", declining("mine"));
    co_await test.until_generation(3);
  });
}

TEST_F(KeptPolicy, WhatStandsInForADamagedOneIsMarked) {
  save_two();
  write(options.data / "generations/2/a.lua", declining("damaged"));
  write(folder / "a.lua", "local x =");
  live([](PolicyHostTest& test) -> asio::awaitable<void> { return test.expect("one"); });
  EXPECT_EQ(Store(options.data / "generations").in_force()->number, 1U);
}

TEST_F(KeptPolicy, OneOfAnotherFolderIsNotGoneBackTo) {
  save_two();
  options.path = root.path() / "other";
  fs::create_directory(options.path);
  write(options.path / "a.lua", declining("other"));
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto named = co_await test.host->rollback(1);
    EXPECT_EQ(named.error().code, base::Code::kConflict);
    EXPECT_THAT(named.error().message, HasSubstr("generation 1 is of another policy: it came from " +
                                                 test.folder.string() + ", and the policy here is " +
                                                 test.options.path.string() + "; to have it back, run the worker"));
    const auto before = co_await test.host->rollback(std::nullopt);
    EXPECT_EQ(before.error().code, base::Code::kNotFound);
    co_await test.expect("other");
  });
  // The one of this folder is damaged, and what the other folder has left is no stand-in.
  write(options.data / "generations/3/a.lua", declining("damaged"));
  write(options.path / "a.lua", "local x =");
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    EXPECT_TRUE(test.host->status().safe_mode);
    co_await test.expect("no policy could be loaded");
  });
}

TEST_F(KeptPolicy, ARollbackHoldsUntilTheFolderChanges) {
  save_two();
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    const auto missing = co_await test.host->rollback(7);
    EXPECT_EQ(missing.error().code, base::Code::kNotFound);
    const auto same = co_await test.host->rollback(2);
    EXPECT_EQ(same.error().code, base::Code::kConflict);
    const auto back = co_await test.host->rollback(std::nullopt);
    EXPECT_EQ(back.value_or(""), "generation 1 is in force until the policy folder changes");
    co_await test.expect("one");
    EXPECT_THAT(summary_of(test.host->status()), HasSubstr(") active by rollback"));
    const auto none = co_await test.host->rollback(std::nullopt);
    EXPECT_EQ(none.error().message, "no generation of " + test.folder.string() + " older than 1 is kept");
  });
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    co_await test.expect("one");
    EXPECT_EQ(test.host->status().since, "rollback");
    write(test.folder / "a.lua", "local x =");
    co_await test.until_error("a.lua:1");
    co_await test.expect("one");
    write(test.folder / "a.lua", declining("three"));
    co_await test.until_generation(3);
    co_await test.expect("three");
    EXPECT_EQ(test.host->status().since, "saved");
  });
  live([](PolicyHostTest& test) -> asio::awaitable<void> { return test.expect("three"); });
}

TEST_F(KeptPolicy, ADiskThatCannotBeWrittenStopsNothing) {
  write(root.path() / "data", "a file where the folder should be");
  write(folder / "a.lua", declining("one"));
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    std::function<bool(const PolicyStatus&)> said = [](const PolicyStatus& status) {
      return !status.disk_error.empty();
    };
    co_await test.until(said);
    co_await test.expect("one");
    write(test.folder / "a.lua", declining("two"));
    co_await test.until_generation(2);
    co_await test.expect("two");
    fs::remove(test.root.path() / "data");
    write(test.folder / "a.lua", declining("three"));
    std::function<bool(const PolicyStatus&)> well = [](const PolicyStatus& status) {
      return status.generation == 3 && status.disk_error.empty();
    };
    co_await test.until(well);
  });
  EXPECT_EQ(Store(options.data / "generations").in_force()->number, 3U);
}

TEST_F(KeptPolicy, AnEndWhileARollbackLoadsLeavesNothingBehind) {
  write(folder / "a.lua", declining("one"));
  live([](PolicyHostTest& test) -> asio::awaitable<void> {
    write(test.folder / "a.lua", "-- slow to load\n" + declining("two"));
    co_await test.until_generation(2);
    struct Ask {
      static asio::awaitable<void> back(PolicyHostTest& asked) { static_cast<void>(co_await asked.host->rollback(1)); }
    };
    base::TaskGroup asking(test.io.get_executor());
    asking.spawn("asking", Ask::back(test));
    co_await test.host->stop();
    co_await asking.wait();
  });
}

}  // namespace
}  // namespace policy::test
