#pragma once
// One HTTP connection: registration, uploads, inputs, control, and the upgrade to a worker's session.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "server/app.h"

namespace server {

/// Serves requests until the peer closes, asks for it, or becomes a WebSocket. Valid while `app` lives.
asio::awaitable<void> serve(App& app, asio::ip::tcp::socket socket);

}  // namespace server
