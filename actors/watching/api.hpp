#pragma once
// Watching a session: the feed of one loop, and its subscribers.

#include "actors/sessions/api.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <string>

namespace parley {

/// WebSocket frames, encoded once for all who get them.
using frame_ptr = std::shared_ptr<const std::string>;

/// One who watches a session: a WebSocket connection, as its feed sees it. On the feed's loop only.
class subscriber {
public:
  virtual ~subscriber() = default;
  /// Tells subscribers apart, on the whole node.
  virtual std::uint64_t number() const = 0;
  /// Whole frames, to be written after those before.
  virtual void deliver(const frame_ptr& frames) = 0;
  /// Bytes that were delivered and that the client hasn't taken. After it has been over 0, the feed is sent
  /// `subscriber_drained` when it is 0 again.
  virtual std::size_t unread() const = 0;
  /// Ends the connection with that close code. It may have ended already.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

/// Watch from now on; with a cursor, without a gap since then if the log is still there.
struct join_feed {
  std::shared_ptr<subscriber> who;
  std::optional<wire::cursor> from;
  ask by{};
};

struct leave_feed {
  std::uint64_t subscriber = 0;
};

struct subscriber_drained {
  std::uint64_t subscriber = 0;
};

/// A client asked for `session_state`.
struct request_state {
  std::uint64_t subscriber = 0;
};

struct subscriber_typing {
  std::uint64_t subscriber = 0;
  std::string user_id;
  bool is_typing = false;
  ask by{};
};

/// From a feed to itself: the next part of its subscribers.
struct feed_round {};

/// The subscribers of one session on one loop (`feed`).
using feed_actor =
  reader_actor::extend<caf::reacts_to<join_feed>, caf::reacts_to<leave_feed>, caf::reacts_to<subscriber_drained>,
                       caf::reacts_to<request_state>, caf::reacts_to<subscriber_typing>, caf::reacts_to<run_announced>,
                       caf::reacts_to<session_announced>, caf::reacts_to<feed_round>>;

/// Lives until it is told to exit: who counts its subscribers does that. Called and told on `home`.
feed_actor spawn_feed(caf::actor_system& sys, node_context_ptr node, home_loop* home, sessions_actor sessions, session_id id);

} // namespace parley

// Kept sorted. All of them stay within the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::feed_round)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::join_feed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::leave_feed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::request_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::subscriber_drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::subscriber_typing)
