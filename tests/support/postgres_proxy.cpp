#include "tests/support/postgres_proxy.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace parley::test {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<std::uint16_t>(port));
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

void at_once(int socket) {
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

} // namespace

/// PostgreSQL's messages, "Message Formats" in its manual: a type of one byte, which the first message of a connection does not
/// have, and a length of four, which counts itself.
class postgres_proxy::splitter {
public:
  /// Where in `bytes` the `cut`-th message (counted by `number`) begins, or ends if it is `delivered`.
  std::optional<std::size_t> feed(std::string_view bytes, std::atomic<int>& number, int cut, bool delivered) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      if (head_.empty() && rest_ == 0 && ++number == cut && !delivered)
        return at;
      if (rest_ > 0) {
        --rest_;
      } else {
        head_ += bytes[at];
        auto type = is_first_ ? 0u : 1u;
        if (head_.size() == type + 4) {
          type_ = is_first_ ? '\0' : head_[0];
          for (auto i = type; i < type + 4; ++i)
            rest_ = (rest_ << 8) | static_cast<unsigned char>(head_[i]);
          rest_ -= 4;
          head_.clear();
          is_first_ = false;
        }
      }
      if (head_.empty() && rest_ == 0 && number == cut && delivered)
        return at + 1;
    }
    return std::nullopt;
  }

  /// Of the message that was begun last.
  char last_type() const { return type_; }

private:
  bool is_first_ = true;
  char type_ = 0;
  std::string head_;
  std::size_t rest_ = 0;
};

postgres_proxy::postgres_proxy(int server_port) : server_port_(server_port) {
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 || ::getsockname(listener_, generic, &size) != 0
      || ::pipe(stop_) != 0)
    throw std::runtime_error{"cannot listen"};
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread{[this] { accept_all(); }};
}

postgres_proxy::~postgres_proxy() {
  // Nobody reads the pipe: everyone who polls it sees it.
  if (::write(stop_[1], "x", 1) != 1)
    std::terminate();
  accepting_.join();
  for (auto& each : serving_)
    each.join();
  ::close(listener_);
  ::close(stop_[0]);
  ::close(stop_[1]);
}

void postgres_proxy::cut_at(int message, bool delivered) {
  has_cut_ = false;
  messages_ = 0;
  delivered_ = delivered;
  cut_ = message;
}

void postgres_proxy::accept_all() {
  while (true) {
    pollfd ready[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(ready, 2, -1);
    if (ready[1].revents != 0)
      return;
    if (auto client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); client >= 0) {
      std::lock_guard guard{mutex_};
      serving_.emplace_back([this, client] { serve(client); });
    }
  }
}

void postgres_proxy::serve(int client) {
  auto server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(server_port_);
  at_once(client);
  at_once(server);
  splitter messages;
  std::string buffer(64 * 1024, '\0');
  bool open = ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  while (open) {
    pollfd ready[] = {{client, POLLIN, 0}, {server, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(ready, 3, -1);
    if (ready[2].revents != 0)
      break;
    for (int side = 0; side < 2 && open; ++side) {
      if (ready[side].revents == 0)
        continue;
      auto received = ::recv(side == 0 ? client : server, buffer.data(), buffer.size(), 0);
      if (received <= 0) {
        open = false;
        continue;
      }
      auto bytes = std::string_view{buffer}.substr(0, static_cast<std::size_t>(received));
      if (side == 0) {
        if (auto end = messages.feed(bytes, messages_, has_cut_ ? 0 : cut_.load(), delivered_)) {
          bytes = bytes.substr(0, *end);
          has_cut_ = true;
          open = false;
        }
      }
      open = send_all(side == 0 ? server : client, bytes) && open;
    }
  }
  // A simple query (COMMIT is one) is carried out before the client learns of anything.
  if (messages.last_type() == 'Q' && has_cut_ && delivered_) {
    pollfd answer{server, POLLIN, 0};
    ::poll(&answer, 1, 2'000);
  }
  ::close(client);
  ::close(server);
}

} // namespace parley::test
