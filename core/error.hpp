#pragma once
// What can go wrong, and how it travels: fallible functions return `expected<T>`.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace parley {

/// Each has a name in the public contract, see `name()`; the HTTP status is chosen in one place, `net/server/error_response`.
enum class ec : std::uint8_t {
  /// The request is malformed; `failure::param` says where.
  invalid_request,
  /// Known, but not allowed: a page of another origin, a host name that isn't ours.
  forbidden,
  /// Not there, or someone else's.
  not_found,
  /// The path exists, the method doesn't.
  method_not_allowed,
  /// The session has a run under way.
  turn_in_progress,
  /// The message id is taken, by other content or in another session.
  id_conflict,
  /// Only the newest turn of a branch can be answered anew.
  not_last_turn,
  /// There is a vote on this turn; votes don't change.
  already_voted,
  /// A body, a session or an answer is over its limit.
  too_large,
  /// A body that isn't JSON by its Content-Type.
  unsupported_media_type,
  /// The request's header is over its limit.
  header_too_large,
  /// The client was too slow to send its request.
  request_timeout,
  /// Draining, over the connection limit, or without the store; worth trying again.
  unavailable,
  /// A defect of ours. The client learns nothing but the request's id.
  internal,
  /// No connection to the provider: name, TCP or TLS.
  upstream_unreachable,
  /// One of the four clocks ran out.
  upstream_timeout,
  /// 429 from the provider.
  upstream_rate_limited,
  /// The provider refused the request: another 4xx, or an error event.
  upstream_rejected,
  /// The stream ended without its format's end mark.
  upstream_truncated,
  /// Bytes that aren't the provider's format, or an event over 1 MiB.
  upstream_malformed,
  /// 5xx from the provider, or its own "overloaded".
  upstream_overloaded,
  /// Over `max_answer_bytes`; what came is kept.
  answer_too_large,
  /// The store couldn't take it, and nothing else could.
  store_unavailable,
  /// The write carries an older epoch than the store knows: another owner has the session now.
  fenced,
};

/// The code as clients see it: `invalid_request`, `upstream_timeout`, …
std::string_view name(ec code);

struct failure {
  ec code = ec::internal;
  /// A sentence for a person. Never a secret, never an address of an upstream.
  std::string message;
  /// Which field of the request, such as `messages[0].role`; may be empty.
  std::string param;
};

template <class T>
using expected = tl::expected<T, failure>;

inline tl::unexpected<failure> fail(ec code, std::string message, std::string param = {}) {
  return tl::unexpected<failure>{failure{code, std::move(message), std::move(param)}};
}

} // namespace parley
