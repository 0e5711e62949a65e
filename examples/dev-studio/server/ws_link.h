#pragma once
// The WebSocket of one worker: reads frames into the machine, writes what it answers, one write per frame.

#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "server/app.h"

namespace server {

using UpgradeRequest = boost::beast::http::request<boost::beast::http::empty_body>;

/// Accepts the upgrade and serves the session until it ends. `request` has been found worthy: worker, token, protocol.
asio::awaitable<void> serve_session(App& app, asio::ip::tcp::socket socket, UpgradeRequest request, std::string worker);

}  // namespace server
