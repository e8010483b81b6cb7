#include "actors/session_watchers.hpp"

#include "wire/ws_frames.hpp"

#include <algorithm>
#include <caf/send.hpp>

namespace parley {

namespace {

template <class Append>
frame_ptr encoded(Append append) {
  auto frames = std::make_shared<std::string>();
  append(*frames);
  return frames;
}

} // namespace

void session_watchers::remove(const caf::actor_addr& gone) {
  std::erase_if(feeds_, [&](const feed_actor& feed) { return feed.address() == gone; });
}

void session_watchers::session_changed(std::string_view action, const session_view& now) const {
  if (empty())
    return;
  auto frames =
    encoded([&](std::string& out) { wire::append_session_update(out, action, wire::to_json(now.about, now.running)); });
  tell(session_announced{std::move(frames), 0, action == "deleted"});
}

void session_watchers::run_began(run_id run, const run_actor& log, const std::vector<message>& added) const {
  if (empty())
    return;
  auto frames = encoded([&](std::string& out) {
    for (auto& m : added)
      wire::append_message_update(out, "created", m);
  });
  tell(run_announced{run, log, std::move(frames)});
}

void session_watchers::turn_voted(const message& question, const session_view& now) const {
  if (!empty())
    tell(session_announced{encoded([&](std::string& out) { wire::append_message_update(out, "voted", question); }), 0, false});
  session_changed("updated", now);
}

void session_watchers::answer_is_stored(const message& answer) const {
  if (!empty())
    tell(session_announced{encoded([&](std::string& out) { wire::append_message_update(out, "completed", answer); }), 0, false});
}

void session_watchers::somebody_types(const relay_typing& what) const {
  auto frames = encoded([&](std::string& out) { wire::append_typing_indicator(out, what.user_id, what.is_typing); });
  tell(session_announced{std::move(frames), what.subscriber, false});
}

template <class What>
void session_watchers::tell(const What& what) const {
  for (auto& feed : feeds_)
    caf::anon_send(feed, what);
}

} // namespace parley
