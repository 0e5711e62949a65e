#include <future>
#include <string>
#include <sys/stat.h>

#include <boost/asio/post.hpp>

#include "digest/sha256.h"
#include "net/http_client.h"
#include "unit/net/rogue_http.h"

using namespace std::chrono_literals;

namespace {

class HttpDownload : public rogue::HttpTest {
 protected:
  net::DownloadRequest download(const std::string& url) {
    net::DownloadRequest request;
    request.url = url;
    request.destination = destination_;
    request.max_bytes = 1'000'000;
    return request;
  }
  base::Error refused(const std::string& url) {
    const auto response = await(client_->download(download(url)));
    EXPECT_FALSE(std::filesystem::exists(destination_)) << url;
    return response ? base::Error{base::Code::kInternal, "status " + std::to_string(response->status)}
                    : response.error();
  }

  std::filesystem::path destination_ = folder_.path() / "picture";
};

/// Answers every request on every connection with `text`.
rogue::RogueServer::Script always(std::string text) {
  return [text = std::move(text)](rogue::Peer& peer, int) {
    while (!rogue::read_head(peer).line.empty()) peer.write(text);
  };
}

}  // namespace

TEST_F(HttpDownload, StoresTheFilePrivatelyAndHashesIt) {
  std::promise<rogue::HttpHead> heard;
  const std::string picture(900'000, 'p');
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    heard.set_value(rogue::read_head(peer));
    peer.write(rogue::answer("200 OK", picture, "Content-Type: image/png\r\n"));
    peer.drain();
  });
  file("picture", "what was there before, and readable by all");
  auto request = download("http://localhost:" + std::to_string(server.port()) + "/p.png");
  request.user_agent = "studio-worker/1.0";
  const auto response = await(client_->download(std::move(request)));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->content_type, "image/png");
  EXPECT_EQ(response->bytes, picture.size());
  EXPECT_EQ(response->sha256, digest::sha256_hex(picture));
  EXPECT_EQ(response->body, "");
  EXPECT_EQ(*base::read_file(destination_), picture);
  struct stat status {};
  ASSERT_EQ(::stat(destination_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  EXPECT_EQ(heard.get_future().get().headers.at("user-agent"), "studio-worker/1.0");
}

TEST_F(HttpDownload, StoresAnEmptyFile) {
  rogue::RogueServer server(always(rogue::answer("200 OK")));
  const auto response = await(client_->download(download(server.url("http"))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->bytes, 0U);
  EXPECT_EQ(*base::read_file(destination_), "");
}

TEST_F(HttpDownload, GivesARefusalAsAStatusAndStoresNothing) {
  rogue::RogueServer server(always(rogue::answer("404 Not Found", "no such picture")));
  const auto response = await(client_->download(download(server.url("http"))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 404);
  EXPECT_FALSE(std::filesystem::exists(destination_));
}

TEST_F(HttpDownload, RefusesUrlsThatAreNotForIt) {
  for (const char* url : {"http://studio.example/p.png", "http://10.0.0.1/p.png", "file:///etc/passwd",
                          "ftp://127.0.0.1/x", "data:image/png;base64,AAAA", "http://localhost.example/x"}) {
    const auto error = refused(url);
    EXPECT_EQ(error.code, base::Code::kRejected) << url;
    EXPECT_EQ(error.message,
              std::string("input image URL must use https (loopback http is allowed for tests/mirrors): ") + url);
  }
  EXPECT_EQ(refused("picture.png").message, "invalid input image URL \"picture.png\"");
}

TEST_F(HttpDownload, RefusesAddressesInsideTheNetwork) {
  for (const char* url : {"https://10.0.0.1/", "https://169.254.169.254/", "https://192.168.1.1/", "https://0.0.0.0/",
                          "https://100.64.0.1/", "https://[fe80::1]/", "https://[::ffff:127.0.0.1]/",
                          "https://[fd00::1]/", "https://224.0.0.1/", "https://167772161/"}) {
    const auto error = refused(url);
    EXPECT_EQ(error.code, base::Code::kRejected) << url;
    EXPECT_NE(error.message.find("address is not a public one"), std::string::npos) << error.message;
  }
}

TEST_F(HttpDownload, FollowsRedirectsOnTheSameTerms) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    const auto line = rogue::read_head(peer).line;
    peer.write(line.starts_with("GET /start ") ? rogue::answer("302 Found", "moved", "Location: /end\r\n")
                                               : rogue::answer("200 OK", "picture"));
    rogue::read_head(peer);
    peer.write(rogue::answer("200 OK", "picture"));
    peer.drain();
  });
  const auto response = await(client_->download(download(server.url("http", "/start"))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(*base::read_file(destination_), "picture");
}

TEST_F(HttpDownload, RefusesRedirectsToOtherPlaces) {
  const auto after_redirect = [&](const std::string& location) {
    rogue::RogueServer server(always(rogue::answer("302 Found", "", "Location: " + location + "\r\n")));
    return refused(server.url("http"));
  };
  EXPECT_EQ(after_redirect("http://studio.example/").message.find("input image URL must use https"), 0U);
  EXPECT_EQ(after_redirect("file:///etc/passwd").code, base::Code::kRejected);
  EXPECT_NE(after_redirect("https://192.168.0.1/").message.find("address is not a public one"), std::string::npos);
  EXPECT_NE(after_redirect("/again").message.find("more than 5 redirects"), std::string::npos);
}

TEST_F(HttpDownload, RefusesABodyAboveTheLimit) {
  rogue::RogueServer announced(always(rogue::answer("200 OK", std::string(1'000'001, 'x'))));
  const auto large = refused(announced.url("http"));
  EXPECT_EQ(large.code, base::Code::kRejected);
  EXPECT_NE(large.message.find("larger than 1000000 bytes"), std::string::npos) << large.message;

  rogue::RogueServer endless([](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i) peer.write("10000\r\n" + std::string(65536, 'x') + "\r\n");
    peer.drain();
  });
  EXPECT_NE(refused(endless.url("http")).message.find("larger than 1000000 bytes"), std::string::npos);
}

TEST_F(HttpDownload, RemovesWhatItGotWhenTheServerStops) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it");
  });
  EXPECT_EQ(refused(server.url("http")).code, base::Code::kUnavailable);
}

TEST_F(HttpDownload, KeepsTheTotalLimit) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it");
    peer.drain();
  });
  auto request = download(server.url("http"));
  request.limit = 150ms;
  const auto response = await(client_->download(std::move(request)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kTimeout);
  EXPECT_FALSE(std::filesystem::exists(destination_));
}

TEST_F(HttpDownload, SaysWhenTheFileCannotBeWritten) {
  rogue::RogueServer server(always(rogue::answer("200 OK", "picture")));
  auto request = download(server.url("http"));
  request.destination = folder_.path() / "no" / "such" / "folder" / "picture";
  const auto response = await(client_->download(std::move(request)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kNotFound);
}

TEST_F(HttpDownload, NeedsALimit) {
  auto request = download("http://127.0.0.1:9/");
  request.max_bytes = 0;
  EXPECT_EQ(await(client_->download(std::move(request))).error().code, base::Code::kInvalid);
}
