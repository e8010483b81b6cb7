#pragma once
// Deletes sessions that nobody has changed for a long time.
//
// A session expires a time after its last change; looking at it doesn't renew it. It is not deleted while an answer in it is
// under way. That is checked in the transaction that deletes, and turns are appended by transactions that lock the same
// session: a turn at the last moment either comes first, and keeps the session, or finds it gone, as if its user had deleted
// it. So nothing has to be asked of the sessions in memory, of this node or of others.

#include "core/message.hpp"
#include "persistence/postgres/postgres_store.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace parley::persistence {

/// A connection of its own to a store, which others use. Used by one thread at a time; blocks, throws nothing.
class expired_sessions {
public:
  virtual ~expired_sessions() = default;

  /// Deletes sessions that were last changed before that time, `limit` at most; how many.
  virtual expected<std::size_t> remove(unix_ms before, std::size_t limit) = 0;
};

/// In a database that a store has opened.
std::unique_ptr<expired_sessions> expired_in_sqlite(const std::filesystem::path& file);
std::unique_ptr<expired_sessions> expired_in_postgres(const postgres_options& options);

struct retention_options {
  /// What is older goes.
  std::chrono::milliseconds keep{0};
  /// One transaction deletes so many at most, so that no other waits for it long, …
  std::size_t batch = 20;
  /// … and leaves the store to others for that time, …
  std::chrono::milliseconds pause{200};
  /// … or for that time if nothing was left to do.
  std::chrono::milliseconds rest{60'000};
  std::function<unix_ms()> now;
};

/// Does so on a thread of its own, until destroyed. A store that fails is asked again after a rest.
class retention {
public:
  retention(std::unique_ptr<expired_sessions> from, retention_options options);
  retention(const retention&) = delete;
  retention& operator=(const retention&) = delete;
  ~retention();

private:
  void run();
  /// False when it ends.
  bool sleep(std::chrono::milliseconds time);

  std::unique_ptr<expired_sessions> from_;
  const retention_options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ends_ = false;
  std::thread thread_;
};

} // namespace parley::persistence
