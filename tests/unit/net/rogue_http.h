#pragma once
// The server side of HTTP by hand, and what the tests of HttpClient share.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "net/http_client.h"
#include "unit/net/io_fixture.h"
#include "unit/net/rogue_server.h"

namespace rogue {

struct HttpHead {
  std::string line;                            // "POST /path HTTP/1.1"; empty: the client is gone
  std::map<std::string, std::string> headers;  // names in lower case
  std::size_t content_length = 0;
};
struct FormField {
  std::string headers;  // between the boundary and the empty line
  std::string value;
};

HttpHead read_head(Peer& peer);
std::vector<FormField> parse_form(const HttpHead& head, const std::string& body);
/// An answer with Content-Length.
std::string answer(std::string_view status, std::string_view body = "", std::string_view extra_headers = "");

/// A client with the real transfer program, and a folder for files.
class HttpTest : public IoTest {
 protected:
  void make_client(base::Duration linger = std::chrono::minutes(1), std::string ca_file = {}) {
    net::HttpOptions options;
    options.transfer_program = STUDIO_TRANSFER;
    options.linger = linger;
    options.ca_file = std::move(ca_file);
    client_ = net::make_http_client(io_.get_executor(), *clock_, std::move(options));
  }
  void SetUp() override { make_client(); }
  void TearDown() override {
    client_.reset();
    turn_until([] { return transfer_pid() == 0; });
    EXPECT_EQ(transfer_pid(), 0) << "the transfer program was not reaped";
    IoTest::TearDown();
  }

  std::filesystem::path file(std::string_view name, std::string_view text);
  /// The pid of the transfer program, 0 when none runs.
  static pid_t transfer_pid();
  /// Never our own process group, which is what pid 0 would mean to kill().
  static void signal_transfer(int signal_number);

  std::unique_ptr<base::Clock> clock_ = base::make_system_clock();
  base::TempDir folder_ = std::move(*base::TempDir::create("studio-http"));
  std::unique_ptr<net::HttpClient> client_;
};

}  // namespace rogue
