#pragma once
// What a node gives to all its actors: its event loops, requests to upstreams, alarms, and what is constant.
//
// Messages between actors stay within the process: they are values or `shared_ptr<const T>`, moved, never serialised.

#include "actors/node/error.hpp"
#include "actors/node/homed.hpp"
#include "core/limits.hpp"
#include "core/model.hpp"
#include "core/time.hpp"
#include "wire/dialects/codec.hpp"

#include <caf/actor_addr.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <functional>
#include <memory>
#include <string_view>

namespace parley {

/// Sends `alarm_tick` to its actor when due. Used on the actor's home loop only.
class alarm {
public:
  virtual ~alarm() = default;
  /// Replaces an earlier time.
  virtual void set(steady::time_point when) = 0;
  virtual void cancel() = 0;
};

/// Due time of an actor's alarm. It may come late, never early; a tick of a cancelled alarm may still come.
struct alarm_tick {};

/// Hears of one upstream request. Called on the home loop, never from within `home_loop::call`.
/// After `ended` or `failed` nothing more comes; nor after the `upstream_call` was destroyed, which any of these may do.
class upstream_handler {
public:
  virtual ~upstream_handler() = default;
  /// Connected (or a pooled connection was taken): the connect clock stops.
  virtual void connected() = 0;
  /// `retry_after` is the response header in seconds, 0 if there is none.
  virtual void responded(int status, int retry_after) = 0;
  virtual void received(std::string_view body) = 0;
  /// The body is whole.
  virtual void ended() = 0;
  /// No connection, or it broke. `upstream_unreachable` or `upstream_truncated` or `upstream_malformed`.
  virtual void failed(failure why) = 0;
};

/// A request under way; destroying it closes the request at once.
class upstream_call {
public:
  virtual ~upstream_call() = default;
};

/// One of the node's event loops, as the actors see it. Lives longer than all actors.
class home_loop {
public:
  virtual ~home_loop() = default;
  /// Where its actors run; null leaves them to the system's scheduler (tests).
  virtual caf::execution_unit* unit() = 0;
  virtual steady::time_point now() const = 0;
  virtual std::unique_ptr<alarm> make_alarm(caf::actor_addr target) = 0;
  virtual std::unique_ptr<upstream_call> call(const std::shared_ptr<const upstream>& at, wire::upstream_request what,
                                              upstream_handler& handler) = 0;
};

/// What all actors of a node share, constant.
struct node_context {
  catalogue models;
  limits bounds;
  /// Wall clock, for time stamps.
  std::function<unix_ms()> wall;
  /// Called when no run is left and logs or sessions were let go of: a good time to give memory back. May be empty. Any thread.
  std::function<void()> at_rest;
};

using node_context_ptr = std::shared_ptr<const node_context>;

/// Take no new runs (`unavailable`). Answered when no run is left.
struct drain_node {
  /// Those under way are not waited for: they end as `interrupted`.
  bool interrupt = false;
};

} // namespace parley

// Kept sorted. All of them stay within the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::alarm_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::drain_node)
