#pragma once
// The answers of one run: the state of each, what they come to together, and who waits for some of them to have stopped. Values;
// the run that has them decides what happens.

#include "actors/runs/api.hpp"
#include "actors/runs/blind_calls.hpp"
#include "actors/runs/growing_answer.hpp"
#include "actors/runs/model_stream.hpp"

#include <caf/typed_response_promise.hpp>

namespace parley {

/// ```
/// generating ──▶ keeping ──▶ finished
/// ```
/// An answer leaves `generating` once: at its stream's end, its stop, its limit, or the death of its stream. Its finish is in
/// the log when it is `finished`, never before it is kept.
enum class answer_phase { generating, keeping, finished };

struct run_answer : growing_answer {
  answer_phase phase = answer_phase::generating;
  model_stream_actor stream;
  /// Sent its final message; stays alive only until its connection can be used again. Until then this handle keeps it.
  bool stream_ends = false;
  /// Of a blind answer.
  blind_calls calls;

  participant who() const { return *answer.seat; }
};

class run_answers {
public:
  /// Must be called once, before any other: answers stay where they are from here on.
  void resize(std::size_t count) { all_.resize(count); }

  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

  /// That participant's.
  run_answer& of(participant who);

  bool all_finished() const;
  /// A model stream is alive.
  bool any_stream() const;

  /// Once all have finished: what concerns all of them.
  run_outcome outcome() const;
  /// Why the first of them failed.
  failure first_failure() const;

  /// As they are now: with the text that `log` has.
  std::vector<message> so_far(const run_log& log) const;

  using stop_promise = caf::typed_response_promise<stopped_answers>;

  /// `promise` is answered once those that `wanted` names have finished.
  void wait_for_stop(const stop_answers& wanted, stop_promise promise) { stops_.push_back({wanted.who, std::move(promise)}); }
  /// Answers whoever waits for no more than what has finished.
  void answer_stops();

  static bool concerns(const std::vector<participant>& named, const run_answer& a);

private:
  struct pending_stop {
    std::vector<participant> who;
    stop_promise promise;
  };

  std::vector<run_answer> all_;
  std::vector<pending_stop> stops_;
};

} // namespace parley
