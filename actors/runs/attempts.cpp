#include "actors/runs/attempts.hpp"

#include "core/check.hpp"

#include <algorithm>

namespace parley {

namespace {

/// A connection or an HTTP status that another try may better. What a provider says of the request itself stays.
bool worth_repeating(ec code) {
  return code != ec::invalid_request && code != ec::upstream_rejected && code != ec::answer_too_large;
}

/// Before the `n`th repetition.
steady::duration backoff(int n) {
  constexpr int most_doublings = 8; // beyond the bound, and far from an overflow
  return std::min<steady::duration>(first_backoff * (1 << std::min(n - 1, most_doublings)), longest_backoff);
}

std::vector<std::shared_ptr<const model>> at_least_one(std::vector<std::shared_ptr<const model>> targets) {
  check(!targets.empty(), "an answer has a model that is asked");
  return targets;
}

} // namespace

attempts::attempts(std::vector<std::shared_ptr<const model>> targets, bool may_restart)
  : targets_(at_least_one(std::move(targets))), may_restart_(may_restart), tries_left_(target().retries) {}

void attempts::asked(steady::time_point now) {
  phase_ = phase::connecting;
  retry_after_ = std::chrono::seconds{0};
  began_ = last_read_ = now;
}

void attempts::connected() {
  if (phase_ == phase::connecting)
    phase_ = phase::waiting;
}

next_attempt attempts::failed(failure why, steady::time_point now) {
  auto repeats = tries_left_ > 0 && worth_repeating(why.code);
  auto begin_again = streaming();
  if (begin_again && !(repeats && may_restart_ && target().restart_on_failure))
    return give_up{std::move(why)};
  if (repeats) {
    --tries_left_;
    ++repeats_;
    phase_ = phase::backing_off;
    resume_at_ = now + std::clamp<steady::duration>(retry_after_, backoff(repeats_), longest_backoff);
    return wait_until{resume_at_, begin_again};
  }
  if (target_ + 1 == targets_.size())
    return give_up{std::move(why)};
  ++target_;
  tries_left_ = target().retries;
  repeats_ = 0;
  return ask_now{};
}

next_attempt attempts::due(steady::time_point now) {
  if (phase_ == phase::backing_off)
    return ask_now{};
  return failed({ec::upstream_timeout, std::string{clock_that_ran_out(now)}, {}}, now);
}

steady::time_point attempts::deadline() const {
  auto whole = began_ + clocks().whole;
  switch (phase_) {
  case phase::connecting:
    return std::min(whole, began_ + clocks().connect);
  case phase::waiting:
    return std::min(whole, began_ + clocks().first_token);
  case phase::streaming:
    return std::min(whole, last_read_ + clocks().idle);
  case phase::backing_off:
    break;
  }
  return resume_at_;
}

std::string_view attempts::clock_that_ran_out(steady::time_point now) const {
  if (now >= began_ + clocks().whole)
    return "The provider didn't finish its answer in time.";
  switch (phase_) {
  case phase::connecting:
    return "The provider couldn't be reached in time.";
  case phase::waiting:
    return "The provider didn't begin to answer in time.";
  case phase::streaming:
  case phase::backing_off: // no clock runs
    break;
  }
  return "The provider fell silent in the middle of its answer.";
}

} // namespace parley
