#include "actors/runs/run_log.hpp"

#include "wire/streams/ws_frames.hpp"

#include <algorithm>
#include <utility>

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

/// More parts than any answer has: beyond it they share the last number.
constexpr std::uint16_t max_parts = (1 << 13) - 1;

bool is_delta(event_kind kind) {
  return kind == event_kind::text || kind == event_kind::reasoning;
}

} // namespace

void run_log::introduce(participant who, message_id answer, int attempt, std::string model) {
  auto& seat = seat_of(who);
  seat.answer = answer;
  seat.attempt = attempt;
  seat.model = std::move(model);
}

void run_log::complete(participant who, const message& answer) {
  seat_of(who).completed = std::make_unique<message>(answer);
}

std::uint64_t run_log::append(participant who, const answer_event& event) {
  auto& seat = seat_of(who);
  if (auto* delta = std::get_if<answer_delta>(&event)) {
    auto& track = delta->kind == event_kind::text ? seat.text : seat.reasoning;
    entries_.push_back({who, delta->kind, seat.step(delta->kind), static_cast<std::uint32_t>(track.content.size()),
                        static_cast<std::uint32_t>(delta->content.size())});
    track.content += delta->content;
  } else {
    auto kind = kind_of_other(event);
    entries_.push_back({who, kind, seat.step(kind), static_cast<std::uint32_t>(others_.size()), 0});
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
    wire::append_begin(out, format,
                       {run_, 0, static_cast<participant>(first - seats_.begin()), first->answer, first->attempt,
                        event_kind::restart, first->model});
}

run_log::position run_log::write(std::string& out, wire::stream_format format, std::uint64_t from, std::size_t max_bytes,
                                 bool merge) const {
  auto begin = out.size();
  auto at = static_cast<std::size_t>(from);
  while (at < entries_.size() && (at == from || out.size() - begin < max_bytes)) {
    auto entry = entries_[at++];
    auto before = at > 1 ? entries_[at - 2].kind : event_kind::restart;
    if (!is_delta(entry.kind)) {
      wire::append_event(out, format, place_of(entry, at, before), others_[entry.begin]);
      if (entry.kind == event_kind::finish && format == wire::stream_format::ws)
        write_completed(out, entry.who);
      continue;
    }
    if (merge)
      while (at < entries_.size() && entries_[at].who == entry.who && entries_[at].kind == entry.kind && entry.length < max_bytes)
        entry.length += entries_[at++].length;
    auto content = std::string_view{track_of(entry.who, entry.kind).content}.substr(entry.begin, entry.length);
    wire::append_delta(out, format, place_of(entry, at, before), entry.kind, content);
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

run_log::part_step run_log::seat_tracks::step(event_kind kind) {
  using wire::part_kind;
  auto next = open;
  auto begins = false;
  switch (kind) {
  case event_kind::text:
    next = part_kind::text;
    begins = open != next;
    break;
  case event_kind::reasoning:
    next = part_kind::reasoning;
    begins = open != next;
    break;
  case event_kind::tool_call_begin:
    next = part_kind::tool_call;
    begins = true;
    break;
  case event_kind::tool_call_delta:
  case event_kind::tool_call:
    break;
  case event_kind::restart:
  case event_kind::finish:
    next = part_kind::none;
    break;
  }
  auto ended = begins || next == part_kind::none ? std::exchange(open, next) : part_kind::none;
  if (begins && parts < max_parts)
    ++parts;
  auto part = static_cast<std::uint16_t>(kind == event_kind::finish || parts == 0 ? parts : parts - 1);
  return {part, begins, static_cast<std::uint16_t>(ended)};
}

wire::event_place run_log::place_of(const log_entry& entry, std::size_t offset, event_kind before) const {
  auto& seat = seats_[entry.who];
  return {run_,   offset,     entry.who,       seat.answer,           seat.attempt,
          before, seat.model, entry.step.part, entry.step.opens != 0, static_cast<wire::part_kind>(entry.step.closes)};
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
