#include "actors/sessions/session_listeners.hpp"

#include "wire/streams/ws_frames.hpp"

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

void session_listeners::remove(const caf::actor_addr& gone) {
  std::erase_if(listeners_, [&](const session_listener& each) { return each.address() == gone; });
}

void session_listeners::session_changed(std::string_view action, const session_view& now) const {
  if (empty())
    return;
  auto frames =
    encoded([&](std::string& out) { wire::append_session_update(out, action, wire::to_json(now.about, now.running)); });
  tell(session_announced{std::move(frames), 0, action == "deleted"});
}

void session_listeners::run_began(run_id run, const log_actor& log, const std::vector<message>& added) const {
  if (empty())
    return;
  auto frames = encoded([&](std::string& out) {
    for (auto& m : added)
      wire::append_message_update(out, "created", m);
  });
  tell(run_announced{run, log, std::move(frames)});
}

void session_listeners::turn_voted(const message& question, const session_view& now) const {
  if (!empty())
    tell(session_announced{encoded([&](std::string& out) { wire::append_message_update(out, "voted", question); }), 0, false});
  session_changed("updated", now);
}

void session_listeners::answer_is_stored(const message& answer) const {
  if (!empty())
    tell(session_announced{encoded([&](std::string& out) { wire::append_message_update(out, "completed", answer); }), 0, false});
}

void session_listeners::somebody_types(const relay_typing& what) const {
  auto frames = encoded([&](std::string& out) { wire::append_typing_indicator(out, what.user_id, what.is_typing); });
  tell(session_announced{std::move(frames), what.subscriber, false});
}

template <class What>
void session_listeners::tell(const What& what) const {
  for (auto& each : listeners_)
    caf::anon_send(each, what);
}

} // namespace parley
