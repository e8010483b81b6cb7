#pragma once
// The store interface. One contract suite (`tests/persistence/store_contract.hpp`) runs on every implementation.

#include "persistence/store/spool.hpp"

#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace parley::persistence {

/// An answer as it is in the store now, or nothing: its session, or the message, is gone.
using recovered_answer = std::optional<message>;

/// Used by one thread at a time. Blocks. Throws nothing.
/// Any call may fail with `ec::store_unavailable`: nothing of it was done, or what was done cannot be known, and the
/// caller may repeat it: every write is safe to repeat.
class store {
public:
  virtual ~store() = default;

  /// Carries out the writes in their order in one transaction, and returns once it is durable. A write that fails (a
  /// conflict, a fence) takes nothing of the others with it. One result for each write.
  virtual std::vector<expected<store_written>> write(std::span<const store_write> batch) = 0;

  /// Stores answers that waited elsewhere (see `spool`) while the store was away, in one transaction. An answer whose session
  /// was opened anew meanwhile, or whose message got another final state, becomes an attempt of its own, marked `recovered`.
  /// One result for each. Safe to repeat: it makes no second attempt.
  virtual std::vector<expected<recovered_answer>> recover(std::span<const store_answer> answers) = 0;

  virtual expected<session_page> list(const list_sessions& what) = 0;
  virtual expected<session> find(const find_session& what) = 0;
  virtual expected<message> find(const find_message& what) = 0;
  virtual expected<message_page> list(const list_messages& what) = 0;
  virtual expected<vote_tally> tally(const tally_votes& what) = 0;

  /// Asks the database for a sign of life.
  virtual expected<void> ping() = 0;
};

/// Connections to one database, for a thread each.
struct stores {
  std::unique_ptr<store> writer;
  /// At least one. They see what was committed when a read began, wait for no write and hold none up; their `write` fails.
  std::vector<std::unique_ptr<store>> readers;

  // Of a store that may be away while the node goes on; else both are null.
  /// Where answers wait meanwhile.
  std::unique_ptr<persistence::spool> spool = nullptr;
  /// Tells whether the database answers, also while the others are busy.
  std::unique_ptr<store> sentinel = nullptr;
};

} // namespace parley::persistence
