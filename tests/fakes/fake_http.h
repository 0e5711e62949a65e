#pragma once
// An HTTP client with scripted answers; the requests are kept.

#include <deque>
#include <utility>
#include <vector>

#include "net/http_client.h"

namespace fakes {

namespace asio = boost::asio;

class FakeHttp final : public net::HttpClient {
 public:
  asio::awaitable<base::Result<net::HttpResponse>> send(net::HttpRequest request) override {
    requests.push_back(std::move(request));
    co_return next();
  }
  asio::awaitable<base::Result<net::HttpResponse>> upload(net::UploadRequest request) override {
    uploads.push_back(std::move(request));
    co_return next();
  }
  asio::awaitable<base::Result<net::HttpResponse>> download(net::DownloadRequest request) override {
    downloads.push_back(std::move(request));
    co_return next();
  }

  void answer(int status, std::string body = {}, std::string content_type = "application/json") {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    response.content_type = std::move(content_type);
    answers.emplace_back(std::move(response));
  }
  void refuse(base::Code code, std::string message) { answers.emplace_back(base::Error{code, std::move(message)}); }

  std::deque<base::Result<net::HttpResponse>> answers;
  std::vector<net::HttpRequest> requests;
  std::vector<net::UploadRequest> uploads;
  std::vector<net::DownloadRequest> downloads;

 private:
  base::Result<net::HttpResponse> next() {
    if (answers.empty()) return base::Error{base::Code::kUnavailable, "no answer was scripted"};
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
};

}  // namespace fakes
