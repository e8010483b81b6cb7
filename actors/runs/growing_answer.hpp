#pragma once
// An answer while its coordinator hears of it: what is kept beside its text, which is in the run's log.

#include "actors/runs/run_log.hpp"
#include "core/time.hpp"

namespace parley {

struct growing_answer {
  /// With its ids, seat, attempt and model from the begin on; all else is there at its end.
  message answer;
  /// Bytes of text, reasoning and tool calls since the last restart.
  std::size_t bytes = 0;
  /// For the estimate, where the provider doesn't report.
  std::size_t prompt_bytes = 0;

  /// Appends to the log; false, and nothing happens, if the answer would exceed `max_bytes`. `since` the run began.
  bool take(const answer_event& event, run_log& log, std::size_t max_bytes, steady::duration since);

  /// The stream has ended: the answer takes its text from the log.
  void end(const run_log& log, finish_reason reason, std::optional<answer_error> error, std::optional<token_usage> usage,
           steady::duration since);
};

} // namespace parley
