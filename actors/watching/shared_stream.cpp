#include "actors/watching/shared_stream.hpp"

#include "core/check.hpp"

#include <algorithm>

namespace parley {

namespace {

/// What waits for a round is sent as one piece of at most about that size.
constexpr std::size_t max_round_bytes = 64 * 1024;

} // namespace

bool shared_stream::begin_next_run() {
  if (reading_ || coming_.empty())
    return false;
  current_ = std::move(coming_.front());
  coming_.pop_front();
  pending_.push_back({current_.created, current_.log, {current_.run, 0}, 0, current_});
  reading_ = true;
  owed_ = 0;
  return true;
}

void shared_stream::begin_at(const position& at, const log_actor& log) {
  delivered_ = at;
  if (!log)
    return;
  check(at.has_value(), "a log that goes on is read from a place in it");
  current_ = {at->run, log, nullptr};
  reading_ = true;
  owed_ = 0;
}

std::size_t shared_stream::take(const log_piece& piece) {
  if (piece.bytes->empty())
    return 0;
  auto* before = pending_.empty() ? nullptr : &pending_.back();
  check(!before || !before->log || before->end.run != current_.run || before->end.offset <= piece.last,
        "a log's pieces come in its order");
  pending_.push_back({piece.bytes, current_.log, {current_.run, piece.last}, 0, std::nullopt});
  owed_ += piece.bytes->size();
  return owed_ >= reader_window_ / 2 ? std::exchange(owed_, 0) : 0;
}

void shared_stream::join(watcher& who) {
  who.phase = watcher_phase::sharing;
  who.skips_round = in_round_ ? round_number_ : 0;
  sharing_.push_back(&who);
}

void shared_stream::leave(watcher& who) {
  std::replace(sharing_.begin(), sharing_.end(), &who, static_cast<watcher*>(nullptr));
}

bool shared_stream::unused() const {
  return !reading_ && coming_.empty() && pending_.empty() && !in_round_
         && std::all_of(sharing_.begin(), sharing_.end(), [](auto* who) { return !who; });
}

shared_stream::pending_frames shared_stream::take_pending() {
  check(!pending_.empty(), "a round is made of what waits");
  auto next = std::move(pending_.front());
  pending_.pop_front();
  if (next.log)
    delivered_ = next.end;
  return next;
}

bool shared_stream::begin_round() {
  if (in_round_ || pending_.empty())
    return false;
  std::erase(sharing_, nullptr);
  auto begin = delivered_;
  auto first = take_pending();
  // What its log brought meanwhile goes along. The next run's beginning is another round, and so is each change of the session.
  std::shared_ptr<std::string> merged;
  auto goes_along = [&](const pending_frames& next) { return first.log && next.log && !next.begins; };
  while (!pending_.empty() && goes_along(pending_.front()) && first.frames->size() < max_round_bytes) {
    if (!merged) {
      merged = std::make_shared<std::string>(*first.frames);
      first.frames = merged;
    }
    *merged += *take_pending().frames;
  }
  round_ = {std::move(first.frames), begin, std::move(first.log), std::move(first.begins), first.except, 0};
  ++round_number_;
  in_round_ = true;
  return true;
}

void shared_stream::serve(std::size_t count, std::vector<watcher*>& fallen) {
  auto end = std::min(sharing_.size(), round_.served + count);
  while (round_.served < end) {
    auto*& slot = sharing_[round_.served++];
    if (!slot || slot->skips_round == round_number_ || slot->to->number() == round_.except)
      continue;
    bool keeps_up = slot->to->unread() < subscriber_window_;
    if (keeps_up || (!round_.log && !too_far_behind(*slot->to))) {
      slot->to->deliver(round_.frames);
    } else if (round_.log) {
      fall_behind(*slot);
      fallen.push_back(std::exchange(slot, nullptr));
    }
  }
  if (round_.served < sharing_.size())
    return;
  in_round_ = false;
  round_ = {};
}

/// From the round that it didn't get on, it reads for itself, beginning when it has taken what it was sent.
void shared_stream::fall_behind(watcher& who) const {
  who.phase = watcher_phase::alone;
  who.at = round_.begin;
  who.next.clear();
  if (round_.begins)
    who.next.push_back(*round_.begins);
  else
    who.log = round_.log;
  for (auto& later : pending_)
    if (later.begins)
      who.next.push_back(*later.begins);
  who.next.insert(who.next.end(), coming_.begin(), coming_.end());
}

} // namespace parley
