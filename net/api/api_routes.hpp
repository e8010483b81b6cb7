#pragma once
// The routes of the public contract (`docs/protocol.md`, "HTTP"). A handler checks its request, sends one message to
// `sessions`, and turns what comes back into the answer.

#include "actors/leaderboard/api.hpp"
#include "actors/sessions/api.hpp"
#include "net/server/router.hpp"
#include "net/server/websockets.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace parley::net {

/// What the handlers share, constant but for the flag.
struct api_context {
  sessions_actor sessions;
  completions_actor completions;
  persistence_actor store;
  leaderboard_actor leaderboard;
  node_context_ptr node;
  std::string version;
  std::string node_name;
  origin_policy origins;
  /// Set when the node begins to drain; main's. From then on `/ready/` says 503.
  std::shared_ptr<const std::atomic<bool>> draining;
  std::shared_ptr<websockets> sockets;
};

using api_context_ptr = std::shared_ptr<const api_context>;

router make_routes(const api_context_ptr& api);

/// Sends `what` to `sessions` as the connection's actor, for whom the exchange is; `beside` travels with it. `then` gets the
/// answer. `then` and `otherwise(failure)` may use `ex`: neither is called once the connection is gone.
template <class Request, class Then, class Otherwise, class... Beside>
void ask_sessions_or(const api_context& api, exchange& ex, Request what, Then then, Otherwise otherwise, Beside... beside) {
  what.by = ex.by();
  ex.self()
    .request(api.sessions, defaults::actor_timeout, std::move(what), beside...)
    .then(std::move(then), [otherwise = std::move(otherwise)](const caf::error& why) mutable { otherwise(to_failure(why)); });
}

/// The same; a failure becomes the error object.
template <class Request, class Then, class... Beside>
void ask_sessions(const api_context& api, exchange& ex, Request what, Then then, Beside... beside) {
  ask_sessions_or(
    api, ex, std::move(what), std::move(then), [&ex](const failure& why) { ex.refuse(why); }, beside...);
}

/// Asks for a run without a session, as the connection's actor. Without a time limit: the upstreams' clocks bound it.
template <class Request, class Then>
void ask_completions(const api_context& api, exchange& ex, Request what, Then then) {
  what.what.by = ex.by();
  ex.self().request(api.completions, caf::infinite, std::move(what)).then(std::move(then), [&ex](const caf::error& why) {
    ex.refuse(to_failure(why));
  });
}

} // namespace parley::net
