#pragma once
// What a session asks of the store. It is counted, because the session's actor must not end while something is under way.

#include "actors/node/store_api.hpp"
#include "core/check.hpp"
#include "core/limits.hpp"

#include <utility>

namespace parley {

/// The store did not answer: it may have done what it was asked all the same.
inline bool may_be_stored(const caf::error& why) {
  auto code = to_failure(why).code;
  return code == ec::store_unavailable || code == ec::unavailable;
}

/// `Self` points to the actor that asks. Continuations are not called after the actor's end.
template <class Self>
class counted_store {
public:
  counted_store() = default;
  counted_store(Self self, persistence_actor store) : self_(self), store_(std::move(store)) {}

  bool is_busy() const { return under_way_ > 0; }

  /// Calls `then()` once it is durable, or `otherwise(error)`.
  template <class Write, class Then, class Otherwise>
  void write(Write what, Then then, Otherwise otherwise) {
    request<const store_written&>(
      std::move(what), [then = std::move(then)](const store_written&) mutable { then(); }, std::move(otherwise));
  }

  /// Calls `then(opened_session&)`, or `otherwise(error)`. Raises the session's epoch.
  template <class Then, class Otherwise>
  void open(session_id id, Then then, Otherwise otherwise) {
    request<opened_session&>(open_session{id}, std::move(then), std::move(otherwise));
  }

private:
  template <class Reply, class Request, class Then, class Otherwise>
  void request(Request what, Then then, Otherwise otherwise) {
    ++under_way_;
    self_->request(store_, defaults::store_timeout, std::move(what))
      .then(
        [this, then = std::move(then)](Reply reply) mutable {
          check(under_way_ > 0, "the store answers what it was asked");
          --under_way_;
          then(reply);
        },
        [this, otherwise = std::move(otherwise)](const caf::error& why) mutable {
          --under_way_;
          otherwise(why);
        });
  }

  Self self_{};
  persistence_actor store_;
  int under_way_ = 0;
};

} // namespace parley
