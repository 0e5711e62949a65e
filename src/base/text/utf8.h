#pragma once
// UTF-8, checked. Pure; any thread.

#include <cstddef>
#include <string_view>

namespace base {

/// Bytes of the valid UTF-8 sequence at the front of `text`, 0 when there is none.
inline std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto trail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (text.empty()) return 0;
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return trail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead < 0xF0) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) >= 0xA0;
    return trail(1) && trail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead < 0xF5) {
    const bool overlong = lead == 0xF0 && byte(1) < 0x90;
    const bool too_large = lead == 0xF4 && byte(1) >= 0x90;
    return trail(1) && trail(2) && trail(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

/// Where `text` stops to be UTF-8; its size when all of it is.
inline std::size_t utf8_end(std::string_view text) {
  std::size_t at = 0;
  while (const std::size_t size = utf8_sequence(text.substr(at))) at += size;
  return at;
}

}  // namespace base
