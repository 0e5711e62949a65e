#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <string>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/hash/xxh128.h"
#include "net/http_client.h"
#include "unit/net/rogue_http.h"

using namespace std::chrono_literals;

namespace {

class HttpUpload : public rogue::HttpTest {
 protected:
  net::UploadRequest upload(const std::string& url, const std::filesystem::path& result,
                            const std::string& xxh128 = "") {
    net::UploadRequest request;
    request.url = url;
    request.bearer = base::Secret("token-1");
    request.parts.push_back({"prompt", "a brass lantern", {}, "", "", ""});
    request.parts.push_back({"ext", "png", {}, "", "", ""});
    request.parts.push_back({"image", "", result, "job-51.png", "image/png", xxh128});
    return request;
  }
  static std::string bytes(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 2654435761U >> 13);
    return text;
  }
};

/// Reads a whole upload; gives the value of its last part.
std::string read_image(rogue::Peer& peer) {
  const auto head = rogue::read_head(peer);
  if (head.line.empty()) return {};
  const auto fields = rogue::parse_form(head, peer.read_exactly(head.content_length));
  return fields.empty() ? std::string() : fields.back().value;
}

}  // namespace

TEST_F(HttpUpload, SendsTheContractsForm) {
  std::promise<std::pair<rogue::HttpHead, std::string>> heard;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    auto head = rogue::read_head(peer);
    auto body = peer.read_exactly(head.content_length);
    heard.set_value({std::move(head), std::move(body)});
    peer.write(rogue::answer("200 OK", R"({"ok":true})"));
    peer.drain();
  });
  const std::string image = bytes(1'500'000);
  const auto response =
      await(client_->upload(upload(server.url("http", "/complete"), file("r.png", image), base::xxh128_hex(image))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);

  const auto [head, body] = heard.get_future().get();
  EXPECT_EQ(head.line, "POST /complete HTTP/1.1");
  EXPECT_EQ(head.headers.at("authorization"), "Bearer token-1");
  EXPECT_EQ(head.headers.at("accept"), "*/*");
  EXPECT_TRUE(head.headers.at("content-type").starts_with("multipart/form-data; boundary="));
  EXPECT_EQ(head.headers.count("transfer-encoding"), 0U);
  EXPECT_EQ(head.headers.count("expect"), 0U);
  const auto fields = rogue::parse_form(head, body);
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[0].headers, "Content-Disposition: form-data; name=\"prompt\"");
  EXPECT_EQ(fields[0].value, "a brass lantern");
  EXPECT_EQ(fields[1].headers, "Content-Disposition: form-data; name=\"ext\"");
  EXPECT_EQ(fields[1].value, "png");
  EXPECT_EQ(fields[2].headers,
            "Content-Disposition: form-data; name=\"image\"; filename=\"job-51.png\"\r\nContent-Type: image/png");
  EXPECT_EQ(fields[2].value, image);
}

TEST_F(HttpUpload, SendsAFileWithoutANameAsATextField) {
  std::promise<std::vector<rogue::FormField>> heard;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    const auto head = rogue::read_head(peer);
    heard.set_value(rogue::parse_form(head, peer.read_exactly(head.content_length)));
    peer.write(rogue::answer("200 OK"));
    peer.drain();
  });
  net::UploadRequest request;
  request.url = server.url("http");
  request.parts.push_back({"prompt", "", file("prompt.txt", "long prompt"), "", "", ""});
  request.parts.push_back({"empty", "", file("empty", ""), "", "", ""});
  const auto response = await(client_->upload(std::move(request)));
  ASSERT_TRUE(response) << response.error().message;
  const auto fields = heard.get_future().get();
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields[0].headers, "Content-Disposition: form-data; name=\"prompt\"");
  EXPECT_EQ(fields[0].value, "long prompt");
  EXPECT_EQ(fields[1].headers, "Content-Disposition: form-data; name=\"empty\"");
  EXPECT_EQ(fields[1].value, "");
}

TEST_F(HttpUpload, UsesTheConnectionAgain) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    while (!read_image(peer).empty()) peer.write(rogue::answer("200 OK"));
  });
  const auto result = file("r.png", bytes(4096));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(await(client_->upload(upload(server.url("http"), result))));
  EXPECT_EQ(server.accepted(), 1);
}

TEST_F(HttpUpload, SendsAgainOnANewConnectionWhenTheKeptOneIsDead) {
  std::promise<std::string> heard;
  rogue::RogueServer server([&](rogue::Peer& peer, int index) {
    const std::string image = read_image(peer);
    if (index == 1) heard.set_value(image);
    peer.write(rogue::answer("200 OK"));
    if (index > 0) peer.drain();
    // The second request arrives here, its body half read, and meets a hang-up.
    rogue::read_head(peer);
    peer.read_exactly(100'000);
    peer.reset();
  });
  const std::string image = bytes(6'000'000);
  ASSERT_TRUE(await(client_->upload(upload(server.url("http"), file("a.png", bytes(10))))));
  const auto response =
      await(client_->upload(upload(server.url("http"), file("b.png", image), base::xxh128_hex(image))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(heard.get_future().get(), image);
}

TEST_F(HttpUpload, GivesARefusalThatComesBeforeTheEnd) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    peer.write(rogue::answer("503 Service Unavailable", "busy", "Retry-After: 3\r\nConnection: close\r\n"));
    peer.drain();
  });
  const auto response = await(client_->upload(upload(server.url("http"), file("r.png", bytes(30'000'000)))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->retry_after, 3s);
}

TEST_F(HttpUpload, U4_ReportsACutInTheBody) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    peer.read_exactly(200'000);
    peer.reset();
  });
  const auto response = await(client_->upload(upload(server.url("http"), file("r.png", bytes(30'000'000)))));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kUnavailable);
}

TEST_F(HttpUpload, U5_GivesUpWhenNoBytesMove) {
  std::promise<void> done;
  auto finished = done.get_future().share();
  rogue::RogueServer server([finished](rogue::Peer& peer, int) {
    rogue::read_head(peer);
    finished.wait();
  });
  auto request = upload(server.url("http"), file("r.png", bytes(64'000'000)));
  request.stall_limit = 200ms;
  const auto response = await(client_->upload(std::move(request)));
  done.set_value();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kTimeout);
  EXPECT_NE(response.error().message.find("the upload stalled: "), std::string::npos) << response.error().message;
}

TEST_F(HttpUpload, U5_WaitsForALateAnswer) {
  std::promise<void> go;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    read_image(peer);
    go.get_future().wait();
    peer.write(rogue::answer("200 OK", "late"));
    peer.drain();
  });
  auto request = upload(server.url("http"), file("r.png", bytes(100'000)));
  request.stall_limit = 40ms;
  // Ten stall limits later.
  boost::asio::steady_timer later(io_, 400ms);
  later.async_wait([&](boost::system::error_code) { go.set_value(); });
  const auto response = await(client_->upload(std::move(request)));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "late");
}

TEST_F(HttpUpload, U8_SaysWhichFileIsMissing) {
  const auto response = await(client_->upload(upload("http://127.0.0.1:9/", folder_.path() / "gone.png")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kNotFound);
  EXPECT_NE(response.error().message.find("gone.png"), std::string::npos);
  EXPECT_EQ(await(client_->upload(upload("http://127.0.0.1:9/", folder_.path()))).error().code, base::Code::kInvalid);
}

class HttpUploadOfAFile : public HttpUpload, public testing::WithParamInterface<const char*> {};

TEST_P(HttpUploadOfAFile, U8_FailsWhenItChangesMeanwhile) {
  const auto path = file("r.png", bytes(40'000'000));
  std::promise<std::size_t> received;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    const auto head = rogue::read_head(peer);
    peer.read_exactly(100'000);
    const std::string change = GetParam();
    if (change == "shrinks") std::filesystem::resize_file(path, 20'000'000);
    if (change == "grows") std::ofstream(path, std::ios::app) << "more";
    if (change == "is rewritten") std::fstream(path, std::ios::in | std::ios::out).seekp(39'000'000).write("new", 3);
    received.set_value(peer.read_exactly(head.content_length).size() + 100'000 - head.content_length);
  });
  const auto response = await(client_->upload(upload(server.url("http"), path)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kCorrupt);
  EXPECT_NE(response.error().message.find("r.png changed while it was uploaded"), std::string::npos)
      << response.error().message;
  EXPECT_NE(received.get_future().get(), 0U) << "the server got a complete request";
}

TEST_F(HttpUpload, U8_AFileOfAnotherContentThanItWasMadeWithIsNotSentToItsEnd) {
  std::string image = bytes(3'000'000);
  const std::string made = base::xxh128_hex(image);
  image[2'999'000] ^= 1;
  std::promise<std::size_t> missing;
  rogue::RogueServer server([&](rogue::Peer& peer, int) {
    const auto head = rogue::read_head(peer);
    missing.set_value(head.content_length - peer.read_exactly(head.content_length).size());
  });
  const auto response = await(client_->upload(upload(server.url("http"), file("r.png", image), made)));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kCorrupt);
  EXPECT_THAT(response.error().message, testing::HasSubstr("r.png changed since it was made"));
  EXPECT_NE(missing.get_future().get(), 0U) << "the server got a complete request";
}

INSTANTIATE_TEST_SUITE_P(Each, HttpUploadOfAFile, testing::Values("shrinks", "grows", "is rewritten"));

TEST_F(HttpUpload, SurvivesADeathOfTheProgramInTheMiddle) {
  std::promise<std::string> heard;
  rogue::RogueServer server([&](rogue::Peer& peer, int index) {
    if (index == 0) {
      rogue::read_head(peer);
      peer.read_exactly(1'000'000);
      boost::asio::post(io_, [] { signal_transfer(SIGKILL); });
      peer.drain();
      return;
    }
    heard.set_value(read_image(peer));
    peer.write(rogue::answer("200 OK"));
    peer.drain();
  });
  const std::string image = bytes(20'000'000);
  const auto response =
      await(client_->upload(upload(server.url("http"), file("r.png", image), base::xxh128_hex(image))));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(heard.get_future().get(), image);
}

TEST_F(HttpUpload, RunsManyAtOnce) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    for (std::string image = read_image(peer); !image.empty(); image = read_image(peer)) {
      peer.write(rogue::answer("200 OK", image));
    }
  });
  struct One {
    static boost::asio::awaitable<void> run(net::HttpClient& client, net::UploadRequest request, int& good,
                                            std::string expected) {
      const auto response = co_await client.upload(std::move(request));
      if (response && response->body == expected) ++good;
    }
  };
  int good = 0;
  const std::size_t before = tasks_.size();
  for (int i = 0; i < 50; ++i) {
    const std::string text = "result " + std::to_string(i);
    tasks_.spawn("upload",
                 One::run(*client_, upload(server.url("http"), file("r" + std::to_string(i), text)), good, text));
  }
  turn_until([&] { return tasks_.size() == before; });
  EXPECT_EQ(good, 50);
}
