#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

#include "base/files.h"
#include "net/websocket_link.h"
#include "unit/net/rogue_http.h"
#include "unit/net/rogue_websocket.h"

using namespace std::chrono_literals;

namespace {

/// A certificate authority of the test's own, and certificates that it signed.
class Tls : public rogue::HttpTest {
 protected:
  static void SetUpTestSuite() {
    auto made = base::TempDir::create("studio-tls");
    ASSERT_TRUE(made);
    certificates_ = new base::TempDir(std::move(*made));
    ASSERT_EQ(openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem "
                      "-days 2 -subj /CN=test-ca"),
              0);
    certificate("good", "IP:127.0.0.1,DNS:localhost", "-days 2");
    certificate("other", "DNS:studio.example", "-days 2");
    certificate("old", "IP:127.0.0.1", "-days -1");
  }
  static void TearDownTestSuite() { delete std::exchange(certificates_, nullptr); }

  static int openssl(const std::string& arguments) {
    return std::system(
        ("cd '" + certificates_->path().string() + "' && openssl " + arguments + " 2>/dev/null").c_str());
  }
  static void certificate(const std::string& name, const std::string& names, const std::string& life) {
    ASSERT_EQ(openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " + name + ".key -out " +
                      name + ".csr -subj /CN=" + name),
              0);
    ASSERT_TRUE(base::write_file_atomically(path(name + ".ext"), "subjectAltName=" + names + "\n"));
    ASSERT_EQ(openssl("x509 -req -in " + name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -out " + name +
                      ".pem -extfile " + name + ".ext " + life),
              0);
  }
  static std::string path(const std::string& name) { return (certificates_->path() / name).string(); }

  /// "connected", or why not.
  std::string connect(const std::string& certificate_name, const std::string& ca_file, const std::string& host) {
    rogue::RogueServer server(
        [](rogue::Peer& peer, int) {
          rogue::upgrade(peer);
          peer.write(rogue::frame(rogue::kText, "over TLS"));
          peer.drain();
        },
        path(certificate_name + ".pem"), path(certificate_name + ".key"));
    net::ConnectTarget target;
    target.url = "wss://" + host + ":" + std::to_string(server.port()) + "/x";
    target.subprotocol = "studio-worker-v1";
    target.ca_file = ca_file;
    auto outcome = await(connector_->connect(std::move(target), 10s));
    if (const auto* failure = std::get_if<net::ConnectFailure>(&outcome)) return failure->error.message;
    auto& link = std::get<std::unique_ptr<net::WebSocketLink>>(outcome);
    const auto event = await(link->read());
    const auto* text = std::get_if<net::TextMessage>(&event);
    return text != nullptr && text->text == "over TLS" ? "connected" : "no message";
  }

  static inline base::TempDir* certificates_ = nullptr;
  std::unique_ptr<net::WebSocketConnector> connector_ = net::make_websocket_connector(io_.get_executor());
};

}  // namespace

TEST_F(Tls, ConnectsWithACertificateOfTheNamedAuthority) {
  EXPECT_EQ(connect("good", path("ca.pem"), "127.0.0.1"), "connected");
  EXPECT_EQ(connect("good", path("ca.pem"), "localhost"), "connected");
}

TEST_F(Tls, RefusesAnUnknownAuthority) {
  const std::string text = connect("good", "", "127.0.0.1");
  EXPECT_NE(text.find("is not trusted: unable to get local issuer certificate"), std::string::npos) << text;
}

TEST_F(Tls, RefusesASelfSignedCertificate) {
  const std::string text = connect("ca", "", "127.0.0.1");
  EXPECT_NE(text.find("is not trusted: self-signed certificate"), std::string::npos) << text;
}

TEST_F(Tls, RefusesACertificateOfAnotherHost) {
  const std::string address = connect("other", path("ca.pem"), "127.0.0.1");
  EXPECT_NE(address.find("is not trusted: IP address mismatch"), std::string::npos) << address;
  const std::string name = connect("other", path("ca.pem"), "localhost");
  EXPECT_NE(name.find("is not trusted: hostname mismatch"), std::string::npos) << name;
}

TEST_F(Tls, RefusesAnExpiredCertificateAndShowsBothTimes) {
  const std::string text = connect("old", path("ca.pem"), "127.0.0.1");
  EXPECT_NE(text.find("is not trusted: certificate has expired (valid until 20"), std::string::npos) << text;
  EXPECT_NE(text.find("clock says 20"), std::string::npos) << text;
}

TEST_F(Tls, NamesACaFileItCannotRead) {
  EXPECT_EQ(connect("good", "/nonexistent/ca.pem", "127.0.0.1"),
            "cannot read certificates from ca_file /nonexistent/ca.pem");
}

TEST_F(Tls, SaysThatAPlainServerSpeaksNoTls) {
  rogue::RogueServer server([](rogue::Peer& peer, int) {
    peer.read_exactly(1);
    peer.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  net::ConnectTarget target;
  target.url = server.url("wss");
  const auto outcome = await(connector_->connect(std::move(target), 10s));
  const auto* failure = std::get_if<net::ConnectFailure>(&outcome);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->error.message.find("TLS handshake with 127.0.0.1:"), 0U) << failure->error.message;
}

TEST_F(Tls, HttpTrustsTheNamedAuthorityAlone) {
  rogue::RogueServer server(
      [](rogue::Peer& peer, int) {
        while (!rogue::read_head(peer).line.empty()) peer.write(rogue::answer("200 OK", "over TLS"));
      },
      path("good.pem"), path("good.key"));
  net::HttpRequest request;
  request.url = server.url("https");
  const auto refused = await(client_->send(request));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kUnavailable);
  EXPECT_NE(refused.error().message.find("certificate"), std::string::npos) << refused.error().message;

  make_client(1min, path("ca.pem"));
  const auto response = await(client_->send(request));
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "over TLS");

  net::DownloadRequest download;
  download.url = server.url("https");
  download.destination = folder_.path() / "picture";
  download.max_bytes = 100;
  const auto stored = await(client_->download(std::move(download)));
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->bytes, 8U);

  make_client(1min, "/nonexistent/ca.pem");
  EXPECT_EQ(await(client_->send(request)).error().code, base::Code::kInvalid);
}
