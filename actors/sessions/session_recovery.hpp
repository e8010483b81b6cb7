#pragma once
// Whether what a session has in memory is what is stored, after the store or a coordinator failed it; and who waits until it is.
// A value: the session's actor asks the store.

#include "core/ids.hpp"

#include <caf/error.hpp>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace parley {

/// ```
/// known ──▶ asking ◀──▶ pausing
///   ▲          │
///   └──────────┘
/// ```
class session_recovery {
public:
  /// Called with null once the store has given its word, else with why it didn't.
  using continuation = std::function<void(const caf::error* failed)>;

  /// No run is begun or shown meanwhile.
  bool under_way() const { return phase_ != phase::known; }

  /// The store has been asked, and hasn't answered.
  bool asking() const { return phase_ == phase::asking; }

  /// The store shall be asked, but not now.
  void postpone() { postponed_ = true; }
  bool postponed() const { return postponed_; }

  /// `over`, if given, is a run that the store's word will end.
  void ask(std::optional<run_id> over) {
    phase_ = phase::asking;
    postponed_ = false;
    if (over)
      over_ = over;
  }

  void wait(continuation go_on) { waiting_.push_back(std::move(go_on)); }

  /// The store has answered: the run that is over with it.
  std::optional<run_id> succeeded() {
    phase_ = phase::known;
    return std::exchange(over_, std::nullopt);
  }

  /// It didn't: it may be asked again after a pause.
  void failed() { phase_ = phase::pausing; }

  /// Of either.
  void tell_waiting(const caf::error* failed) {
    for (auto& go_on : std::exchange(waiting_, {}))
      go_on(failed);
  }

private:
  enum class phase { known, asking, pausing };

  phase phase_ = phase::known;
  bool postponed_ = false;
  std::optional<run_id> over_;
  std::vector<continuation> waiting_;
};

} // namespace parley
