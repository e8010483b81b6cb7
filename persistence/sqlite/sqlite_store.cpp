#include "persistence/sqlite/sqlite_store.hpp"

#include "persistence/sqlite/sqlite.hpp"
#include "persistence/sqlite/sqlite_connect.hpp"
#include "persistence/sqlite/sqlite_writes.hpp"
#include "persistence/store/file_lock.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace parley::persistence {

namespace {

/// A page of messages ends early beyond this, so that no read takes hundreds of megabytes.
constexpr std::size_t page_bytes = 16 * 1024 * 1024;

class sqlite_store final : public store {
public:
  sqlite_store(sqlite::connection db, std::shared_ptr<const file_lock> lock) : lock_(std::move(lock)), db_(std::move(db)) {}

  std::vector<expected<store_written>> write(std::span<const store_write> batch) override {
    return carry_out_all<store_written>(
      batch, [this](const store_write& what) { return std::visit([this](auto& one) { return writes_.apply(one); }, what); });
  }

  std::vector<expected<recovered_answer>> recover(std::span<const store_answer> answers) override {
    return carry_out_all<recovered_answer>(answers, [this](const store_answer& what) { return writes_.take_back(what); });
  }

  expected<session_page> list(const list_sessions& what) override {
    return read<session_page>([&]() -> expected<session_page> {
      session_page page;
      // Ids of sessions are ours, and rise with time: a page can be asked for after a session that is gone meanwhile.
      session_id last;
      last.bytes.fill(0xff);
      auto limit = std::max<std::int64_t>(what.limit, 1);
      auto found = sessions_before_.query(what.after.value_or(last), limit + 1);
      while (found.next()) {
        if (std::ssize(page.data) == limit) {
          page.more = true;
          break;
        }
        page.data.push_back(session_in(found));
      }
      return page;
    });
  }

  expected<session> find(const find_session& what) override {
    return read<session>([&] { return stored_.stored_session(what.id); });
  }

  expected<message> find(const find_message& what) override {
    return read<message>([&]() -> expected<message> {
      auto found = stored_.message_by_id.query(what.id);
      if (!found.next())
        return fail(ec::not_found, "There is no such message.");
      return stored_.message_so_far(found);
    });
  }

  expected<message_page> list(const list_messages& what) override {
    return read<message_page>([&]() -> expected<message_page> {
      if (auto there = stored_.stored_session(what.session_key); !there)
        return tl::unexpected{there.error()};
      std::int64_t after = 0;
      if (what.after) {
        auto found = stored_.message_by_id.query(*what.after);
        if (!found.next() || found.id<session_id>(2) != what.session_key)
          return fail(ec::invalid_request, "The session has no such message.", "after");
        after = found.integer(0);
      }
      message_page page;
      std::size_t bytes = 0;
      auto limit = std::max<std::int64_t>(what.limit, 1);
      auto found = stored_.messages_after.query(what.session_key, after, limit + 1);
      while (found.next()) {
        if (std::ssize(page.data) == limit || bytes > page_bytes) {
          page.more = true;
          break;
        }
        auto& added = page.data.emplace_back(stored_.message_so_far(found));
        bytes += added.content.size() + added.reasoning.size();
      }
      return page;
    });
  }

  expected<vote_tally> tally(const tally_votes& what) override {
    return read<vote_tally>([&]() -> expected<vote_tally> {
      vote_tally result;
      auto found = comparisons_since_.query(what.since.value_or(0));
      while (found.next())
        result.pairs.push_back({std::string{found.text(0)}, std::string{found.text(1)}, found.integer(2), found.integer(3),
                                found.integer(4), found.integer(5)});
      return result;
    });
  }

  expected<void> ping() override {
    try {
      // A full disk lets itself be read: after a failed write only one that goes through is a sign of life.
      if (last_write_failed_) {
        begin_writing_.run();
        db_.execute("PRAGMA application_id = " + std::to_string(sqlite_application_id));
        commit_.run();
        last_write_failed_ = false;
      }
      stored_.session_by_id.query(session_id{}).next();
      return {};
    } catch (const std::exception& why) {
      db_.roll_back();
      return unavailable(why);
    }
  }

  /// Ends what runs, in all sessions: after a crash, when nobody can go on with it.
  void interrupt_all() {
    begin_writing_.run();
    writes_.interrupt_all();
    commit_.run();
  }

private:
  template <class Result, class Function>
  expected<Result> read(Function&& function) {
    try {
      // One snapshot: an answer that finishes meanwhile would be seen neither in pieces nor whole.
      begin_reading_.run();
      auto result = function();
      commit_.run();
      return result;
    } catch (const std::exception& why) {
      db_.roll_back();
      return unavailable(why);
    }
  }

  static tl::unexpected<failure> unavailable(const std::exception& why) {
    return fail(ec::store_unavailable, std::string{"The store failed: "} + why.what() + ".");
  }

  // -- writes, each within the batch's transaction -------------------------------------------------------------------

  template <class Result, class What, class Function>
  std::vector<expected<Result>> carry_out_all(std::span<const What> batch, Function&& one) {
    std::vector<expected<Result>> results;
    results.reserve(batch.size());
    try {
      begin_writing_.run();
      auto alone = batch.size() == 1; // then the transaction is its savepoint
      for (auto& what : batch)
        results.push_back(alone ? try_to_carry_out<Result>([&] { return one(what); })
                                : carry_out<Result>([&] { return one(what); }));
      if (alone && !results.front())
        db_.roll_back();
      else
        commit_.run();
      last_write_failed_ = false;
    } catch (const std::exception& why) {
      // A commit that SQLite reports as failed did not take place.
      db_.roll_back();
      last_write_failed_ = true;
      results.assign(batch.size(), unavailable(why));
    }
    return results;
  }

  template <class Result, class Function>
  expected<Result> carry_out(Function&& one) {
    savepoint_.run();
    auto result = try_to_carry_out<Result>(one);
    if (!result)
      to_savepoint_.run();
    release_.run();
    return result;
  }

  /// Lets those errors through that concern the whole transaction.
  template <class Result, class Function>
  expected<Result> try_to_carry_out(Function&& one) {
    try {
      return one();
    } catch (const sqlite::error& why) {
      if (why.code() == SQLITE_CONSTRAINT_UNIQUE || why.code() == SQLITE_CONSTRAINT_PRIMARYKEY)
        return fail(ec::id_conflict, "The id, or the attempt, is taken.");
      if (why.primary() == SQLITE_CONSTRAINT)
        return fail(ec::internal, std::string{"The store refused a write: "} + why.what() + ".");
      if (why.primary() == SQLITE_TOOBIG)
        return fail(ec::too_large, "The text is larger than the store can hold.");
      throw;
    }
  }

  std::shared_ptr<const file_lock> lock_;
  sqlite::connection db_;
  sqlite_lookups stored_{db_};
  sqlite_writes writes_{db_, stored_};
  bool last_write_failed_ = false;

  sqlite::statement begin_reading_ = db_.prepare("BEGIN");
  sqlite::statement begin_writing_ = db_.prepare("BEGIN IMMEDIATE");
  sqlite::statement commit_ = db_.prepare("COMMIT");
  sqlite::statement savepoint_ = db_.prepare("SAVEPOINT one_write");
  sqlite::statement to_savepoint_ = db_.prepare("ROLLBACK TO one_write");
  sqlite::statement release_ = db_.prepare("RELEASE one_write");
  sqlite::statement sessions_before_ =
    db_.prepare("SELECT " PARLEY_SESSION_COLUMNS " FROM sessions WHERE id < ? ORDER BY id DESC LIMIT ?");
  sqlite::statement comparisons_since_ = db_.prepare(
    "SELECT left_model, right_model, sum(preference = 'a'), sum(preference = 'b'), sum(preference = 'tie'), "
    "sum(preference = 'both_bad') FROM comparisons WHERE voted_at >= ? GROUP BY left_model, right_model ORDER BY 1, 2");
};

} // namespace

expected<stores> open_sqlite(const std::filesystem::path& file, const sqlite_options& options) {
  auto what = "The database " + file.string() + " cannot be used: ";
  try {
    auto lock = file_lock::take(file.string() + ".lock");
    if (!lock)
      return fail(ec::store_unavailable, what + lock.error().message + ".");
    auto shared = std::make_shared<const file_lock>(std::move(*lock));
    auto writer = std::make_unique<sqlite_store>(connect_writer(file, options), shared);
    writer->interrupt_all();
    stores result;
    result.writer = std::move(writer);
    for (int i = 0; i < std::max(options.readers, 1); ++i)
      result.readers.push_back(std::make_unique<sqlite_store>(connect_reader(file, options), shared));
    return result;
  } catch (const std::exception& why) {
    return fail(ec::store_unavailable, what + why.what() + ".");
  }
}

} // namespace parley::persistence
