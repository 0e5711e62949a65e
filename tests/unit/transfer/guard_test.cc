#include "transfer/guard.h"

#include <gtest/gtest.h>

using transfer::Reach;

namespace {

struct Address {
  const char* text;
  Reach reach;
};

std::ostream& operator<<(std::ostream& out, const Address& address) {
  return out << address.text;
}

class GuardedAddress : public testing::TestWithParam<Address> {};

}  // namespace

TEST_P(GuardedAddress, HasAReach) {
  EXPECT_EQ(transfer::reach_of(std::string(GetParam().text)), GetParam().reach);
}

INSTANTIATE_TEST_SUITE_P(
    Public, GuardedAddress,
    testing::Values(Address{"1.1.1.1", Reach::kPublic}, Address{"9.255.255.255", Reach::kPublic},
                    Address{"11.0.0.0", Reach::kPublic}, Address{"100.63.255.255", Reach::kPublic},
                    Address{"100.128.0.0", Reach::kPublic}, Address{"172.15.255.255", Reach::kPublic},
                    Address{"172.32.0.0", Reach::kPublic}, Address{"192.167.255.255", Reach::kPublic},
                    Address{"192.169.0.0", Reach::kPublic}, Address{"198.17.255.255", Reach::kPublic},
                    Address{"198.20.0.0", Reach::kPublic}, Address{"223.255.255.255", Reach::kPublic},
                    Address{"2606:4700::1111", Reach::kPublic}, Address{"2001:4860::1", Reach::kPublic},
                    Address{"64:ff9b::1.1.1.1", Reach::kPublic}, Address{"2002:101:101::", Reach::kPublic}));

INSTANTIATE_TEST_SUITE_P(Loopback, GuardedAddress,
                         testing::Values(Address{"127.0.0.1", Reach::kLoopback},
                                         Address{"127.255.255.254", Reach::kLoopback},
                                         Address{"::1", Reach::kLoopback}));

INSTANTIATE_TEST_SUITE_P(
    Inner, GuardedAddress,
    testing::Values(Address{"0.0.0.0", Reach::kInner}, Address{"0.1.2.3", Reach::kInner},
                    Address{"10.0.0.0", Reach::kInner}, Address{"10.255.255.255", Reach::kInner},
                    Address{"100.64.0.0", Reach::kInner}, Address{"100.127.255.255", Reach::kInner},
                    Address{"169.254.169.254", Reach::kInner}, Address{"172.16.0.0", Reach::kInner},
                    Address{"172.31.255.255", Reach::kInner}, Address{"192.168.255.255", Reach::kInner},
                    Address{"192.0.0.8", Reach::kInner}, Address{"198.19.255.255", Reach::kInner},
                    Address{"203.0.113.9", Reach::kInner}, Address{"224.0.0.1", Reach::kInner},
                    Address{"240.0.0.1", Reach::kInner}, Address{"255.255.255.255", Reach::kInner},
                    Address{"::", Reach::kInner}, Address{"::2", Reach::kInner}, Address{"fe80::1", Reach::kInner},
                    Address{"febf::1", Reach::kInner}, Address{"fc00::1", Reach::kInner},
                    Address{"fdff::1", Reach::kInner}, Address{"fec0::1", Reach::kInner},
                    Address{"ff02::1", Reach::kInner}, Address{"::ffff:1.1.1.1", Reach::kInner},
                    Address{"::ffff:127.0.0.1", Reach::kInner}, Address{"64:ff9b::10.0.0.1", Reach::kInner},
                    Address{"64:ff9b::127.0.0.1", Reach::kInner}, Address{"64:ff9b:1::1", Reach::kInner},
                    Address{"2002:a00:1::", Reach::kInner}, Address{"2002:7f00:1::", Reach::kInner},
                    Address{"2001:0::1", Reach::kInner}, Address{"2001:db8::1", Reach::kInner},
                    Address{"3fff::1", Reach::kInner}, Address{"100::1", Reach::kInner},
                    Address{"no address", Reach::kInner}));

TEST(GuardedUrl, IsHttpsOrLoopback) {
  for (const char* url : {"https://cdn.example/a.png", "HTTPS://cdn.example", "https://10.0.0.1/"}) {
    const auto checked = transfer::check_url(url);
    ASSERT_TRUE(checked) << url;
    EXPECT_FALSE(checked->loopback) << url;
  }
  for (const char* url : {"http://localhost/", "http://LOCALHOST:80/", "http://127.0.0.1:8080/x", "http://127.9.9.9/",
                          "http://[::1]:9/", "https://localhost/", "http://127.1/", "http://0x7f000001/"}) {
    const auto checked = transfer::check_url(url);
    ASSERT_TRUE(checked) << url;
    EXPECT_TRUE(checked->loopback) << url;
  }
  for (const char* url : {"http://example.com/", "http://localhost.example/", "http://127.0.0.1.example/",
                          "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "ftp://localhost/", "file:///etc/passwd",
                          "gopher://localhost/", "data:image/png;base64,AA", "http://user@example.com/"}) {
    const auto checked = transfer::check_url(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, base::Code::kRejected) << url;
  }
}

TEST(GuardedUrl, ReachesOnlyWhatItNames) {
  const auto outside = transfer::check_url("https://cdn.example/");
  EXPECT_TRUE(outside->may_reach(Reach::kPublic));
  EXPECT_FALSE(outside->may_reach(Reach::kLoopback));
  EXPECT_FALSE(outside->may_reach(Reach::kInner));
  const auto inside = transfer::check_url("http://localhost/");
  EXPECT_TRUE(inside->may_reach(Reach::kLoopback));
  EXPECT_FALSE(inside->may_reach(Reach::kPublic));
  EXPECT_FALSE(inside->may_reach(Reach::kInner));
}

TEST(GuardedUrl, MayNotRedirectFromOutsideToThisMachine) {
  const auto outside = transfer::check_url("https://cdn.example/");
  const auto inside = transfer::check_url("http://localhost/");
  EXPECT_TRUE(transfer::check_redirect(*outside, "https://other.example/"));
  EXPECT_FALSE(transfer::check_redirect(*outside, "http://localhost:8080/admin"));
  EXPECT_FALSE(transfer::check_redirect(*outside, "https://127.0.0.1/admin"));
  EXPECT_TRUE(transfer::check_redirect(*inside, "http://127.0.0.1/x"));
  EXPECT_FALSE(transfer::check_redirect(*inside, "http://other.example/"));
}

TEST(ShownUrl, HidesCredentials) {
  EXPECT_EQ(transfer::shown_url("https://user:pw@host/x?y=a@b"), "https://host/x?y=a@b");
  EXPECT_EQ(transfer::shown_url("https://host/x@y"), "https://host/x@y");
  EXPECT_EQ(transfer::shown_url("no url"), "no url");
}
