#pragma once
// The answer to a request that shows messages: at once, or completed by the run that goes on.

#include "actors/sessions/transcript.hpp"

namespace parley {

/// `self` is the session's actor.
template <class Self, class Reply>
caf::result<Reply> answer_shown(Self self, expected<shown<Reply>> what) {
  if (!what)
    return to_error(what.error());
  if (!what->log)
    return std::move(what->reply);
  auto promise = self->template make_response_promise<Reply>();
  self->request(what->log, defaults::actor_timeout, snapshot_run{})
    .then(
      [promise, what = std::move(*what)](const run_snapshot& now) mutable {
        what.complete(what.reply, now);
        promise.deliver(std::move(what.reply));
      },
      [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

} // namespace parley
