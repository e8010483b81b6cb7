#include "actors/runs/run_log.hpp"

#include "wire/streams/event_fields.hpp"

#include <algorithm>
#include <utility>

namespace parley {

namespace {

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
  auto entry = static_cast<std::uint32_t>(entries_.size());
  if (auto* delta = std::get_if<answer_delta>(&event)) {
    auto& track = delta->kind == event_kind::text ? seat.text : seat.reasoning;
    auto begin = static_cast<std::uint32_t>(track.content.size());
    auto length = static_cast<std::uint32_t>(delta->content.size());
    seat.row.add_delta(delta->kind, entry, begin, length);
    entries_.push_back({who, delta->kind, begin, length});
    track.content += delta->content;
  } else {
    auto kind = wire::kind_of(event);
    entries_.push_back({who, kind, static_cast<std::uint32_t>(others_.size()), seat.row.add(event, entry)});
    others_.push_back(event);
    if (kind == event_kind::restart) {
      seat.text.restarted_at = seat.text.content.size();
      seat.reasoning.restarted_at = seat.reasoning.content.size();
    }
  }
  return entries_.size();
}

void run_log::pass(participant who, const answer_stretch& what) {
  seat_of(who).row.pass(what, static_cast<std::uint32_t>(entries_.size()));
}

void run_log::write_begin(std::string& out, const wire::stream_encoder& format) const {
  auto first = std::find_if(seats_.begin(), seats_.end(), [](const seat_tracks& seat) { return bool{seat.answer}; });
  if (first != seats_.end())
    format.begin(out, {run_, 0, static_cast<participant>(first - seats_.begin()), first->answer, first->attempt,
                       event_kind::restart, first->model});
}

run_log::position run_log::write(std::string& out, const wire::stream_encoder& format, std::uint64_t from, std::size_t max_bytes,
                                 bool merge) const {
  auto begin = out.size();
  auto at = static_cast<std::size_t>(from);
  while (at < entries_.size() && (at == from || out.size() - begin < max_bytes)) {
    auto first = at;
    auto entry = entries_[at++];
    if (!is_delta(entry.kind)) {
      auto place = place_of(entry.who, first, at, entry.length);
      if (entry.kind == event_kind::finish)
        write_finish(out, format, place, others_[entry.begin]);
      else
        format.event(out, place, others_[entry.begin]);
      continue;
    }
    if (merge)
      while (at < entries_.size() && entries_[at].who == entry.who && entries_[at].kind == entry.kind && entry.length < max_bytes)
        entry.length += entries_[at++].length;
    auto content = std::string_view{track_of(entry.who, entry.kind).content}.substr(entry.begin, entry.length);
    format.delta(out, place_of(entry.who, first, at, entry.begin + entry.length), entry.kind, content);
  }
  return {at, at < entries_.size()};
}

void run_log::write_finish(std::string& out, const wire::stream_encoder& format, wire::event_place at,
                           const answer_event& event) const {
  auto& completed = seats_[at.who].completed;
  if (!completed)
    return format.event(out, at, event);
  wire::stored_answer stored{*completed, text(at.who), reasoning(at.who)};
  at.stored = &stored;
  format.event(out, at, event);
}

wire::event_place run_log::place_of(participant who, std::size_t first, std::size_t offset, std::uint32_t end) const {
  auto& seat = seats_[who];
  auto before = first > 0 ? entries_[first - 1].kind : event_kind::restart;
  wire::event_place place{run_, offset, who, seat.answer, seat.attempt, before, seat.model};
  seat.row.locate(place, static_cast<std::uint32_t>(first), end);
  return place;
}

run_log::seat_tracks& run_log::seat_of(participant who) {
  if (who >= seats_.size())
    seats_.resize(who + 1U);
  return seats_[who];
}

std::size_t run_log::bytes() const {
  auto bytes = sizeof(run_log) + entries_.capacity() * sizeof(log_entry) + others_.capacity() * sizeof(answer_event);
  for (auto& seat : seats_)
    bytes += sizeof(seat_tracks) + seat.text.content.capacity() + seat.reasoning.content.capacity() + seat.row.bytes();
  return bytes;
}

std::vector<answer_stretch> run_log::stretches(participant who) const {
  return who < seats_.size() ? seats_[who].row.stretches() : std::vector<answer_stretch>{};
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
