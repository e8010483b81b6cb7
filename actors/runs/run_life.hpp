#pragma once
// How long a run lives: it outlives its readers, or ends with the one client that asked. One of a run's three policies
// (decision 0018). A value.

#include "core/time.hpp"

#include <caf/actor_addr.hpp>

#include <optional>
#include <utility>

namespace parley {

class run_life {
public:
  static constexpr auto never = steady::time_point::max();

  /// Answers are made whether or not anybody reads. With a grace, they are cancelled once nobody has read for that long, counted
  /// from `now` on.
  static run_life outlives_readers(std::optional<steady::duration> grace, steady::time_point now) {
    run_life result;
    result.grace_ = grace;
    result.readerless_since_ = now;
    return result;
  }

  /// It belongs to that client: when the client ends, so does the run, at once.
  static run_life ends_with(caf::actor_addr client) {
    run_life result;
    result.client_ = std::move(client);
    return result;
  }

  bool has_client() const { return bool{client_}; }
  bool is_client(const caf::actor_addr& who) const { return client_ && client_ == who; }

  void reader_came() { readerless_since_ = never; }

  /// Nobody reads, since `now` if somebody did before.
  void readers_left(steady::time_point now) {
    if (readerless_since_ == never)
      readerless_since_ = now;
  }

  /// True, once, if it was due: its answers are to be cancelled.
  bool take_abandoned(steady::time_point now) {
    if (now < due())
      return false;
    readerless_since_ = never;
    return true;
  }

  /// When nobody has read for the grace; `never` while somebody does, or without a grace.
  steady::time_point due() const { return grace_ && readerless_since_ != never ? readerless_since_ + *grace_ : never; }

private:
  run_life() = default;

  std::optional<steady::duration> grace_;
  /// `never` while somebody reads.
  steady::time_point readerless_since_ = never;
  /// Null if the run outlives its readers.
  caf::actor_addr client_;
};

} // namespace parley
