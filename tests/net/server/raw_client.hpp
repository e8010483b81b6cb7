#pragma once
// A client that sends and receives bytes as they are, over a real socket. Its reads are bounded in time.

#include <caf/test/unit_test.hpp>

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace parley::net {

struct raw_response {
  int status = 0;
  /// Status line and fields, with the empty line.
  std::string head;
  /// Without the framing.
  std::string body;
  /// False if the connection ended first.
  bool whole = false;

  /// Empty if there is none.
  std::string field(std::string_view name) const {
    auto at = head.find("\r\n" + std::string{name} + ": ");
    if (at == std::string::npos)
      return {};
    at += name.size() + 4;
    return head.substr(at, head.find("\r\n", at) - at);
  }
};

class raw_client {
public:
  explicit raw_client(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    CAF_REQUIRE(socket_ != -1);
    if (receive_buffer != 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    // Far beyond what is needed, for loaded machines under sanitizers.
    timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CAF_REQUIRE_EQUAL(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }

  raw_client(raw_client&& other) noexcept : socket_(std::exchange(other.socket_, -1)), input_(std::move(other.input_)) {}

  ~raw_client() { close(); }

  int native() const { return socket_; }

  void close() {
    if (socket_ != -1)
      ::close(std::exchange(socket_, -1));
  }

  /// Aborts the connection: the peer sees a reset.
  void reset() {
    linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// What the peer has closed already is no failure: the answer tells.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0)
        return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  /// All up to and with `end`; what came if the connection ends before.
  std::string read_until(std::string_view end) {
    std::size_t at;
    while ((at = input_.find(end)) == std::string::npos)
      if (!read_more())
        return std::exchange(input_, {});
    return take(at + end.size());
  }

  /// That many bytes, or fewer if the connection ends before.
  std::string read(std::size_t count) {
    while (input_.size() < count && read_more())
      continue;
    return take(std::min(count, input_.size()));
  }

  std::string read_to_end() {
    while (read_more())
      continue;
    return std::exchange(input_, {});
  }

  /// True if the peer ended the connection, and sent nothing more before.
  bool at_end() {
    read_more();
    return input_.empty() && ended_;
  }

  raw_response read_response(bool has_body = true) {
    raw_response result;
    result.head = read_until("\r\n\r\n");
    if (result.head.size() < 12 || !result.head.ends_with("\r\n\r\n"))
      return result;
    result.status = std::atoi(result.head.c_str() + 9);
    if (!has_body || result.status == 204) {
      result.whole = true;
    } else if (result.field("Transfer-Encoding") == "chunked") {
      for (;;) {
        auto line = read_until("\r\n");
        if (!line.ends_with("\r\n"))
          return result;
        auto size = std::stoul(line, nullptr, 16);
        auto chunk = read(size + 2);
        if (chunk.size() != size + 2 || !chunk.ends_with("\r\n"))
          return result;
        result.body.append(chunk, 0, size);
        if (size == 0)
          break;
      }
      result.whole = true;
    } else if (auto length = result.field("Content-Length"); !length.empty()) {
      result.body = read(std::stoul(length));
      result.whole = result.body.size() == std::stoul(length);
    } else {
      result.body = read_to_end();
      result.whole = ended_;
    }
    return result;
  }

  raw_response get(std::string_view target) {
    send("GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return read_response();
  }

private:
  std::string take(std::size_t count) {
    auto result = input_.substr(0, count);
    input_.erase(0, count);
    return result;
  }

  bool read_more() {
    char buffer[16384];
    auto count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) {
      ended_ = count == 0 || errno == ECONNRESET;
      return false;
    }
    input_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  std::string input_;
  bool ended_ = false;
};

} // namespace parley::net
