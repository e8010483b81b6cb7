#include "persistence/spool/spool_file.hpp"

#include "persistence/sqlite/sqlite_connect.hpp"
#include "persistence/sqlite/sqlite_rows.hpp"

#include <mutex>

namespace parley::persistence {

namespace {

/// "ParS"; the store's own databases have another.
constexpr std::int64_t spool_application_id = 0x50617253;

/// The columns of the SQLite store's messages, so that both are read and written alike.
constexpr const char* waiting_answers = R"sql(
CREATE TABLE answers (
  seq               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- the order in which they came
  id                BLOB    NOT NULL UNIQUE,
  session_id        BLOB    NOT NULL,
  turn_id           BLOB    NOT NULL,
  parent_id         BLOB,
  role              TEXT    NOT NULL,
  seat              INTEGER,
  attempt           INTEGER NOT NULL,
  run_id            BLOB,
  status            TEXT    NOT NULL,
  finish_reason     TEXT,
  error_code        TEXT,
  error_message     TEXT,
  model_id          TEXT,
  model_name        TEXT,
  prompt_tokens     INTEGER,
  completion_tokens INTEGER,
  usage_reported    INTEGER,
  first_token_ms    INTEGER,
  total_ms          INTEGER,
  created_at        INTEGER NOT NULL,
  completed_at      INTEGER NOT NULL,
  tool_calls        TEXT,
  reasoning         TEXT    NOT NULL,
  content           TEXT    NOT NULL,
  recovered         INTEGER NOT NULL,
  epoch             INTEGER NOT NULL, -- of the session, as the node held it
  refused           TEXT              -- why the store will never take it; NULL while it may
) STRICT;

CREATE INDEX answers_waiting ON answers (seq) WHERE refused IS NULL;
)sql";

constexpr const char* answer_stretches = R"sql(
ALTER TABLE answers ADD COLUMN stretches TEXT;
)sql";

constexpr const char* migrations[] = {waiting_answers, answer_stretches};

/// What one transaction of the store should carry.
constexpr std::size_t chunk_answers = 200;
constexpr std::size_t chunk_bytes = 8 * 1024 * 1024;

tl::unexpected<failure> failed(const std::exception& why) {
  return fail(ec::store_unavailable, std::string{"The spool failed: "} + why.what() + ".");
}

class spool_file final : public spool {
public:
  explicit spool_file(sqlite::connection opened) : db_(std::move(opened)) {}

  std::vector<expected<void>> add(std::span<const store_answer> answers) override {
    std::lock_guard guard{mutex_};
    auto put = [this](const store_answer& what) { insert_message(insert_, what.answer, what.held); };
    auto all = write([&] {
      for (auto& each : answers)
        put(each);
    });
    if (all || answers.size() == 1)
      return std::vector<expected<void>>(answers.size(), all);
    std::vector<expected<void>> results;
    for (auto& each : answers)
      results.push_back(write([&] { put(each); }));
    return results;
  }

  expected<std::vector<spooled_answer>> oldest() override {
    std::lock_guard guard{mutex_};
    try {
      std::vector<spooled_answer> result;
      std::size_t bytes = 0;
      auto found = select_.query(chunk_answers);
      while (bytes < chunk_bytes && found.next()) {
        auto answer = message_in(found);
        bytes += answer.content.size() + answer.reasoning.size();
        result.push_back({found.integer(0), {answer.session, static_cast<epoch>(found.integer(27)), std::move(answer)}});
      }
      return result;
    } catch (const std::exception& why) {
      return failed(why);
    }
  }

  expected<void> remove(std::span<const std::int64_t> numbers) override {
    std::lock_guard guard{mutex_};
    return write([&] {
      for (auto number : numbers)
        erase_.run(number);
    });
  }

  expected<void> set_aside(std::int64_t number, std::string_view reason) override {
    std::lock_guard guard{mutex_};
    return write([&] { refuse_.run(number, reason); });
  }

private:
  /// In a transaction, which is on the disk when this returns.
  template <class Function>
  expected<void> write(Function&& work) {
    try {
      begin_.run();
      work();
      commit_.run();
      return {};
    } catch (const std::exception& why) {
      db_.roll_back();
      return failed(why);
    }
  }

  /// SQLite's connection is for one thread at a time.
  std::mutex mutex_;
  sqlite::connection db_;
  sqlite::statement begin_ = db_.prepare("BEGIN IMMEDIATE");
  sqlite::statement commit_ = db_.prepare("COMMIT");
  sqlite::statement insert_ = db_.prepare("INSERT INTO answers (" PARLEY_MESSAGE_COLUMNS
                                          ", epoch) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                          "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
  sqlite::statement select_ =
    db_.prepare("SELECT " PARLEY_MESSAGE_COLUMNS ", epoch FROM answers WHERE refused IS NULL ORDER BY seq LIMIT ?");
  sqlite::statement erase_ = db_.prepare("DELETE FROM answers WHERE seq = ?");
  sqlite::statement refuse_ = db_.prepare("UPDATE answers SET refused = ?2 WHERE seq = ?1");
};

} // namespace

expected<std::unique_ptr<spool>> open_spool(const std::filesystem::path& file, std::int64_t max_bytes) {
  try {
    sqlite_options options;
    options.max_bytes = max_bytes;
    return std::make_unique<spool_file>(connect_writer(file, options, {spool_application_id, migrations}));
  } catch (const std::exception& why) {
    return fail(ec::unavailable, "The spool " + file.string() + " cannot be used: " + why.what() + ".");
  }
}

} // namespace parley::persistence
