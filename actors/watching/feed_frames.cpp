#include "actors/watching/feed_frames.hpp"

#include "wire/streams/ws_frames.hpp"

namespace parley {

namespace {

template <class Append>
frame_ptr frames(Append append) {
  auto made = std::make_shared<std::string>();
  append(*made);
  return made;
}

wire::json_object json_of(const session_view& view) {
  return wire::to_json(view.about, view.running);
}

struct news_frames {
  watched_change operator()(const session_updated& its) const {
    return {frames([&](std::string& out) { wire::append_session_update(out, "updated", json_of(its.now)); })};
  }

  watched_change operator()(const session_deleted& its) const {
    return {frames([&](std::string& out) { wire::append_session_update(out, "deleted", json_of(its.last)); }), 0, true};
  }

  watched_change operator()(const turn_voted& its) const {
    return {frames([&](std::string& out) { wire::append_message_update(out, "voted", its.question); })};
  }

  watched_change operator()(const answer_stored& its) const {
    return {frames([&](std::string& out) { wire::append_message_update(out, "completed", its.answer); })};
  }

  watched_change operator()(const somebody_types& its) const {
    return {frames([&](std::string& out) { wire::append_typing_indicator(out, its.user_id, its.is_typing); }), its.subscriber};
  }
};

} // namespace

watched_run encoded(const run_announced& what) {
  auto created = frames([&](std::string& out) {
    for (auto& m : *what.added)
      wire::append_message_update(out, "created", m);
  });
  return {what.run, what.log, std::move(created)};
}

watched_change encoded(const session_announced& what) {
  return std::visit(news_frames{}, *what.what);
}

frame_ptr greeting(const session_state_view& state, const std::optional<wire::cursor>& from, bool recovered) {
  return frames([&](std::string& out) { wire::append_connection_established(out, json_of(state.about), from, recovered); });
}

frame_ptr state_frames(const session_state_view& state) {
  return frames([&](std::string& out) { wire::append_session_state(out, json_of(state.about), state.messages, state.at); });
}

frame_ptr both(const frame_ptr& first, const frame_ptr& second) {
  return std::make_shared<const std::string>(*first + *second);
}

frame_ptr error_frames(const failure& why) {
  return frames([&](std::string& out) { wire::append_error(out, why); });
}

} // namespace parley
