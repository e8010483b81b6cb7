#pragma once
// A WebSocket connection as a subscriber of its session's feed: what it tells the feed. Before and after it is subscribed it
// tells nothing. On the connection's loop.

#include "net/server/websockets.hpp"

#include <caf/send.hpp>

#include <atomic>

namespace parley::net {

class ws_subscription {
public:
  /// Tells subscribers apart, on the whole node.
  std::uint64_t number() const { return number_; }

  bool is_of(const caf::actor_addr& feed) const { return feed_ && feed_ == feed; }

  void join(websockets& all, loop& home, session_id session, std::shared_ptr<subscriber> who,
            const std::optional<wire::cursor>& from, ask by) {
    by_ = std::move(by);
    feed_ = all.join(home, session);
    caf::anon_send(feed_, join_feed{std::move(who), from, by_});
  }

  void leave(websockets& all, loop& home, session_id session) {
    if (!feed_)
      return;
    caf::anon_send(feed_, leave_feed{number_});
    feed_ = nullptr;
    all.leave(home, session);
  }

  void drained() {
    if (feed_)
      caf::anon_send(feed_, subscriber_drained{number_});
  }

  void wants_state() {
    if (feed_)
      caf::anon_send(feed_, request_state{number_});
  }

  void types(bool is_typing) {
    if (user_id_.empty())
      user_id_ = uuid_to_string(new_uuid());
    if (feed_)
      caf::anon_send(feed_, subscriber_typing{number_, user_id_, is_typing, by_});
  }

private:
  static std::uint64_t next_number() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }

  feed_actor feed_;
  /// Who asked to watch.
  ask by_;
  std::uint64_t number_ = next_number();
  /// Made when it is first needed, for as long as there are no users.
  std::string user_id_;
};

} // namespace parley::net
