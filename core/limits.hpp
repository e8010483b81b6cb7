#pragma once
// The limits and times that actors keep to. The configuration overrides them, each with its reason in `config/parley.toml`.

#include <chrono>
#include <cstddef>

namespace parley {

struct limits {
  /// One answer's text, reasoning and tool calls together; beyond it the answer ends `answer_too_large`.
  std::size_t max_answer_bytes = 4 * 1024 * 1024;
  /// All texts of one session; beyond it no new turn (413).
  std::size_t max_session_bytes = 64 * 1024 * 1024;
  /// Text sent upstream as the conversation so far.
  std::size_t history_bytes = 256 * 1024;
  /// What a reader may have unread before it is served from the log in larger pieces.
  std::size_t reader_window_bytes = 256 * 1024;
  /// The same for a subscriber that reads with all others, before it is served by itself.
  std::size_t subscriber_window_bytes = 64 * 1024;
  /// Checkpoints of a running answer: whichever comes first.
  std::chrono::milliseconds checkpoint_interval{2'000};
  std::size_t checkpoint_bytes = 8 * 1024;
  /// How long the log of a finished run can be replayed …
  std::chrono::milliseconds replay_window{300'000};
  /// … and how much memory all finished runs' logs may take; the oldest go first.
  std::size_t replay_bytes = 64 * 1024 * 1024;
  /// Silence on a stream before a heartbeat.
  std::chrono::milliseconds heartbeat{15'000};
  /// With `on_disconnect: cancel`: how long a run goes on without a reader.
  std::chrono::milliseconds cancel_grace{5'000};
  /// A session nobody used for that long leaves memory.
  std::chrono::milliseconds session_idle{600'000};
};

namespace defaults {

/// A commit takes milliseconds; one that takes this long is a store in trouble, and the client is told so.
constexpr std::chrono::seconds store_timeout{10};

/// An actor answers at once unless it waits for the store.
constexpr std::chrono::seconds actor_timeout{15};

} // namespace defaults

} // namespace parley
