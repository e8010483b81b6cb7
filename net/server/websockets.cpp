#include "net/server/websockets.hpp"

#include "core/check.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace parley::net {

namespace {

/// Deadlines are kept to within a quarter of the shortest, and no more exactly than is of use.
std::chrono::milliseconds interval_for(const websocket_settings& settings) {
  auto shortest = std::min(
    {settings.message_timeout, settings.ping_interval, settings.pong_timeout, settings.close_timeout, settings.write_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds{5}, std::chrono::milliseconds{1000});
}

} // namespace

websockets::websockets(std::size_t loops, websocket_settings settings, feed_factory make_feed)
  : settings_(settings), make_feed_(std::move(make_feed)), sweep_interval_(interval_for(settings)), loops_(loops) {}

websockets::connection_list::iterator websockets::add(loop& at, std::shared_ptr<swept_connection> one) {
  auto& here = loops_[at.index()];
  if (here.connections.empty()) {
    here.timer = at.make_timer([this, &at] { sweep(at); });
    here.timer->set(at.now() + sweep_interval_);
  }
  return here.connections.insert(here.connections.end(), std::move(one));
}

void websockets::remove(loop& at, connection_list::iterator which) {
  auto& here = loops_[at.index()];
  here.connections.erase(which);
  if (here.connections.empty())
    here.timer.reset();
}

feed_actor websockets::join(loop& at, session_id id) {
  auto& watched = loops_[at.index()].feeds[id];
  if (watched.subscribers++ == 0) {
    watched.feed = make_feed_(at, id);
    caf::actor_cast<caf::actor>(watched.feed)
      ->attach_functor([weak = weak_from_this(), &at, id, which = watched.feed.address()](const caf::error&) {
        at.post([weak, &at, id, which] {
          auto self = weak.lock();
          if (!self)
            return;
          auto& here = self->loops_[at.index()];
          // One that was told to end isn't there any more, or another is in its place.
          auto found = here.feeds.find(id);
          if (found == here.feeds.end() || found->second.feed != which)
            return;
          auto connections = here.connections;
          for (auto& each : connections)
            each->feed_died(which);
        });
      });
  }
  return watched.feed;
}

void websockets::leave(loop& at, session_id id) {
  auto& feeds = loops_[at.index()].feeds;
  auto found = feeds.find(id);
  check(found != feeds.end() && found->second.subscribers > 0, "who leaves a feed had joined it");
  if (--found->second.subscribers > 0)
    return;
  caf::anon_send_exit(found->second.feed, caf::exit_reason::user_shutdown);
  feeds.erase(found);
}

void websockets::sweep(loop& at) {
  auto& here = loops_[at.index()];
  auto now = at.now();
  // One that ends leaves the list, and with the last one the timer goes.
  for (auto next = here.connections.begin(); next != here.connections.end();)
    (*next++)->sweep(now);
  if (here.timer)
    here.timer->set(now + sweep_interval_);
}

} // namespace parley::net
