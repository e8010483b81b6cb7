#pragma once
// What should not happen, or not often: an actor that dies, an exception in a callback, a broken invariant, a reader that is
// dropped. Each is one line of the log, with the ids of what it is about, and is counted. The counts are the process's, as the
// log is. All of this may be called on any thread. It knows nothing of CAF, so that a reactor can use it.

#include "core/ids.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace parley {

/// What a line of the log is about, as far as it is known.
struct log_ids {
  session_id session;
  run_id run;
  std::string request;
};

/// `session=… run=… request=… `, without those that are not known: the beginning of a line.
std::string to_string(const log_ids& ids);

/// Why a reader of a run's log was let go before the log's end.
enum class reader_drop : std::uint8_t {
  /// Its actor ended: a client that went away, mostly.
  died,
  /// A WebSocket client took nothing while more than its bound waited for it.
  too_slow,
  /// An HTTP client took nothing for the write timeout.
  write_timeout,
  /// A defect of ours ended the log, or the feed that read it.
  defect,
};

constexpr std::size_t reader_drops = 4;

std::string_view name(reader_drop why);

struct fault_counts {
  /// Actors that ended otherwise than by `user_shutdown` or at their own wish, by name.
  std::map<std::string, std::uint64_t, std::less<>> deaths;
  /// Exceptions that left an actor's handler, or the callback of a socket, a timer, a task or a thread.
  std::uint64_t exceptions = 0;
  /// Those of them that were thrown by `check`.
  std::uint64_t broken_invariants = 0;
  /// By `reader_drop`.
  std::array<std::uint64_t, reader_drops> dropped_readers{};
};

/// Since the process began.
fault_counts faults();

/// Within a catch block: counts the exception that is being handled, and returns what it says.
std::string note_exception();

/// Within a catch block: as `note_exception`, and logs it as an error of `callback`, which names whose it was.
void report_exception(std::string_view callback, const log_ids& ids = {});

void report_death(std::string_view actor, std::string_view why, const log_ids& ids);

/// Ordinary for one that `died`, which is logged only at the level `debug`.
void report_dropped_reader(reader_drop why, const log_ids& ids);

/// Runs `what`, and reports an exception that leaves it. False if one did.
template <class F>
bool guarded(std::string_view callback, F&& what) {
  try {
    what();
    return true;
  } catch (...) {
    report_exception(callback);
    return false;
  }
}

} // namespace parley
