#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace policy::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Sandbox, RefusesBytecode) {
  const auto runtime = PolicyRuntime::load({{"p.lua", "\x1bLJ\x02\x08\x00"}});
  ASSERT_FALSE(runtime);
  EXPECT_THAT(runtime.error().message, HasSubstr("attempt to load"));
}

TEST(Sandbox, RefusesDeepNestingAndManyLocals) {
  EXPECT_THAT(load_error("local x = " + std::string(100'000, '(')), StartsWith("p.lua:2: "));
  std::string locals;
  for (int i = 0; i < 300; ++i) locals += "local a" + std::to_string(i) + "\n";
  EXPECT_THAT(load_error(locals), HasSubstr("more than 200 local variables"));
}

TEST(Sandbox, KeepsTheSameOrderOfKeysInEveryState) {
  const std::string body =
      "local t = { zebra = 1, ant = 2, [3] = 3, cow = 4, [1] = 5, [true] = 6, bee = 7 }\n"
      "local s = '' for k in pairs(t) do s = s .. tostring(k) .. ' ' end\n"
      "local n, k = '', nil repeat k = next(t, k) if k ~= nil then n = n .. tostring(k) .. ' ' end until k == nil\n"
      "assert(s == n) worker.note(s) worker.note(tostring(t))";
  for (int round = 0; round < 3; ++round) {
    const auto verdict = load_hook(body)->decide(make_offer(), at(utc(2026, 3, 24)), true);
    ASSERT_EQ(verdict.decision.trace.size(), 3U) << verdict.error;
    EXPECT_EQ(verdict.decision.trace[0].text, "note: 1 3 ant bee cow zebra true ");
    EXPECT_EQ(verdict.decision.trace[1].text, "note: table");
  }
}

TEST(Sandbox, TheSameOfferGetsTheSameRandomNumbers) {
  auto runtime = load_hook("worker.note(math.random(1, 1000000)) worker.note(math.random())");
  const auto first = runtime->decide(make_offer(), at(utc(2026, 3, 24)), true).decision.trace;
  const auto again = runtime->decide(make_offer(), at(utc(2026, 3, 25)), true).decision.trace;
  auto other = make_offer();
  other.id = base::JobId("another");
  const auto different = runtime->decide(other, at(utc(2026, 3, 24)), true).decision.trace;
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(first[0].text, again[0].text);
  EXPECT_EQ(first[1].text, again[1].text);
  EXPECT_NE(first[0].text, different[0].text);
}

TEST(Sandbox, TheInstructionLimitStopsAtTheSameCountEveryTime) {
  const auto count = [] {
    auto runtime = load_hook("while true do end");
    return runtime->decide(make_offer(), at(utc(2026, 3, 24))).instructions;
  };
  const auto first = count();
  EXPECT_GE(first, 1'000'000U);
  EXPECT_EQ(count(), first);
  EXPECT_EQ(count(), first);
}

TEST(Sandbox, TheTimeLimitStopsAHookThatCountsSlowly) {
  RuntimeOptions options;
  options.instructions = 1'000'000'000'000;
  auto runtime = load_hook("while true do end", options);
  const auto start = std::chrono::steady_clock::now();
  const auto verdict = runtime->decide(make_offer(), at(utc(2026, 3, 24)));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
  EXPECT_EQ(verdict.error, "p.lua:3: ran longer than its time limit");
}

TEST(Sandbox, NothingOfAnOfferIsLeftForTheNext) {
  auto runtime = load(
      "local kept\nworker.on('offer', function(offer)\n"
      "if kept then assert(kept.game == offer.game) end kept = offer end)");
  EXPECT_EQ(runtime->decide(make_offer("a"), at(utc(2026, 3, 24))).error, "");
  EXPECT_EQ(runtime->decide(make_offer("b"), at(utc(2026, 3, 24))).error, "");
}

struct Expression {
  const char* code;
  const char* value;
};

class Libraries : public ::testing::TestWithParam<Expression> {};

TEST_P(Libraries, BehaveAsInLua) {
  const auto verdict = load_hook(
                           "local function list(...) local t = {} for i = 1, select('#', ...) do t[i] = "
                           "tostring((select(i, ...))) end return table.concat(t, ' ') end\n"
                           "worker.note(list(" +
                           std::string(GetParam().code) + ") .. '.')")
                           ->decide(make_offer(), at(utc(2026, 3, 24)), true);
  ASSERT_EQ(verdict.error, "");
  EXPECT_EQ(verdict.decision.trace.at(0).text, "note: " + std::string(GetParam().value) + ".");
}

INSTANTIATE_TEST_SUITE_P(
    Sandbox, Libraries,
    ::testing::Values(
        Expression{"('hello world'):find('o w')", "5 7"}, Expression{"('hello'):find('l', 1, true)", "3 3"},
        Expression{"('a.b'):find('.', 2, true)", "2 2"}, Expression{"('hello'):find('(l)(l)')", "3 4 l l"},
        Expression{"('hello'):find('')", "1 0"}, Expression{"('hello'):find('x')", "nil"},
        Expression{"('hello'):find('o', -1)", "5 5"}, Expression{"('hello'):find('', 10)", "nil"},
        Expression{"('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key value"},
        Expression{"('  x  '):match('^%s*(.-)%s*$')", "x"}, Expression{"('abc'):match('()b()')", "2 3"},
        Expression{"('flux-dev-q8'):match('q(%d+)')", "8"},
        Expression{"('THE (quick) fox'):find('%((%a+)%)')", "5 11 quick"},
        Expression{"('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
        Expression{"('THE (quick) fox'):match('%f[%a]%a+', 5)", "quick"}, Expression{"('x=[[a]]'):match('[]]')", "]"},
        Expression{"('a-b'):match('[a-]+')", "a-"}, Expression{"('abc'):match('[^a-b]')", "c"},
        Expression{"('aXbX'):match('(.)X')", "a"}, Expression{"('\"x\"'):match([[([\"'])(.-)%1]])", "\" x"},
        Expression{"('aaa'):match('a-b?')", ""}, Expression{"('aab'):match('a+b')", "aab"},
        Expression{"('a$'):match('a$$')", "a$"}, Expression{"('hello'):gsub('l', 'L')", "heLLo 2"},
        Expression{"('hello'):gsub('l', 'L', 1)", "heLlo 1"},
        Expression{"('hello world'):gsub('(%w+)', '<%1>')", "<hello> <world> 2"},
        Expression{"('hello'):gsub('', '-')", "-h-e-l-l-o- 6"}, Expression{"('abc'):gsub('%w', '%0%0')", "aabbcc 3"},
        Expression{"('abc'):gsub('^a', 'x')", "xbc 1"}, Expression{"('$x $y'):gsub('%$(%w)', { x = '1' })", "1 $y 2"},
        Expression{"('abc'):gsub('b', function(c) return c:upper() end)", "aBc 1"},
        Expression{"('a%b'):gsub('%%', '%%%%')", "a%%b 1"},
        Expression{"(function() local s = '' for a, b in ('k=v, x=y'):gmatch('(%w+)=(%w+)') do s = s .. a .. b end "
                   "return s end)()",
                   "kvxy"},
        Expression{"('ab'):rep(3)", "ababab"}, Expression{"('ab'):rep(0)", ""}, Expression{"('ab'):rep(-1)", ""},
        Expression{"(function() local t = { 3, 1, 2 } table.sort(t) return table.concat(t, ',') end)()", "1,2,3"},
        Expression{"(function() local t = { 'b', 'c', 'a', 'e', 'd' } table.sort(t, function(a, b) return a > b end) "
                   "return table.concat(t) end)()",
                   "edcba"},
        Expression{
            "(function() local t = { 1, 2, 3, 4, 5, 6, 7 } table.sort(t, function() return true end) return #t end)()",
            "7"},
        Expression{"(function() local t = { 1, 3 } table.insert(t, 2, 2) table.insert(t, 4) return table.concat(t, "
                   "',') end)()",
                   "1,2,3,4"},
        Expression{
            "(function() local t = { 1, 2, 3 } local a = table.remove(t, 1) return a, table.remove(t), #t end)()",
            "1 3 1"},
        Expression{"table.remove({})", "nil"}, Expression{"select('#', unpack({ 1, 2, 3 }))", "3"},
        Expression{"pcall(error, 'x')", "false x"},
        Expression{"math.floor(2.7), math.max(1, 5), bit.band(6, 3)", "2 5 2"},
        Expression{"nil, 1.5, true", "nil 1.5 true"}));

TEST(Patterns, MistakesAreErrors) {
  for (const char* pattern : {"%", "(a", "a)", "[a", "%1", "%b", "%f", "(a)%2"}) {
    auto runtime = load_hook("local x = ('aaa'):find('" + std::string(pattern) + "')");
    EXPECT_THAT(runtime->decide(make_offer(), at(utc(2026, 3, 24))).error, StartsWith("p.lua:3: ")) << pattern;
  }
}

}  // namespace
}  // namespace policy::test
