#include "protocol/json_view.h"

#include <gmock/gmock.h>
#include <string>
#include <vector>

namespace {

using testing::ElementsAre;

std::vector<std::string> members(std::string_view text) {
  std::vector<std::string> found;
  for (protocol::JsonWalk walk(text); walk.next();) {
    found.push_back(std::string(walk.key()) + "=" + std::string(walk.value()));
  }
  return found;
}

TEST(JsonWalk, GivesMembersAsTheyAreWritten) {
  EXPECT_THAT(members(R"( { "a" : 1 , "b":"x}\"]" ,"c":{"d":[1,"]"]}, "e" : [ ] })"),
              ElementsAre("\"a\"=1", "\"b\"=\"x}\\\"]\"", R"("c"={"d":[1,"]"]})", "\"e\"=[ ]"));
}

TEST(JsonWalk, GivesTheElementsOfAnArray) {
  EXPECT_THAT(members(R"([1, "a\\", null,{"b":2}, [3] ])"),
              ElementsAre("=1", "=\"a\\\\\"", "=null", "={\"b\":2}", "=[3]"));
  EXPECT_THAT(members("[]"), ElementsAre());
  EXPECT_THAT(members("{ }"), ElementsAre());
}

TEST(JsonWalk, EndsEarlyOnTextThatIsNoJson) {
  for (const std::string text : {"", " ", "x", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}", "{1:2}", "[,,]"}) {
    EXPECT_THAT(members(text), ElementsAre()) << text;
  }
}

TEST(JsonWalk, LetsACutOffValueReachToTheEnd) {
  EXPECT_THAT(members(R"({"a":1,"b":{"c":"d)"), ElementsAre("\"a\"=1", R"("b"={"c":"d)"));
  EXPECT_THAT(members("[\"abc\\"), ElementsAre("=\"abc\\"));
}

TEST(JsonWalk, EndsForEveryPrefixOfAText) {
  const std::string text = R"({"a":[1,{"b":"\u00e4\\"}],"c":true,"d":-1.5e3,"e":"\""})";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string prefix = text.substr(0, size);
    EXPECT_LE(members(prefix).size(), 4U) << prefix;
  }
}

TEST(DecodeString, ResolvesEveryEscape) {
  EXPECT_EQ(protocol::decode_string(R"("\"\\\/\b\f\n\r\t\u0041\u00e4\u20ac\ud83d\ude00")"),
            "\"\\/\b\f\n\r\tA\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(DecodeString, MakesBrokenEscapesVisible) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(protocol::decode_string(R"("a\x")"), "a" + mark);
  EXPECT_EQ(protocol::decode_string(R"("\ud800x")"), mark + "x");
  EXPECT_EQ(protocol::decode_string(R"("\udc00")"), mark);
  EXPECT_EQ(protocol::decode_string(R"("\ud800\u0041")"), mark + "A");
  EXPECT_EQ(protocol::decode_string(R"("\u12)"), mark);
  EXPECT_EQ(protocol::decode_string("\"\\"), mark);
  EXPECT_EQ(protocol::decode_string(""), "");
}

TEST(DecodedSize, IsTheSizeOfTheDecodedString) {
  for (const std::string text : {R"("")", R"("plain")", R"("\"\n\u0041\u00e4\u20ac\ud83d\ude00")", R"("\ud800x")"}) {
    EXPECT_EQ(protocol::decoded_size(text), protocol::decode_string(text).size()) << text;
  }
}

TEST(FindMember, LooksAtOneLevelOnly) {
  EXPECT_EQ(protocol::find_member(R"({"a":{"b":1},"b":2})", "b"), "2");
  EXPECT_EQ(protocol::find_member(R"({"a":{"b":1}})", "b"), "");
  EXPECT_EQ(protocol::find_member(R"(["b"])", "b"), "");
}

TEST(CheckJson, NamesTheByteWhereReadingStopped) {
  const auto status = protocol::check_json(R"({"a":x})");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, testing::HasSubstr("byte 5"));
  EXPECT_TRUE(protocol::check_json(" [1, 2] \n"));
  EXPECT_TRUE(protocol::check_json("\"just a text\""));
}

}  // namespace
