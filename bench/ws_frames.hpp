#pragma once
// The client's half of a WebSocket, as far as a load generator needs it: RFC 6455, no extensions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::bench::ws {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// A server's frame. `payload` is a part of what was parsed.
struct frame {
  opcode code;
  /// The last of its message.
  bool fin;
  std::string_view payload;
  /// Bytes of the whole frame.
  std::size_t size;
};

/// The frame that `bytes` begins with; none while it isn't whole. Servers don't mask (section 5.1).
inline std::optional<frame> parse(std::string_view bytes) {
  auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.size() < 2)
    return {};
  std::size_t head = 2;
  std::uint64_t length = octet(1) & 0x7f;
  if (length >= 126) {
    std::size_t digits = length == 126 ? 2 : 8;
    if (bytes.size() < head + digits)
      return {};
    length = 0;
    for (; digits > 0; --digits)
      length = length << 8 | octet(head++);
  }
  if (bytes.size() - head < length)
    return {};
  return frame{static_cast<opcode>(octet(0) & 0x0f), (octet(0) & 0x80) != 0, bytes.substr(head, length), head + length};
}

/// A frame to the server, masked with zeros: as valid as any mask, and the payload stays readable. At most 125 bytes.
inline std::string encode(opcode code, std::string_view payload) {
  std::string out{static_cast<char>(0x80 | static_cast<int>(code)), static_cast<char>(0x80 | payload.size())};
  out.append(4, '\0');
  return out.append(payload);
}

/// The request that opens it. The key is the RFC's example: the answer to it isn't checked.
inline std::string handshake(std::string_view path, std::uint16_t port) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port)
         + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer bench\r\n\r\n";
}

} // namespace parley::bench::ws
