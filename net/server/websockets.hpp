#pragma once
// The node's WebSocket connections, loop by loop, and the feeds they watch: a session that is watched has one feed on each
// loop where somebody watches it. All but the constructor is called on the loop that is given.

#include "actors/watching/api.hpp"
#include "net/loop/loop.hpp"
#include "net/server/websocket_settings.hpp"

#include <list>
#include <unordered_map>
#include <vector>

namespace parley::net {

/// A connection as the sweep sees it.
class swept_connection {
public:
  virtual ~swept_connection() = default;
  /// Each so often: pings if it is time to, and ends if a deadline has passed.
  virtual void sweep(steady::time_point now) = 0;
  /// Its feed has died.
  virtual void feed_died(const caf::actor_addr& which) = 0;
};

class websockets : public std::enable_shared_from_this<websockets> {
public:
  /// `spawn_feed`, but for tests.
  using feed_factory = std::function<feed_actor(home_loop&, session_id)>;
  using connection_list = std::list<std::shared_ptr<swept_connection>>;

  websockets(std::size_t loops, websocket_settings settings, feed_factory make_feed);

  const websocket_settings& settings() const { return settings_; }

  /// Keeps the connection until it is removed.
  connection_list::iterator add(loop& at, std::shared_ptr<swept_connection> one);
  /// The caller has a reference of its own.
  void remove(loop& at, connection_list::iterator which);

  /// The session's feed, for one more subscriber …
  feed_actor join(loop& at, session_id id);
  /// … and for one less. The last one's leaving ends it.
  void leave(loop& at, session_id id);

private:
  struct watched_session {
    feed_actor feed;
    std::size_t subscribers = 0;
  };

  struct one_loop {
    connection_list connections;
    std::unordered_map<session_id, watched_session> feeds;
    /// There is one while there are connections: one for all of them, since most deadlines only ever move.
    std::unique_ptr<loop_timer> timer;
  };

  void sweep(loop& at);

  websocket_settings settings_;
  feed_factory make_feed_;
  std::chrono::milliseconds sweep_interval_;
  std::vector<one_loop> loops_;
};

} // namespace parley::net
