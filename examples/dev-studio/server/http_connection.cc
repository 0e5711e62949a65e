#include "server/http_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "base/log.h"
#include "server/routes.h"
#include "server/upload.h"
#include "server/ws_link.h"

namespace server {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kSubProtocol = "studio-worker-v1";
constexpr std::uint64_t kLargestBody = 16U << 20U;
// Large enough that hashing and writing, not the reads, set the pace of an upload.
constexpr std::size_t kPiece = 256U << 10U;
// What one read may take: Beast asks for no more than the buffer has room for, and for 512 bytes when it has none.
constexpr std::size_t kRead = 64U << 10U;

using HeadParser = http::request_parser<http::empty_body>;

class Connection {
 public:
  Connection(App& app, tcp::socket socket) : app_(app), socket_(std::move(socket)) {
    boost::system::error_code ignored;
    const auto peer = socket_.remote_endpoint(ignored);
    source_ = peer.address().to_string();
    buffer_.reserve(kRead);
  }

  asio::awaitable<void> run() {
    bool more = true;
    while (more) {
      HeadParser head;
      // Beast's own limit of 1 MiB would refuse an upload by its length; the routes set their own.
      head.body_limit(boost::none);
      const auto [error, size] = co_await http::async_read_header(socket_, buffer_, head, kToken);
      if (error) co_return;
      split_target(view(head.get().target()), request_ = Request{});
      request_.method = std::string(head.get().method_string());
      request_.bearer = bearer_of(head);
      request_.source = source_;
      const auto route = worker_route(request_.path);
      if (route && route->job.empty() && beast::websocket::is_upgrade(head.get())) {
        more = co_await upgrade(head, *route);
      } else if (route && !route->job.empty() && request_.method == "POST") {
        more = co_await receive_upload(head, *route);
      } else {
        more = co_await plain(head);
      }
    }
  }

 private:
  static std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

  static std::string bearer_of(const HeadParser& head) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view value = view(head.get()[http::field::authorization]);
    return value.starts_with(kBearer) ? std::string(value.substr(kBearer.size())) : std::string();
  }

  /// False: the connection ends after this answer.
  asio::awaitable<bool> reply(desk::Answer answer, unsigned version, bool keep_alive) {
    http::response<http::string_body> response(http::int_to_status(answer.status), version);
    response.result(answer.status);
    response.set(http::field::content_type, answer.content_type);
    if (answer.retry_after) response.set(http::field::retry_after, std::to_string(*answer.retry_after));
    response.body() = std::move(answer.body);
    response.keep_alive(keep_alive);
    response.prepare_payload();
    const auto [error, size] = co_await http::async_write(socket_, response, kToken);
    co_return keep_alive && !error;
  }

  asio::awaitable<bool> plain(HeadParser& head) {
    http::request_parser<http::string_body> parser(std::move(head));
    // The limit counts for chunked bodies; a length is checked here, because the head was read without one.
    parser.body_limit(kLargestBody);
    const unsigned version = parser.get().version();
    boost::system::error_code error;
    if (parser.content_length().value_or(0) > kLargestBody) {
      error = http::error::body_limit;
    } else {
      const auto [failure, size] = co_await http::async_read(socket_, buffer_, parser, kToken);
      error = failure;
    }
    if (error == http::error::body_limit) {
      desk::Answer refusal = desk::error_answer(413, "the body is larger than 16 MiB");
      co_return co_await reply(std::move(refusal), version, false);
    }
    if (error) co_return false;
    request_.body = std::move(parser.get().body());
    desk::Answer result;
    if (request_.path == "/dev/wait") {
      result = co_await wait();
    } else {
      result = answer(app_.studio(), request_, app_.now());
      app_.perform();
    }
    co_return co_await reply(std::move(result), version, parser.get().keep_alive());
  }

  asio::awaitable<desk::Answer> wait() {
    const auto asked = parse_wait(request_);
    if (!asked) co_return desk::error_answer(400, "every value of the query must be a number");
    const std::chrono::milliseconds timeout(asked->timeout_ms);
    const bool met = co_await app_.wait_for(asked->conditions, timeout);
    if (met) co_return desk::json_answer(200, {{"ok", true}});
    co_return desk::error_answer(408, "the conditions did not come true in time");
  }

  /// Why this upgrade is refused, if it is.
  std::optional<desk::Answer> upgrade_refusal(const HeadParser& head, const WorkerRoute& route) {
    if (const auto status = app_.studio().refuse_upgrade()) return desk::error_answer(*status, "by the scenario");
    const desk::Access access = app_.studio().registry().check(route.worker, request_.bearer);
    if (access == desk::Access::kUnknownWorker) {
      return desk::Answer{.status = 404, .body = "worker not found", .content_type = "text/plain"};
    }
    if (access == desk::Access::kWrongToken) return desk::error_answer(401, "wrong token");
    if (view(head.get()[http::field::sec_websocket_protocol]) == kSubProtocol) return std::nullopt;
    app_.studio().record().violation("sub-protocol", "the upgrade does not ask for studio-worker-v1", "", "",
                                     app_.now());
    return desk::error_answer(400, "the sub-protocol studio-worker-v1 is required");
  }

  asio::awaitable<bool> upgrade(HeadParser& head, WorkerRoute route) {
    auto refusal = upgrade_refusal(head, route);
    if (refusal) {
      desk::Answer answer = std::move(*refusal);
      co_return co_await reply(std::move(answer), head.get().version(), false);
    }
    UpgradeRequest request = head.release();
    co_await serve_session(app_, std::move(socket_), std::move(request), std::move(route.worker));
    co_return false;
  }

  desk::UploadPlan plan_for(const WorkerRoute& route) {
    const desk::Access access = app_.studio().registry().check(route.worker, request_.bearer);
    if (access == desk::Access::kGranted) return app_.studio().begin_upload(route.worker, route.job, app_.now());
    const bool unknown = access == desk::Access::kUnknownWorker;
    return {.answer = unknown ? desk::error_answer(404, "worker not found") : desk::error_answer(401, "wrong token")};
  }

  asio::awaitable<bool> receive_upload(HeadParser& head, WorkerRoute route) {
    http::request_parser<http::buffer_body> parser(std::move(head));
    parser.body_limit(boost::none);
    desk::UploadPlan plan = plan_for(route);
    app_.perform();
    std::unique_ptr<Upload> upload;
    if (plan.store) {
      const std::string_view type = view(parser.get()[http::field::content_type]);
      auto opened = Upload::open(type, app_.options().results);
      if (opened)
        upload = std::move(*opened);
      else
        plan.answer = refuse_form(route, opened.error());
    }
    if (parser.get()[http::field::expect] == "100-continue") {
      const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [error, size] = co_await asio::async_write(socket_, asio::buffer(go_on), kToken);
      if (error) co_return false;
    }
    const bool whole = co_await read_body(parser, upload.get(), plan, route);
    if (!whole) co_return false;
    if (upload != nullptr) plan.answer = finish(route, *upload, plan.answer);
    desk::Answer answer = std::move(plan.answer);
    const bool more = co_await reply(std::move(answer), parser.get().version(), parser.get().keep_alive());
    // The next offer leaves behind the answer: a worker frees its slot when it has read that.
    app_.perform();
    co_return more;
  }

  desk::Answer refuse_form(const WorkerRoute& route, const base::Error& error) {
    if (error.code != base::Code::kInvalid) {
      base::log::error("results", error.message);
      return desk::error_answer(500, error.message);
    }
    app_.studio().record().violation("upload-form", error.message, "", route.job, app_.now());
    return desk::error_answer(400, error.message);
  }

  /// Reads the body into `upload` (or away). False: the connection is gone, or was cut on purpose.
  asio::awaitable<bool> read_body(http::request_parser<http::buffer_body>& parser, Upload* upload,
                                  desk::UploadPlan& plan, const WorkerRoute& route) {
    piece_.resize(kPiece);
    const std::uint64_t half = parser.content_length().value_or(0) / 2;
    std::uint64_t received = 0;
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = piece_.data();
      body.size = piece_.size();
      const auto [error, size] = co_await http::async_read(socket_, buffer_, parser, kToken);
      if (error && error != http::error::need_buffer) co_return false;
      const std::string_view bytes(piece_.data(), piece_.size() - body.size);
      received += bytes.size();
      if (plan.cut && received >= half) {
        cut();
        co_return false;
      }
      // After the first refusal the rest is read away, so that the worker gets to see the answer.
      if (upload == nullptr || plan.answer.status != 200) continue;
      if (const auto status = upload->feed(bytes); !status) plan.answer = refuse_form(route, status.error());
    }
    co_return true;
  }

  desk::Answer finish(const WorkerRoute& route, Upload& upload, const desk::Answer& refusal) {
    if (refusal.status != 200) return refusal;
    desk::UploadEnd end = app_.studio().end_upload(route.worker, route.job, upload.form(), upload.whole(), app_.now());
    if (end.keep_as.empty()) return end.answer;
    if (const auto status = upload.keep_as(end.keep_as); !status) base::log::error("results", status.error().message);
    return end.answer;
  }

  void cut() {
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

  App& app_;
  tcp::socket socket_;
  std::string source_;
  beast::flat_buffer buffer_;
  std::vector<char> piece_;  // for uploads; kPiece from the first one on
  Request request_;
};

}  // namespace

asio::awaitable<void> serve(App& app, tcp::socket socket) {
  Connection connection(app, std::move(socket));
  co_await connection.run();
}

}  // namespace server
