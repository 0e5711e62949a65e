#include "unit/net/rogue_websocket.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <openssl/evp.h>

namespace rogue {
namespace {

std::string header(const std::string& request, const std::string& name) {
  const auto at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto start = at + name.size() + 4;
  return request.substr(start, request.find("\r\n", start) - start);
}

std::string accept_key(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  std::array<unsigned char, 64> base64{};
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
  return {base64.begin(), base64.begin() + length};
}

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

std::string upgrade(Peer& peer, std::string_view extra_headers) {
  const std::string request = peer.read_until("\r\n\r\n");
  peer.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
             accept_key(header(request, "Sec-WebSocket-Key")) + "\r\n" + std::string(extra_headers) + "\r\n");
  return request;
}

std::string frame(std::uint8_t opcode, std::string_view payload, bool final) {
  std::string bytes(1, static_cast<char>((final ? 0x80 : 0) | opcode));
  if (payload.size() < 126) {
    bytes += static_cast<char>(payload.size());
  } else {
    const int width = payload.size() < 65536 ? 2 : 8;
    bytes += static_cast<char>(width == 2 ? 126 : 127);
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
      bytes += static_cast<char>(payload.size() >> shift & 255);
    }
  }
  return bytes += payload;
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 255)};
  return frame(kClose, payload += reason);
}

Frame read_frame(Peer& peer) {
  const std::string head = peer.read_exactly(2);
  if (head.size() < 2) return {};
  Frame got;
  got.opcode = static_cast<std::uint8_t>(head[0] & 0x0F);
  got.masked = (head[1] & 0x80) != 0;
  std::uint64_t size = static_cast<std::uint64_t>(head[1] & 0x7F);
  if (size == 126) size = number(peer.read_exactly(2));
  if (size == 127) size = number(peer.read_exactly(8));
  const std::string mask = got.masked ? peer.read_exactly(4) : std::string(4, '\0');
  got.payload = peer.read_exactly(size);
  if (mask.size() < 4 || got.payload.size() < size) return {};
  for (std::size_t i = 0; i < got.payload.size(); ++i) {
    got.payload[i] = static_cast<char>(got.payload[i] ^ mask[i % 4]);
  }
  return got;
}

Frame read_frame(Peer& peer, std::uint8_t opcode) {
  Frame got = read_frame(peer);
  while (got.opcode != opcode && got.opcode != 0xFF) got = read_frame(peer);
  return got;
}

}  // namespace rogue
