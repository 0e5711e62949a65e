#pragma once
// The server side of a WebSocket by hand, so that a test can break any rule of it.

#include <cstdint>
#include <string>
#include <string_view>

#include "unit/net/rogue_server.h"

namespace rogue {

constexpr std::uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

struct Frame {
  std::uint8_t opcode = 0xFF;  // 0xFF: the client is gone
  bool masked = false;
  std::string payload;
};

/// Reads the upgrade request and answers 101 with the sub-protocol; gives the request.
std::string upgrade(Peer& peer, std::string_view extra_headers = "Sec-WebSocket-Protocol: studio-worker-v1\r\n");
std::string frame(std::uint8_t opcode, std::string_view payload, bool final = true);
std::string close_frame(std::uint16_t code, std::string_view reason);
Frame read_frame(Peer& peer);
/// Skips frames until one with `opcode`, or the end.
Frame read_frame(Peer& peer, std::uint8_t opcode);

}  // namespace rogue
