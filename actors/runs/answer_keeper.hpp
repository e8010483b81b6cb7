#pragma once
// Where a run's answers are kept before their finishes are shown: in the store, with checkpoints while they grow and tries while
// the store is away; or by nobody, for clients that keep them themselves. One of a run's three policies (decision 0018).

#include "actors/runs/answer_checkpoints.hpp"
#include "actors/runs/api.hpp"
#include "actors/runs/growing_answer.hpp"

#include <functional>
#include <vector>

namespace parley {

/// The session whose answers they are, and the epoch that its writes carry.
struct stored_session {
  persistence_actor store;
  session_id session_key;
  epoch held = 0;
};

/// What became of a finished answer: it is in the store, in the spool until the store is back, or only in memory. Where nobody
/// keeps answers they are `stored` at once: nothing about them is to be told.
enum class answer_fate { stored, spooled, lost };

class answer_keeper {
public:
  /// `kept` is called once for each answer that `keep` was called for, perhaps at once. `self` asks the store, `wake` makes
  /// `tick` be called at that time or before. Without `where` nobody keeps the answers.
  answer_keeper(std::optional<stored_session> where, const run_log& log, const limits& bounds, home_loop* home,
                homed<run_actor::base>* self, std::function<void(steady::time_point)> wake,
                std::function<void(growing_answer&, answer_fate, const failure&)> kept);

  /// An answer that begins. It must stay where it is.
  void add(growing_answer& answer);

  /// Text came at `now`.
  void grew(const growing_answer& answer, steady::time_point now);

  /// What came so far is void.
  void began_again(const growing_answer& answer);

  /// It has its final state, and no more text comes.
  void keep(growing_answer& answer);

  /// When `tick` has something to do; `time_point::max()` for never.
  steady::time_point due() const;
  void tick(steady::time_point now);

private:
  struct kept_answer {
    growing_answer* answer = nullptr;
    answer_checkpoints checkpoints;
    /// It is finished.
    bool final = false;
    /// When the store is asked again for the finished answer, and until when.
    steady::time_point again = steady::time_point::max();
    steady::time_point until = steady::time_point::max();
  };

  kept_answer& of(const growing_answer& answer);
  std::size_t unsaved_bytes(const kept_answer& one) const;
  void plan_checkpoint(kept_answer& one, steady::time_point now);
  void checkpoint(kept_answer& one);
  void checkpointed(kept_answer& one);
  void store(kept_answer& one);
  void not_stored(kept_answer& one, const failure& why);

  std::optional<stored_session> where_;
  const run_log& log_;
  const limits& bounds_;
  home_loop* home_;
  homed<run_actor::base>* self_;
  std::function<void(steady::time_point)> wake_;
  std::function<void(growing_answer&, answer_fate, const failure&)> kept_;
  /// In the order in which they were added. Empty where nobody keeps answers.
  std::vector<kept_answer> answers_;
};

} // namespace parley
