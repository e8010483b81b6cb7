#include "actors/run_log.hpp"

#include "wire/ws_frames.hpp"

#include <algorithm>

namespace parley {

namespace {

event_kind kind_of_other(const answer_event& event) {
  if (std::holds_alternative<tool_call_begin>(event))
    return event_kind::tool_call_begin;
  if (std::holds_alternative<tool_call_delta>(event))
    return event_kind::tool_call_delta;
  if (std::holds_alternative<tool_call>(event))
    return event_kind::tool_call;
  if (std::holds_alternative<answer_restart>(event))
    return event_kind::restart;
  return event_kind::finish;
}

bool is_delta(event_kind kind) {
  return kind == event_kind::text || kind == event_kind::reasoning;
}

} // namespace

void run_log::introduce(participant who, message_id answer, int attempt) {
  auto& seat = seat_of(who);
  seat.answer = answer;
  seat.attempt = attempt;
}

void run_log::complete(participant who, const message& answer) {
  seat_of(who).completed = std::make_unique<message>(answer);
}

std::uint64_t run_log::append(participant who, const answer_event& event) {
  auto& seat = seat_of(who);
  if (auto* delta = std::get_if<answer_delta>(&event)) {
    auto& track = delta->kind == event_kind::text ? seat.text : seat.reasoning;
    entries_.push_back(
      {who, delta->kind, static_cast<std::uint32_t>(track.content.size()), static_cast<std::uint32_t>(delta->content.size())});
    track.content += delta->content;
  } else {
    auto kind = kind_of_other(event);
    entries_.push_back({who, kind, static_cast<std::uint32_t>(others_.size()), 0});
    others_.push_back(event);
    if (kind == event_kind::restart) {
      seat.text.restarted_at = seat.text.content.size();
      seat.reasoning.restarted_at = seat.reasoning.content.size();
    }
  }
  return entries_.size();
}

void run_log::write_begin(std::string& out, wire::stream_format format) const {
  auto first = std::find_if(seats_.begin(), seats_.end(), [](const seat_tracks& seat) { return bool{seat.answer}; });
  if (first != seats_.end())
    wire::append_begin(out, format, {run_, 0, static_cast<participant>(first - seats_.begin()), first->answer, first->attempt});
}

run_log::position run_log::write(std::string& out, wire::stream_format format, std::uint64_t from, std::size_t max_bytes,
                                 bool merge) const {
  auto begin = out.size();
  auto at = static_cast<std::size_t>(from);
  while (at < entries_.size() && (at == from || out.size() - begin < max_bytes)) {
    auto entry = entries_[at++];
    auto& seat = seats_[entry.who];
    auto before = at > 1 ? entries_[at - 2].kind : event_kind::restart;
    if (!is_delta(entry.kind)) {
      wire::append_event(out, format, {run_, at, entry.who, seat.answer, seat.attempt, before}, others_[entry.begin]);
      if (entry.kind == event_kind::finish && format == wire::stream_format::ws)
        write_completed(out, entry.who);
      continue;
    }
    if (merge)
      while (at < entries_.size() && entries_[at].who == entry.who && entries_[at].kind == entry.kind && entry.length < max_bytes)
        entry.length += entries_[at++].length;
    auto content = std::string_view{track_of(entry.who, entry.kind).content}.substr(entry.begin, entry.length);
    wire::append_delta(out, format, {run_, at, entry.who, seat.answer, seat.attempt, before}, entry.kind, content);
  }
  return {at, at < entries_.size()};
}

/// What is only in the spool isn't completed yet: that is said once it is in the store.
void run_log::write_completed(std::string& out, participant who) const {
  auto& seat = seats_[who];
  if (!seat.completed)
    return;
  auto answer = *seat.completed;
  answer.content = text(who);
  answer.reasoning = reasoning(who);
  wire::append_message_update(out, "completed", answer);
}

run_log::seat_tracks& run_log::seat_of(participant who) {
  if (who >= seats_.size())
    seats_.resize(who + 1U);
  return seats_[who];
}

std::size_t run_log::bytes() const {
  auto bytes = sizeof(run_log) + entries_.capacity() * sizeof(log_entry) + others_.capacity() * sizeof(answer_event);
  for (auto& seat : seats_)
    bytes += sizeof(seat_tracks) + seat.text.content.capacity() + seat.reasoning.content.capacity();
  return bytes;
}

std::string_view run_log::since_restart(participant who, event_kind kind) const {
  if (who >= seats_.size())
    return {};
  auto& track = track_of(who, kind);
  return std::string_view{track.content}.substr(track.restarted_at);
}

const run_log::content_track& run_log::track_of(participant who, event_kind kind) const {
  return kind == event_kind::text ? seats_[who].text : seats_[who].reasoning;
}

} // namespace parley
