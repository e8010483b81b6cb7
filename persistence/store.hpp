#pragma once
// The store interface. One contract suite (`tests/persistence/store_contract.hpp`) runs on every implementation.

#include "core/store_request.hpp"

#include <memory>
#include <span>
#include <vector>

namespace parley::persistence {

/// Used by one thread at a time. Blocks. Throws nothing.
/// Any call may fail with `ec::store_unavailable`: nothing of it was done, or what was done cannot be known, and the
/// caller may repeat it: every write is safe to repeat.
class store {
public:
  virtual ~store() = default;

  /// Carries out the writes in their order in one transaction, and returns once it is durable. A write that fails (a
  /// conflict, a fence) takes nothing of the others with it. One result for each write.
  virtual std::vector<expected<store_written>> write(std::span<const store_write> batch) = 0;

  virtual expected<session_page> list(const list_sessions& what) = 0;
  virtual expected<session> find(const find_session& what) = 0;
  virtual expected<message> find(const find_message& what) = 0;
  virtual expected<message_page> list(const list_messages& what) = 0;

  /// Asks the database for a sign of life.
  virtual expected<void> ping() = 0;
};

/// Connections to one database, for a thread each.
struct stores {
  std::unique_ptr<store> writer;
  /// At least one. They see what was committed when a read began, wait for no write and hold none up; their `write` fails.
  std::vector<std::unique_ptr<store>> readers;
};

} // namespace parley::persistence
