#include "net/upgrade.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

TEST(WebSocketUrl, IsTakenApart) {
  const auto plain = net::parse_websocket_url("ws://studio.example/graphics/api/workers/w-1/connect?a=b#c");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->host, "studio.example");
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->target, "/graphics/api/workers/w-1/connect?a=b");
  EXPECT_EQ(plain->host_header(), "studio.example");

  const auto secure = net::parse_websocket_url("wss://[::1]:8443");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->host, "::1");
  EXPECT_EQ(secure->port, 8443);
  EXPECT_EQ(secure->target, "/");
  EXPECT_EQ(secure->host_header(), "[::1]:8443");

  const auto query = net::parse_websocket_url("wss://studio.example:443?x=1");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->target, "/?x=1");
  EXPECT_EQ(query->host_header(), "studio.example");
}

class BadWebSocketUrl : public testing::TestWithParam<const char*> {};

TEST_P(BadWebSocketUrl, IsRefusedInWords) {
  const auto place = net::parse_websocket_url(GetParam());
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, base::Code::kInvalid);
  EXPECT_NE(place.error().message.find("is no WebSocket URL"), std::string::npos) << place.error().message;
}

INSTANTIATE_TEST_SUITE_P(Each, BadWebSocketUrl,
                         testing::Values("", "http://studio.example/", "ws://", "ws:///x", "ws://host:0/",
                                         "ws://host:65536/", "ws://host:/", "ws://host:80x/", "ws://[::1/",
                                         "ws://[]:1/", "ws://[::1]x/", "ws://user:pw@host/", "ws://host/a b",
                                         "ws://host/\r\nX: y", "ws://h\xC3\xB6st/"));

TEST(WebSocketUrl, DoesNotShowCredentials) {
  const auto place = net::parse_websocket_url("ws://user:geheim@host/");
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().message.find("geheim"), std::string::npos);
}

TEST(RetryAfter, TakesSecondsAndDatesWithinAnHour) {
  constexpr auto kDate = "Wed, 04 Mar 2026 10:11:12 GMT";
  EXPECT_EQ(net::parse_retry_after(" 7 ", ""), 7s);
  EXPECT_EQ(net::parse_retry_after("0", ""), 0s);
  EXPECT_EQ(net::parse_retry_after("86400", ""), 1h);
  EXPECT_EQ(net::parse_retry_after("99999999999999999999999", ""), 1h);
  EXPECT_EQ(net::parse_retry_after("Wed, 04 Mar 2026 10:12:12 GMT", kDate), 60s);
  EXPECT_EQ(net::parse_retry_after("Wed, 04 Mar 2020 10:12:12 GMT", kDate), 0s);
  EXPECT_EQ(net::parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kDate), 1h);
}

TEST(RetryAfter, IsNothingWhenItCannotBeRead) {
  EXPECT_EQ(net::parse_retry_after("", ""), std::nullopt);
  EXPECT_EQ(net::parse_retry_after("-1", ""), std::nullopt);
  EXPECT_EQ(net::parse_retry_after("soon", "Wed, 04 Mar 2026 10:11:12 GMT"), std::nullopt);
  EXPECT_EQ(net::parse_retry_after("Wed, 04 Mar 2026 10:12:12 GMT", "no date"), std::nullopt);
}

TEST(RefusedUpgrade, HasTheContractsText) {
  EXPECT_EQ(net::refused_upgrade({404, "Not Found", " worker not found\n"}).error.message,
            "HTTP 404 Not Found on websocket upgrade: worker not found");
  EXPECT_EQ(net::refused_upgrade({503, "Service Unavailable", ""}).error.message,
            "HTTP 503 Service Unavailable on websocket upgrade");
  EXPECT_EQ(net::refused_upgrade({401, "Unauthorized", "go away"}).error.message, "401 on websocket upgrade");
  const auto long_body = net::refused_upgrade({500, "Internal Server Error", std::string(400, 'x')});
  EXPECT_EQ(long_body.error.message,
            "HTTP 500 Internal Server Error on websocket upgrade: " + std::string(300, 'x') + "…");
}

TEST(RefusedUpgrade, SaysWhatTheCallerCanDo) {
  EXPECT_EQ(net::refused_upgrade({401}).error.code, base::Code::kUnauthorized);
  EXPECT_EQ(net::refused_upgrade({404}).error.code, base::Code::kNotFound);
  EXPECT_FALSE(net::refused_upgrade({404, "Not Found", "worker not found"}).is_page);
  const auto page = net::refused_upgrade(
      {.status = 404, .reason = "Not Found", .body = "<p>nothing here", .content_type = "text/html"});
  EXPECT_TRUE(page.is_page);
  EXPECT_EQ(page.error.message,
            "HTTP 404 Not Found on websocket upgrade: a web page, so this is no studio; is api_base_url right?");
  EXPECT_EQ(net::refused_upgrade({429}).error.code, base::Code::kUnavailable);
  EXPECT_EQ(net::refused_upgrade({503}).error.code, base::Code::kUnavailable);
  EXPECT_EQ(net::refused_upgrade({301}).error.code, base::Code::kRejected);
  const auto busy = net::refused_upgrade({503, "", "", "9"});
  EXPECT_EQ(busy.http_status, 503U);
  EXPECT_EQ(busy.retry_after, 9s);
}

TEST(LimitText, IsWholeSecondsWherePossible) {
  EXPECT_EQ(net::limit_text(15s), "15s");
  EXPECT_EQ(net::limit_text(250ms), "250ms");
}
