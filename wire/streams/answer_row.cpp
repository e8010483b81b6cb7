#include "wire/streams/answer_row.hpp"

#include "wire/streams/event_fields.hpp"

#include <algorithm>

namespace parley::wire {

namespace {

part_kind part_of(event_kind delta) {
  return delta == event_kind::text ? part_kind::text : part_kind::reasoning;
}

} // namespace

void answer_row::open_delta(event_kind kind, std::uint32_t entry, std::uint32_t begin) {
  // A text goes on after a piece of a call that grows beside it.
  auto opens = open_.empty() || open_.back().kind != part_of(kind);
  if (opens)
    open_part_for(part_of(kind), 0);
  auto& made = add_mark(kind, entry);
  made.begin = begin;
  made.opens = opens;
}

std::uint32_t answer_row::add(const answer_event& event, std::uint32_t entry) {
  switch (kind_of(event)) {
  case event_kind::text:
  case event_kind::reasoning: // by `add_delta`
    break;
  case event_kind::tool_call_begin:
    begin_call(std::get<tool_call_begin>(event), entry);
    break;
  case event_kind::tool_call_delta:
    return grow_call(std::get<tool_call_delta>(event), entry);
  case event_kind::tool_call:
    tell_call(std::get<tool_call>(event), entry);
    break;
  case event_kind::restart:
    begin_again(entry);
    break;
  case event_kind::finish:
    finish(entry);
    break;
  }
  return 0;
}

void answer_row::begin_call(const tool_call_begin& begun, std::uint32_t entry) {
  auto call = static_cast<std::uint32_t>(calls_.size());
  calls_.push_back({begun.id, parts_, false, {}});
  open_part_for(part_kind::tool_call, call);
  auto& made = add_mark(event_kind::tool_call_delta, entry);
  made.call = call;
  made.opens = true;
}

std::uint32_t answer_row::grow_call(const tool_call_delta& grown, std::uint32_t entry) {
  auto call = grown.index < calls_.size() ? grown.index : call_by_id(grown.id);
  if (newest_ != event_kind::tool_call_delta || marks_.back().call != call) {
    auto& made = add_mark(event_kind::tool_call_delta, entry);
    made.call = call;
    made.part = calls_[call].part;
  }
  calls_[call].arguments.take(grown.arguments);
  return marks_.back().bytes += static_cast<std::uint32_t>(grown.arguments.size());
}

void answer_row::tell_call(const tool_call& told, std::uint32_t entry) {
  auto call = call_by_id(told.id);
  calls_[call].whole = true;
  auto& made = add_mark(event_kind::tool_call, entry);
  made.call = call;
  made.part = calls_[call].part;
}

void answer_row::pass(const answer_stretch& what, std::uint32_t entry) {
  auto kind = event_kind::text;
  switch (what.kind) {
  case stretch_kind::text:
    break;
  case stretch_kind::reasoning:
    kind = event_kind::reasoning;
    break;
  case stretch_kind::arguments:
    kind = event_kind::tool_call_delta;
    break;
  case stretch_kind::whole_call:
    kind = event_kind::tool_call;
    break;
  }
  auto& made = add_mark(kind, entry);
  made.call = what.call;
  made.bytes = what.bytes;
}

void answer_row::locate_first(event_place& at, const landmark& found) const {
  std::size_t begin = &found == marks_.data() ? 0 : (&found - 1)->ended;
  at.opens = found.opens;
  at.ends = std::span{ended_}.subspan(begin, found.ended - begin);
}

const answer_row::landmark& answer_row::earlier_mark_of(std::uint32_t entry) const {
  auto after =
    std::upper_bound(marks_.begin(), marks_.end(), entry, [](std::uint32_t e, const landmark& m) { return e < m.first; });
  return *(after - 1);
}

std::vector<answer_stretch> answer_row::stretches() const {
  std::vector<answer_stretch> result;
  for (auto& each : marks_)
    switch (each.kind) {
    case event_kind::text:
      result.push_back({stretch_kind::text, 0, each.bytes});
      break;
    case event_kind::reasoning:
      result.push_back({stretch_kind::reasoning, 0, each.bytes});
      break;
    case event_kind::tool_call_begin:
    case event_kind::tool_call_delta:
      result.push_back({stretch_kind::arguments, each.call, each.bytes});
      break;
    case event_kind::tool_call:
      result.push_back({stretch_kind::whole_call, each.call, 0});
      break;
    case event_kind::restart:
      result.clear();
      break;
    case event_kind::finish:
      break;
    }
  return result;
}

std::size_t answer_row::bytes() const {
  return marks_.capacity() * sizeof(landmark) + open_.capacity() * sizeof(open_part) + ended_.capacity() * sizeof(ended_part)
         + calls_.capacity() * sizeof(call_state);
}

/// What stands between two parts ends the one before, but for a call that may still grow.
void answer_row::open_part_for(part_kind kind, std::uint32_t call) {
  std::erase_if(open_, [this](const open_part& each) {
    if (can_grow(each))
      return false;
    ended_.push_back({each.part, each.kind});
    return true;
  });
  open_.push_back({parts_, kind, call});
  ++parts_;
}

bool answer_row::can_grow(const open_part& part) const {
  switch (part.kind) {
  case part_kind::text:
  case part_kind::reasoning:
    return false;
  case part_kind::tool_call:
    return !calls_[part.call].whole && !calls_[part.call].arguments.whole();
  }
  return false;
}

void answer_row::end_all() {
  for (auto& each : open_)
    ended_.push_back({each.part, each.kind});
  open_.clear();
}

answer_row::landmark& answer_row::add_mark(event_kind kind, std::uint32_t entry) {
  auto before = marks_.empty() ? border : marks_.back().number + marks_.back().bytes + border;
  auto& made = marks_.emplace_back();
  made.first = entry;
  made.part = parts_ == 0 ? 0 : parts_ - 1;
  made.ended = static_cast<std::uint32_t>(ended_.size());
  made.number = before + border;
  made.kind = newest_ = kind;
  return made;
}

void answer_row::begin_again(std::uint32_t entry) {
  end_all();
  add_mark(event_kind::restart, entry).number = 0;
  calls_.clear();
  parts_ = 0;
}

void answer_row::finish(std::uint32_t entry) {
  end_all();
  auto untold = std::count_if(calls_.begin(), calls_.end(), [](const call_state& call) { return !call.whole; });
  auto& made = add_mark(event_kind::finish, entry);
  made.part = parts_;
  made.number += 2 * border * static_cast<std::uint64_t>(untold);
}

/// The newest call of that id; one that is told whole at once is no part.
std::uint32_t answer_row::call_by_id(std::string_view id) {
  auto found = std::find_if(calls_.rbegin(), calls_.rend(), [&](const call_state& call) { return call.id == id; });
  if (found != calls_.rend())
    return static_cast<std::uint32_t>(calls_.rend() - found - 1);
  calls_.push_back({std::string{id}, parts_ == 0 ? 0 : parts_ - 1, false, {}});
  return static_cast<std::uint32_t>(calls_.size() - 1);
}

} // namespace parley::wire
