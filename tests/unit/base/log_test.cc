#include "base/log.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log/output.h"
#include "base/log/router.h"
#include "base/unique_fd.h"

namespace base::log {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Printable, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(printable("Grüße, 世界 🎨 \"q\" \\"), "Grüße, 世界 🎨 \"q\" \\");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, DisarmsControlCharacters) {
  EXPECT_EQ(printable("a\nb\x1B[31mc\x7F"), "a\\x0ab\\x1b[31mc\\x7f");
  EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xC2\x9B"), "\\x9b") << "the eight-bit control sequence introducer";
}

TEST(Printable, ReplacesWhatIsNoUtf8) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(printable("a\xFF"), "a" + replacement);
  EXPECT_EQ(printable("\xC0\xAF"), replacement + replacement) << "overlong";
  EXPECT_EQ(printable("\xE2\x82"), replacement + replacement) << "cut";
  EXPECT_EQ(printable("\xED\xA0\x80"), replacement + replacement + replacement) << "surrogate";
  EXPECT_EQ(printable("\xF4\x90\x80\x80").size(), 12U) << "beyond Unicode";
}

TEST(Printable, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef…");
  EXPECT_EQ(printable("ääää", 3), "ää…");
}

class LogTest : public testing::Test {
 protected:
  ~LogTest() override {
    set_level(Level::kInfo);
    set_json(false);
  }
  template <class Write>
  static std::string captured(Write write) {
    testing::internal::CaptureStderr();
    write();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, OneEventIsOneLine) {
  const std::string line = captured([] {
    info("engine", "started\nfake line", {{"job", JobId("j-1")}, {"pid", 42}, {"why", "a \"b\" c"}, {"ok", true}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr("[engine] started\\x0afake line job=j-1 pid=42 why=\"a \\\"b\\\" c\" ok=true"));
  EXPECT_THAT(line, HasSubstr(" info "));
}

TEST_F(LogTest, EveryTextIsEscapedOnce) {
  const std::string line = captured([] { info("policy", "ü \\ \n", {{"error", "ü \"a\\b\"\n\x1B"}}); });
  EXPECT_THAT(line, HasSubstr(R"([policy] ü \ \x0a error="ü \"a\\b\"\x0a\x1b")"));
  set_json(true);
  const std::string json = captured([] { info("policy", "ü \\ \n", {{"error", "ü \"a\\b\"\n\xC2\x9B"}}); });
  EXPECT_THAT(json, HasSubstr(R"("message":"ü \\ \u000a","error":"ü \"a\\b\"\u000a\u009b")"));
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  EXPECT_EQ(captured([] { debug("a", "hidden"); }), "");
  set_level(Level::kDebug);
  EXPECT_THAT(captured([] { debug("a", "shown"); }), HasSubstr("shown"));
  set_level(Level::kError);
  EXPECT_EQ(captured([] { warn("a", "hidden"); }), "");
  set_json(true);
  EXPECT_EQ(captured([] { warn("a", "hidden"); }), "");
}

TEST_F(LogTest, JsonLinesAreJsonWhateverTheText) {
  set_json(true);
  const std::string line = captured([] { error("engine", "say \"hi\"\\\n", {{"bytes", "\xFF\x01"}}); });
  EXPECT_EQ(line.back(), '\n');
  EXPECT_THAT(line, HasSubstr(R"("level":"error","category":"engine","message":"say \"hi\"\\\u000a")"));
  EXPECT_THAT(line, HasSubstr("\"bytes\":\"\xEF\xBF\xBD\\u0001\"}"));
  EXPECT_THAT(line, Not(HasSubstr("\x01")));
}

class Keeper final : public Router {
 public:
  void take(Record record) override { records.push_back(std::move(record)); }
  std::vector<Record> records;
};

TEST_F(LogTest, ARouterGetsWhatItAskedForInPlaceOfTheConsole) {
  const auto keeper = std::make_shared<Keeper>();
  set_router(keeper, Level::kDebug);
  const std::string console = captured([] {
    debug("engine", "detail", {{"pid", 7}});
    write(Level::kWarn, "engine", "line", {{"job", "j-1"}}, {{"game", "tide-runner"}});
    EXPECT_TRUE(note(Level::kInfo, "ws", "noted", {{"job", "j-2"}}, {}));
  });
  set_router(nullptr);
  EXPECT_EQ(console, "");
  ASSERT_EQ(keeper->records.size(), 3U);
  EXPECT_EQ(*keeper->records[0].find("pid"), "7");
  EXPECT_EQ(*keeper->records[1].find("game"), "tide-runner");
  EXPECT_EQ(keeper->records[1].find("kind"), nullptr);
  EXPECT_FALSE(keeper->records[1].for_studio);
  EXPECT_TRUE(keeper->records[2].for_studio);
  EXPECT_THAT(captured([] { debug("engine", "hidden"); }), "") << "the console's own level holds again";
}

TEST_F(LogTest, WithoutARouterTheConsoleShowsNoContext) {
  const std::string console = captured([] {
    write(Level::kWarn, "engine", "line", {{"job", "j-1"}}, {{"game", "tide-runner"}});
    EXPECT_FALSE(note(Level::kInfo, "ws", "noted", {{"job", "j-2"}}, {{"game", "tide-runner"}}));
  });
  EXPECT_THAT(console, HasSubstr("[engine] line job=j-1\n"));
  EXPECT_THAT(console, HasSubstr("[ws] noted job=j-2\n"));
}

TEST_F(LogTest, ARecordLooksLikeTheLineItWouldHaveBeen) {
  const Record record{std::chrono::sys_days(std::chrono::year(2026) / 3 / 25),
                      Level::kWarn,
                      "ws",
                      "say \"hi\"",
                      {{"job", "7"}},
                      {{"game", "tide-runner"}}};
  EXPECT_EQ(to_line(record, Format::kText),
            "2026-03-25T00:00:00.000Z warning [ws] say \"hi\" job=7 game=tide-runner\n");
  EXPECT_EQ(to_line(record, Format::kJson),
            R"({"ts":"2026-03-25T00:00:00.000Z","level":"warn","category":"ws","message":"say \"hi\"","job":"7",)"
            "\"game\":\"tide-runner\"}\n");
  EXPECT_EQ(captured([&record] { print(record); }), "2026-03-25T00:00:00.000Z warning [ws] say \"hi\" job=7\n");
}

/// A pipe whose reader takes nothing until it is asked to.
class LogOutputTest : public testing::Test {
 protected:
  LogOutputTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_.reset(ends[0]);
    write_.reset(ends[1]);
  }
  std::string taken() const {
    std::string text(1 << 20, 0);
    const ssize_t got = ::read(read_.get(), text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }
  UniqueFd read_;
  UniqueFd write_;
};

TEST_F(LogOutputTest, P9_ALineThatWouldHaveToWaitIsDroppedAndCounted) {
  LogOutput output(write_.get());
  const std::string line = std::string(10'000, 'x') + "\n";
  for (int i = 0; i < 20; ++i) output.put(line);
  std::string text = taken();
  output.put("after\n");
  text += taken();

  const auto whole = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const std::size_t written = whole - 2;
  EXPECT_GT(written, 5U);
  EXPECT_LT(written, 20U);
  std::string expected;
  for (std::size_t i = 0; i < written; ++i) expected += line;
  EXPECT_EQ(text, expected + std::to_string(20 - written) + " log lines were dropped: nobody read them\nafter\n");
}

TEST_F(LogOutputTest, P9_ADescriptorThatIsClosedOrFullIsNoConcern) {
  LogOutput closed(-1);
  closed.put("lost\n");
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  LogOutput output(full.get());
  for (int i = 0; i < 3; ++i) output.put("lost\n");
}

}  // namespace
}  // namespace base::log
