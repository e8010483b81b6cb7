#pragma once
// The system calls on a TCP socket that never blocks. Errors are errno's.

#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace parley::net {

/// `Connection refused`.
std::string describe_error(int error);

/// Returns a socket that is being connected: it becomes writable once it is, and `error_of` says whether it is. -1 where that
/// fails at once; `errno` says why.
int begin_to_connect(const sockaddr_storage& to);

/// Switches Nagle's algorithm off. Tokens are small and urgent: it would hold them back until the peer acknowledges the one
/// before.
void send_at_once(int socket);

/// TCP_NOTSENT_LOWAT.
void limit_unsent_in_kernel(int socket, std::size_t bytes);

/// The error that has come on the socket since it was last asked for; 0 for none.
int error_of(int socket);

struct send_outcome {
  /// Bytes that the socket took; where they are fewer than there were, and there is no error, it tells when it takes more.
  std::size_t taken = 0;
  /// 0 for none.
  int error = 0;
};

send_outcome send(int socket, std::span<const std::string_view> pieces);

/// `127.0.0.1:40123`; empty if the socket doesn't know (any more).
std::string peer_of(int socket);

} // namespace parley::net
