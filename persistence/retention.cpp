#include "persistence/retention.hpp"

#include "actors/node/faults.hpp"
#include "persistence/postgres/postgres_connection.hpp"
#include "persistence/postgres/postgres_rows.hpp"
#include "persistence/sqlite/sqlite_connect.hpp"

#include <spdlog/spdlog.h>

namespace parley::persistence {

namespace {

/// Ids begin with the time of their making (UUIDv7, RFC 9562), and nothing is changed before it is made: what was last changed
/// before a time has a smaller id than this. So the primary key finds the few rows to look at.
session_id first_id_of(unix_ms time) {
  session_id result;
  result.bytes.fill(0);
  for (int i = 5; i >= 0; --i, time /= 256)
    result.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(time % 256);
  return result;
}

class expired_sqlite final : public expired_sessions {
public:
  explicit expired_sqlite(std::filesystem::path file) : file_(std::move(file)) {}

  expected<std::size_t> remove(unix_ms before, std::size_t limit) override {
    try {
      if (!db_)
        db_.emplace(connect_second_writer(file_, {}));
      // One statement is one transaction.
      db_
        ->prepare("DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s WHERE s.id < ?1 AND s.updated_at < ?2 "
                  "AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.session_id = s.id AND m.status IN ('pending', 'streaming')) "
                  "ORDER BY s.id LIMIT ?3)")
        .run(first_id_of(before), before, limit);
      return static_cast<std::size_t>(db_->integer("SELECT changes()"));
    } catch (const std::exception& why) {
      return fail(ec::store_unavailable, why.what());
    }
  }

private:
  std::filesystem::path file_;
  std::optional<sqlite::connection> db_;
};

class expired_postgres final : public expired_sessions {
public:
  explicit expired_postgres(const postgres_options& options) : server_(options, postgres::access::write) {}

  expected<std::size_t> remove(unix_ms before, std::size_t limit) override {
    try {
      server_.start_call();
      return server_.in_transaction([&](postgres::transaction& in) { return remove(in, before, limit); });
    } catch (const std::exception& why) {
      auto reason = server_.reason(why);
      server_.drop();
      return fail(ec::store_unavailable, reason);
    }
  }

private:
  static std::size_t remove(postgres::transaction& in, unix_ms before, std::size_t limit) {
    static const std::string nothing_runs = "NOT EXISTS (SELECT FROM messages m WHERE m.session_id = s.id "
                                            "AND m.status IN ('pending', 'streaming'))";
    // Locked first, those that another writer or another node has just now passed over; what runs is looked at again by a
    // statement that sees all that was committed before the lock.
    postgres::array locked;
    auto found = in.run(
      std::string{"SELECT s.id FROM sessions s WHERE s.id < $1::uuid AND s.updated_at < " PARLEY_FROM_MS("$2::bigint") " AND "}
        + nothing_runs + " ORDER BY s.id LIMIT $3::bigint FOR UPDATE SKIP LOCKED",
      to_string(first_id_of(before)), before, limit);
    for (auto row : found)
      locked.add(postgres::id_in<session_id>(row[0]));
    if (found.empty())
      return 0;
    auto removed = in.run("DELETE FROM sessions s WHERE s.id = ANY($1::uuid[]) AND " + nothing_runs, locked.text());
    return static_cast<std::size_t>(removed.affected_rows());
  }

  postgres::connection server_;
};

} // namespace

std::unique_ptr<expired_sessions> expired_in_sqlite(const std::filesystem::path& file) {
  return std::make_unique<expired_sqlite>(file);
}

std::unique_ptr<expired_sessions> expired_in_postgres(const postgres_options& options) {
  return std::make_unique<expired_postgres>(options);
}

retention::retention(std::unique_ptr<expired_sessions> from, retention_options options)
  : from_(std::move(from)), options_(std::move(options)), thread_([this] { run(); }) {}

retention::~retention() {
  {
    std::lock_guard guard{mutex_};
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void retention::run() {
  std::size_t removed = 0;
  for (bool more = true; more;) {
    expected<std::size_t> done = fail(ec::internal, "It failed by a defect of the server");
    guarded("retention_thread", [&] { done = from_->remove(options_.now() - options_.keep.count(), options_.batch); });
    removed += done.value_or(0);
    if (done && *done == options_.batch) {
      more = sleep(options_.pause);
      continue;
    }
    if (!done)
      spdlog::warn("Expired sessions could not be deleted: {}.", done.error().message);
    if (removed > 0)
      spdlog::info("deleted {} expired sessions", removed);
    removed = 0;
    more = sleep(options_.rest);
  }
}

bool retention::sleep(std::chrono::milliseconds time) {
  std::unique_lock guard{mutex_};
  return !changed_.wait_for(guard, time, [this] { return ends_; });
}

} // namespace parley::persistence
