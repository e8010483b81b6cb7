#pragma once
// A session's life: whether it is there for its clients, and whether what it has in memory is what is stored. A value: the
// session's actor asks the store, and says here what came of it.

#include "core/ids.hpp"

#include <caf/error.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace parley {

/// ```
///            begin_reload              reload_failed
///   open ─────────────────▶ reloading ───────────────▶ pausing
///    │ ▲ ◀───────────────────  │  ▲ ◀─────────────────── │
///    │ │        reloaded       │       begin_reload       │
///    │ │                       ▼ remove                   │
///    │ │ not_removed        stopping ◀────────────────────┤
///    │ │                       │ begin_removal            │
///    │ └────────────────── removing                       │
///    │                         │ removed                  │
///    │ remove                  ▼                          │
///    └────────▶ stopping    removed                remove ┘
/// ```
enum class session_phase : std::uint8_t {
  /// Takes every request.
  open,
  /// The store has been asked for the stored state. No run begins and no vote is taken.
  reloading,
  /// The store did not tell. It is asked again after a pause, or for the next request that needs it.
  pausing,
  /// A client wants the session deleted, and its run is to stop first. Requests are refused as if it were deleted.
  stopping,
  /// The store has been asked to delete it.
  removing,
  /// The store has deleted it, and its actor ends.
  removed,
};

std::string_view name(session_phase phase);

class session_life {
public:
  /// Called with null once the stored state is there, else with why it is not.
  using continuation = std::function<void(const caf::error* failed)>;

  session_life() = default;
  /// `id` is for the log.
  explicit session_life(session_id id) : id_(id) {}

  session_phase phase() const { return phase_; }

  /// No run begins, and a replay would not tell what is stored.
  bool is_reloading() const { return phase_ == session_phase::reloading || phase_ == session_phase::pausing; }

  /// Deleted, or about to be.
  bool is_going() const { return phase_ >= session_phase::stopping; }

  // -- reloading --------------------------------------------------------------------------------------------------------

  /// What is in memory may not be what is stored. `over`, if given, is a run that has ended without telling how: the stored
  /// state will tell.
  void owe_reload(std::optional<run_id> over = std::nullopt);

  /// True if the store must be asked now, because a reload is owed. It waits for a run that goes on (`busy`), which could not be
  /// stored any more with the epoch that it has, and for what becomes of a removal.
  bool begin_reload(bool busy);

  /// The stored state is there. Returns the run that is over with it.
  std::optional<run_id> reloaded();

  /// The store did not tell: the reload is still owed. Returns how often that has happened, which tells one pause from another.
  std::uint64_t reload_failed();

  std::uint64_t failed_reloads() const { return failed_reloads_; }

  /// `go_on` is called by the next `tell_waiting`.
  void wait(continuation go_on) { waiting_.push_back(std::move(go_on)); }

  void tell_waiting(const caf::error* failed);

  // -- removal ----------------------------------------------------------------------------------------------------------

  void remove() { enter(session_phase::stopping); }

  /// True if the store must be asked now: nothing is left to stop, and it was not asked before.
  bool begin_removal();

  void removed() { enter(session_phase::removed); }
  void not_removed() { enter(session_phase::open); }

private:
  void enter(session_phase next);

  session_id id_;
  session_phase phase_ = session_phase::open;
  /// The store must be asked before the next run begins.
  bool reload_owed_ = false;
  /// The run that the stored state will end.
  std::optional<run_id> over_;
  std::uint64_t failed_reloads_ = 0;
  std::vector<continuation> waiting_;
};

} // namespace parley
