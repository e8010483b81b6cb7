#pragma once
// Who asks: what each request of a client carries on its way through the actors, so that whoever carries it out can say whether
// that principal may have it, and name the request in the log.

#include <string>

namespace parley {

/// For whom a request is carried out.
struct principal {
  /// Empty for the one local user, who owns all that is stored. There are no others yet.
  std::string user;

  friend bool operator==(const principal&, const principal&) = default;
};

struct ask {
  principal who;
  /// The client's `X-Request-Id`, or the one that its connection made for the request.
  std::string request_id;

  friend bool operator==(const ask&, const ask&) = default;
};

/// Lists the fields, for CAF's serialiser (`caf::binary_serializer` and its like) among others.
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, principal& x) {
  return f(x.user);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ask& x) {
  return f(x.who, x.request_id);
}

} // namespace parley
