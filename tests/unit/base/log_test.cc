#include "base/log.h"

#include <gmock/gmock.h>

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
  EXPECT_THAT(line, HasSubstr(R"("level":"error","category":"engine","message":"say \"hi\"\\\\x0a")"));
  EXPECT_THAT(line, HasSubstr("\"bytes\":\"\xEF\xBF\xBD\\\\x01\"}"));
  EXPECT_THAT(line, Not(HasSubstr("\x01")));
}

}  // namespace
}  // namespace base::log
