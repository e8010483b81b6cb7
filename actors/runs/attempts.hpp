#pragma once
// How one answer is tried for: which model is asked, how often, after which pause, and how long each try may take. A value: it
// knows no actor, no socket and no clock. Who owns it (`model_stream`) says what happened and when, and does what comes back.
//
// The targets are asked in their order. Weights, circuit breakers and hedged requests belong here: they choose another target, or
// another time, and nobody else notices.

#include "core/error.hpp"
#include "core/model.hpp"
#include "core/time.hpp"

#include <chrono>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace parley {

/// Before a try is repeated: doubles with each, and a provider's Retry-After counts up to a bound.
constexpr std::chrono::milliseconds first_backoff{250};
constexpr std::chrono::seconds longest_backoff{5};

/// Ask `attempts::target()` now.
struct ask_now {};

/// Nothing is to be done before then. `begin_again`: what was shown of the answer counts no more, and its readers must be told.
struct wait_until {
  steady::time_point when;
  bool begin_again = false;
};

/// No try is left: the answer has failed.
struct give_up {
  failure why;
};

using next_attempt = std::variant<ask_now, wait_until, give_up>;

/// ```
/// connecting ──▶ waiting ──▶ streaming
///     ▲ │           │            │
///     │ └── failed ─┴────────────┘ (after the first token only with restart_on_failure)
///     │       │
///     └─ backing_off                    no try left: give_up
/// ```
class attempts {
public:
  /// `targets`: the model and its fallbacks, at least one. Without `may_restart` a model's `restart_on_failure` doesn't count.
  attempts(std::vector<std::shared_ptr<const model>> targets, bool may_restart);

  /// Whom the try under way asks, or the next one.
  const model& target() const { return *targets_[target_]; }

  /// The try begins: the target is being asked.
  void asked(steady::time_point now);

  /// The connection is there.
  void connected();

  /// The response's head is there. `retry_after` is its header's, 0 without one.
  void responded(std::chrono::seconds retry_after) { retry_after_ = retry_after; }

  /// Bytes came.
  void received(steady::time_point now) { last_read_ = now; }

  /// True once something of the answer was shown.
  bool streaming() const { return phase_ == phase::streaming; }

  /// The first of the answer is shown.
  void begin_streaming() { phase_ = phase::streaming; }

  /// The try has failed: a pause, another target at once, or the end.
  next_attempt failed(failure why, steady::time_point now);

  /// `deadline()` has come: the pause is over, or the try has failed by one of its clocks.
  next_attempt due(steady::time_point now);

  /// When the pause is over, or a clock of the try runs out. Moves with each call above.
  steady::time_point deadline() const;

private:
  enum class phase { connecting, waiting, streaming, backing_off };

  const upstream_clocks& clocks() const { return target().at->clocks; }

  std::string_view clock_that_ran_out(steady::time_point now) const;

  std::vector<std::shared_ptr<const model>> targets_;
  bool may_restart_;
  phase phase_ = phase::connecting;
  /// Which of the targets is tried now.
  std::size_t target_ = 0;
  /// How often it may still be tried again, and how often it was.
  int tries_left_;
  int repeats_ = 0;
  /// Of the response under way.
  std::chrono::seconds retry_after_{0};
  steady::time_point began_;
  steady::time_point last_read_;
  /// End of the pause.
  steady::time_point resume_at_;
};

} // namespace parley
