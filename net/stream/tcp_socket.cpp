#include "net/stream/tcp_socket.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>

namespace parley::net {

namespace {

socklen_t length_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

} // namespace

std::string describe_error(int error) {
  return std::system_category().message(error);
}

int begin_to_connect(const sockaddr_storage& to) {
  int socket = ::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0)
    return -1;
  send_at_once(socket);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), length_of(to)) == 0 || errno == EINPROGRESS)
    return socket;
  auto error = errno;
  ::close(socket);
  errno = error;
  return -1;
}

void send_at_once(int socket) {
  int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void limit_unsent_in_kernel(int socket, std::size_t bytes) {
  auto most = static_cast<int>(bytes);
  ::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
}

int error_of(int socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

send_outcome send(int socket, std::span<const std::string_view> pieces) {
  std::array<iovec, 16> parts;
  send_outcome result;
  while (!pieces.empty()) {
    auto now = pieces.first(std::min(pieces.size(), parts.size()));
    pieces = pieces.subspan(now.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      parts[i] = {const_cast<char*>(now[i].data()), now[i].size()};
      size += now[i].size();
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = now.size();
    ssize_t taken = 0;
    do
      taken = now.size() == 1 ? ::send(socket, now[0].data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (taken < 0 && errno == EINTR);
    if (taken < 0) {
      result.error = errno == EAGAIN ? 0 : errno;
      return result;
    }
    result.taken += static_cast<std::size_t>(taken);
    if (static_cast<std::size_t>(taken) < size)
      return result;
  }
  return result;
}

std::string peer_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  char text[INET6_ADDRSTRLEN] = {};
  if (socket == -1 || ::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return {};
  if (address.ss_family == AF_INET6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return "[" + std::string{text} + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
  return std::string{text} + ":" + std::to_string(ntohs(v4.sin_port));
}

} // namespace parley::net
