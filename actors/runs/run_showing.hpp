#pragma once
// When a run is shown, and how its failures are told: at once, as events of its log; or by the status of the response, which
// waits until something of an answer has come. One of a run's three policies (decision 0018). A value.

#include "actors/runs/api.hpp"

#include <caf/typed_response_promise.hpp>

namespace parley {

class run_showing {
public:
  /// `as_events`: whoever asks sees the log as it is. `by_status`: while nothing has come, a failure of all answers is the
  /// failure of the request. What was shown in a stream can't be taken back there.
  enum class form { as_events, by_status };

  explicit run_showing(form which) : by_status_(which == form::by_status), shown_(!by_status_) {}

  /// There is something to be read: from here on failures are told by the log.
  void show() { shown_ = true; }
  bool is_shown() const { return shown_; }

  void wait(caf::typed_response_promise<run_opened> for_stream) { opening_ = std::move(for_stream); }
  void wait(caf::typed_response_promise<completed_run> for_whole) { whole_ = std::move(for_whole); }

  /// Answers the request if that can be done by now. `failed` is why, once all answers have failed; `opened` and `completed` make
  /// the replies. True if nothing is left to be read: the request had its whole answer.
  template <class Opened, class Completed>
  bool settle(bool is_over, const std::optional<failure>& failed, Opened opened, Completed completed) {
    if (failed && (opening_ || whole_)) {
      auto why = to_error(*failed);
      if (opening_)
        std::exchange(opening_, std::nullopt)->deliver(why);
      if (whole_)
        std::exchange(whole_, std::nullopt)->deliver(why);
      return true;
    }
    if (opening_ && (is_over || shown_))
      std::exchange(opening_, std::nullopt)->deliver(opened());
    if (!whole_ || !is_over)
      return false;
    std::exchange(whole_, std::nullopt)->deliver(completed());
    return true;
  }

  /// What becomes of an answer that is longer than this server keeps: clients of stateless APIs know `length`.
  finish_reason reason_of_excess() const { return by_status_ ? finish_reason::length : finish_reason::error; }
  std::optional<answer_error> error_of_excess() const {
    if (by_status_)
      return std::nullopt;
    return answer_error{ec::answer_too_large, "The answer is longer than this server keeps; it was ended here."};
  }

  /// What is said of an answer that is stopped: a session's transcript says by whom, a stateless client must be told to try
  /// again.
  std::optional<answer_error> error_of_stop() const {
    if (!by_status_)
      return std::nullopt;
    return answer_error{ec::unavailable, "This server is shutting down; please try again."};
  }

private:
  bool by_status_;
  bool shown_;
  /// The client's request, until it is answered.
  std::optional<caf::typed_response_promise<run_opened>> opening_;
  std::optional<caf::typed_response_promise<completed_run>> whole_;
};

} // namespace parley
