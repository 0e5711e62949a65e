#include "studio/urls.h"

#include <gmock/gmock.h>

namespace {

using testing::HasSubstr;

struct Address {
  const char* base;
  const char* request;
};

class KnownBases : public testing::TestWithParam<Address> {};

TEST_P(KnownBases, GiveTheContractsRegisterUrl) {
  const auto urls = studio::Urls::parse(GetParam().base);
  ASSERT_TRUE(urls) << urls.error().message;
  EXPECT_EQ(urls->register_request(), GetParam().request);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, KnownBases,
    testing::Values(Address{"https://studio.example", "https://studio.example/graphics/api/workers/register-request"},
                    Address{"https://studio.example/", "https://studio.example/graphics/api/workers/register-request"},
                    Address{"https://studio.example/graphics/api/",
                            "https://studio.example/graphics/api/workers/register-request"},
                    Address{"https://studio.example/custom/graphics/api",
                            "https://studio.example/custom/graphics/api/workers/register-request"},
                    Address{"https://studio.example:8443/a//?q=1#f",
                            "https://studio.example:8443/a/graphics/api/workers/register-request"},
                    Address{"wss://studio.example", "https://studio.example/graphics/api/workers/register-request"},
                    Address{"http://127.0.0.1:4000", "http://127.0.0.1:4000/graphics/api/workers/register-request"}));

TEST(Urls, TheSessionUsesTheSecuritySchemeOfTheBase) {
  EXPECT_EQ(studio::Urls::parse("https://s.example/x/graphics/api")->connect(base::WorkerId("w-1")),
            "wss://s.example/x/graphics/api/workers/w-1/connect");
  EXPECT_EQ(studio::Urls::parse("http://s.example")->connect(base::WorkerId("w-1")),
            "ws://s.example/graphics/api/workers/w-1/connect");
}

TEST(Urls, AnIdIsOnePathSegmentWhateverItHolds) {
  const auto urls = studio::Urls::parse("https://s.example");
  EXPECT_EQ(urls->complete(base::WorkerId("w/1"), base::JobId("job 1?")),
            "https://s.example/graphics/api/workers/w%2F1/jobs/job%201%3F/complete");
}

TEST(Urls, RefusesWhatIsNoStudioAddressAndSaysWhy) {
  EXPECT_THAT(studio::Urls::parse("studio.example").error().message, HasSubstr("https://"));
  EXPECT_THAT(studio::Urls::parse("ftp://studio.example").error().message, HasSubstr("https://"));
  EXPECT_THAT(studio::Urls::parse("https://").error().message, HasSubstr("no host"));
  EXPECT_THAT(studio::Urls::parse("https://:80/x").error().message, HasSubstr("no host"));
  EXPECT_THAT(studio::Urls::parse("https://me:secret@s.example").error().message, HasSubstr("user name"));
  EXPECT_THAT(studio::Urls::parse("http://s.example:99999").error().message, HasSubstr("1 to 65535"));
  EXPECT_THAT(studio::Urls::parse("http://s.example:0").error().message, HasSubstr("1 to 65535"));
  EXPECT_THAT(studio::Urls::parse("https://[::1").error().message, HasSubstr("cannot be read"));
  EXPECT_TRUE(studio::Urls::parse("https://[::1]:8443/studio"));
  EXPECT_FALSE(studio::Urls::parse("https://s .example"));
  EXPECT_FALSE(studio::Urls::parse("https://s.example/\r\nX: y"));
}

}  // namespace
