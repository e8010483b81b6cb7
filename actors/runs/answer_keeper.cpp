#include "actors/runs/answer_keeper.hpp"

#include "actors/node/setbacks.hpp"
#include "core/check.hpp"

#include <algorithm>

namespace parley {

namespace {

using namespace std::chrono_literals;

/// How long a finished answer waits for a store that is away, and between two tries.
constexpr auto store_patience = 30s;
constexpr auto store_pause = 500ms;

constexpr auto never = steady::time_point::max();

} // namespace

answer_keeper::answer_keeper(std::optional<stored_session> where, const run_log& log, const limits& bounds, home_loop* home,
                             homed<run_actor::base>* self, std::function<void(steady::time_point)> wake,
                             std::function<void(growing_answer&, answer_fate, const failure&)> kept)
  : where_(std::move(where)), log_(log), bounds_(bounds), home_(home), self_(self), wake_(std::move(wake)),
    kept_(std::move(kept)) {}

void answer_keeper::add(growing_answer& answer) {
  if (where_)
    answers_.push_back({&answer, {}});
}

answer_keeper::kept_answer& answer_keeper::of(const growing_answer& answer) {
  auto at = std::find_if(answers_.begin(), answers_.end(), [&](const kept_answer& one) { return one.answer == &answer; });
  check(at != answers_.end(), "an answer grows, and is kept, after it was added");
  return *at;
}

// -- while it grows --------------------------------------------------------------------------------------------------

void answer_keeper::grew(const growing_answer& answer, steady::time_point now) {
  if (!where_)
    return;
  auto& one = of(answer);
  auto unsaved = unsaved_bytes(one);
  if (unsaved >= bounds_.checkpoint_bytes)
    checkpoint(one);
  else if (unsaved > 0 && one.checkpoints.due == never)
    plan_checkpoint(one, now);
}

void answer_keeper::began_again(const growing_answer& answer) {
  if (where_)
    of(answer).checkpoints.begin_again();
}

std::size_t answer_keeper::unsaved_bytes(const kept_answer& one) const {
  auto who = *one.answer->answer.seat;
  return one.checkpoints.unsaved(log_.text(who), log_.reasoning(who));
}

void answer_keeper::plan_checkpoint(kept_answer& one, steady::time_point now) {
  one.checkpoints.due = now + bounds_.checkpoint_interval;
  wake_(one.checkpoints.due);
}

void answer_keeper::checkpoint(kept_answer& one) {
  one.checkpoints.due = never;
  if (one.checkpoints.under_way()) // its answer plans the next
    return;
  auto who = *one.answer->answer.seat;
  append_checkpoint piece;
  piece.session_key = where_->session_key;
  piece.held = where_->held;
  piece.answer = one.answer->answer.id;
  one.checkpoints.take(piece, log_.text(who), log_.reasoning(who));
  // Without a time limit: persistence answers everything within its own limits, and a checkpoint that isn't answered holds up
  // nothing but the next.
  self_->request(where_->store, caf::infinite, std::move(piece))
    .then(
      [this, &one](const store_written&) {
        one.checkpoints.stored();
        checkpointed(one);
      },
      [this, &one](const caf::error&) {
        one.checkpoints.not_stored();
        checkpointed(one);
      });
}

void answer_keeper::checkpointed(kept_answer& one) {
  if (!one.final && unsaved_bytes(one) > 0)
    plan_checkpoint(one, home_->now());
}

// -- once it is finished ---------------------------------------------------------------------------------------------

void answer_keeper::keep(growing_answer& answer) {
  if (!where_)
    return kept_(answer, answer_fate::stored, {});
  auto& one = of(answer);
  check(!one.final, "an answer is kept once");
  one.final = true;
  one.until = home_->now() + store_patience;
  one.checkpoints.due = never;
  store(one);
}

void answer_keeper::store(kept_answer& one) {
  one.again = never;
  self_->request(where_->store, defaults::store_timeout, store_answer{where_->session_key, where_->held, one.answer->answer})
    .then(
      [this, &one](const store_written& how) {
        kept_(*one.answer, std::holds_alternative<spooled>(how) ? answer_fate::spooled : answer_fate::stored, {});
      },
      [this, &one](const caf::error& error) { not_stored(one, to_failure(error)); });
}

void answer_keeper::not_stored(kept_answer& one, const failure& why) {
  bool may_help = why.code == ec::store_unavailable || why.code == ec::unavailable;
  auto now = home_->now();
  log_ids ids{where_->session_key, log_.run(), {}};
  if (!may_help || now >= one.until) {
    report_setback("answer_lost", why.message, ids);
    return kept_(*one.answer, answer_fate::lost, why);
  }
  report_setback("store_retry", why.message, ids);
  one.again = now + store_pause;
  wake_(one.again);
}

// -- time ------------------------------------------------------------------------------------------------------------

steady::time_point answer_keeper::due() const {
  auto due = never;
  for (auto& one : answers_)
    due = std::min({due, one.checkpoints.due, one.again});
  return due;
}

void answer_keeper::tick(steady::time_point now) {
  for (auto& one : answers_) {
    if (!one.final && one.checkpoints.due <= now)
      checkpoint(one);
    else if (one.final && one.again <= now)
      store(one);
  }
}

} // namespace parley
