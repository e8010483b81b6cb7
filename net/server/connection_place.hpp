#pragma once
// How a listener knows its connections, whatever they speak.

namespace parley::net {

/// A connection as its listener sees it. On the connection's loop only.
class served_connection {
public:
  virtual ~served_connection() = default;
  /// The listener drains: end as soon as that cuts nobody off.
  virtual void drain() = 0;
  /// End at once.
  virtual void close() = 0;
};

/// A connection's place among its listener's: it counts towards the limit as long as this lives, and is told of the
/// listener's end. It moves with the socket. On the connection's loop only.
class connection_place {
public:
  virtual ~connection_place() = default;
  /// Who has the socket from now on.
  virtual void hold(served_connection& who) = 0;
};

} // namespace parley::net
