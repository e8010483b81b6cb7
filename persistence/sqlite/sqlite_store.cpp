#include "persistence/sqlite/sqlite_store.hpp"

#include "persistence/sqlite/sqlite.hpp"
#include "persistence/sqlite/sqlite_connect.hpp"
#include "persistence/sqlite/sqlite_rows.hpp"
#include "persistence/store/file_lock.hpp"
#include "persistence/store/recovered_answer.hpp"
#include "persistence/store/repeated_write.hpp"
#include "persistence/store/stored_json.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace parley::persistence {

namespace {

/// A page of messages ends early beyond this, so that no read takes hundreds of megabytes.
constexpr std::size_t page_bytes = 16 * 1024 * 1024;

unix_ms now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

class sqlite_store final : public store {
public:
  sqlite_store(sqlite::connection db, std::shared_ptr<const file_lock> lock) : lock_(std::move(lock)), db_(std::move(db)) {}

  std::vector<expected<store_written>> write(std::span<const store_write> batch) override {
    return carry_out_all<store_written>(
      batch, [this](const store_write& what) { return std::visit([this](auto& one) { return apply(one); }, what); });
  }

  std::vector<expected<recovered_answer>> recover(std::span<const store_answer> answers) override {
    return carry_out_all<recovered_answer>(answers, [this](const store_answer& what) { return take_back(what); });
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
    return read<session>([&] { return stored_session(what.id); });
  }

  expected<message> find(const find_message& what) override {
    return read<message>([&]() -> expected<message> {
      auto found = message_by_id_.query(what.id);
      if (!found.next())
        return fail(ec::not_found, "There is no such message.");
      return message_so_far(found);
    });
  }

  expected<message_page> list(const list_messages& what) override {
    return read<message_page>([&]() -> expected<message_page> {
      if (auto there = stored_session(what.session_key); !there)
        return tl::unexpected{there.error()};
      std::int64_t after = 0;
      if (what.after) {
        auto found = message_by_id_.query(*what.after);
        if (!found.next() || found.id<session_id>(2) != what.session_key)
          return fail(ec::invalid_request, "The session has no such message.", "after");
        after = found.integer(0);
      }
      message_page page;
      std::size_t bytes = 0;
      auto limit = std::max<std::int64_t>(what.limit, 1);
      auto found = messages_after_.query(what.session_key, after, limit + 1);
      while (found.next()) {
        if (std::ssize(page.data) == limit || bytes > page_bytes) {
          page.more = true;
          break;
        }
        auto& added = page.data.emplace_back(message_so_far(found));
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
      session_by_id_.query(session_id{}).next();
      return {};
    } catch (const std::exception& why) {
      db_.roll_back();
      return unavailable(why);
    }
  }

  /// Ends what runs, in all sessions: after a crash, when nobody can go on with it.
  void interrupt_all() {
    begin_writing_.run();
    interrupt(all_running_.query());
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

  expected<store_written> apply(const create_session& what) {
    auto& made = what.made;
    if (auto there = stored_session(made.id)) {
      if (*there != made)
        return fail(ec::id_conflict, "The id is taken.");
      return {};
    }
    insert_session_.run(made.id, name(made.mode), made.title, made.title_is_set, made.created_at, made.updated_at,
                        models_to_json(made.models), parameters_to_json(made.parameters), made.system_prompt, made.blind);
    return {};
  }

  expected<store_written> apply(const open_session& what) {
    auto about = stored_session(what.id);
    if (!about)
      return tl::unexpected{about.error()};
    raise_epoch_.run(what.id);
    interrupt(running_of_session_.query(what.id));
    opened_session opened{std::move(*about), stored_epoch(what.id).value_or(0), {}};
    auto found = messages_after_.query(what.id, 0, -1);
    while (found.next())
      opened.messages.push_back(whole_message_in(found));
    return opened;
  }

  expected<store_written> apply(const append_messages& what) {
    if (auto held = check_fence(what.session_key, what.held); !held)
      return tl::unexpected{held.error()};
    std::size_t repeated = 0;
    for (auto& added : what.added) {
      if (added.session != what.session_key)
        return fail(ec::internal, "A message belongs to another session.");
      if (auto there = stored_message(added.id)) {
        if (!is_repeat(*there, added))
          return fail(ec::id_conflict, "The id is taken.");
        ++repeated;
      }
    }
    // All or nothing, and so an earlier request that was carried out has left all of them.
    if (repeated != 0 && repeated != what.added.size())
      return fail(ec::id_conflict, "Some of the ids are taken.");
    if (repeated == 0)
      for (auto& added : what.added) {
        if (added.parent && !status_of_message_.query(*added.parent, what.session_key).next())
          return fail(ec::internal, "A message follows one that its session does not have.");
        insert_message(insert_message_, added);
      }
    if (what.changed)
      change(*what.changed);
    return {};
  }

  expected<store_written> apply(const append_checkpoint& what) {
    if (auto held = check_fence(what.session_key, what.held); !held)
      return tl::unexpected{held.error()};
    auto seq = running_answer(what.session_key, what.answer);
    if (!seq)
      return tl::unexpected{seq.error()};
    if (!*seq)
      return {};
    if (what.position == 0) // else an earlier piece has said so
      set_streaming_.run(**seq);
    if (what.begins_again)
      delete_pieces_.run(**seq);
    auto size = what.content.size() + what.reasoning.size();
    if (size > 0) {
      // What was sent before and is sent again, in the same pieces or in larger ones.
      delete_pieces_between_.run(**seq, what.position, what.position + size);
      insert_piece_.run(**seq, what.position, what.reasoning, what.content);
    }
    return {};
  }

  expected<store_written> apply(const store_answer& what) {
    if (auto held = check_fence(what.session_key, what.held); !held)
      return tl::unexpected{held.error()};
    if (!is_final(what.answer.status))
      return fail(ec::internal, "The state of the answer is not final.");
    auto seq = running_answer(what.session_key, what.answer.id);
    if (!seq)
      return tl::unexpected{seq.error()};
    if (*seq)
      finish(**seq, what.answer);
    return {};
  }

  expected<store_written> apply(const update_session& what) {
    if (auto held = check_fence(what.changed.id, what.held); !held)
      return tl::unexpected{held.error()};
    change(what.changed);
    return {};
  }

  expected<store_written> apply(const record_vote& what) {
    if (auto held = check_fence(what.session_key, what.held); !held)
      return tl::unexpected{held.error()};
    if (auto there = vote_on_turn_.query(what.turn, what.voter); there.next()) {
      if (there.id<vote_id>(0) != what.id)
        return fail(ec::already_voted, "There is a vote on this turn already.");
      return {};
    }
    auto choice = name(what.given.choice);
    insert_vote_.run(what.turn, what.voter, what.id, what.session_key, choice, what.given.counted, what.given.created_at);
    if (what.given.counted)
      insert_comparison_.run(what.id, what.given.created_at, what.left_model, what.right_model, choice);
    show_names_.run(what.session_key, what.given.created_at);
    return {};
  }

  expected<store_written> apply(const delete_session& what) {
    delete_session_.run(what.id);
    return {};
  }

  expected<recovered_answer> take_back(const store_answer& what) {
    auto held = stored_epoch(what.session_key);
    auto there = stored_message(what.answer.id);
    if (!held || !there || there->session != what.session_key)
      return std::nullopt;
    if (*held == what.held && !is_final(there->status)) {
      if (auto done = apply(what); !done)
        return tl::unexpected{done.error()};
      return what.answer;
    }
    if (same_outcome(*there, what.answer))
      return there;
    if (auto earlier = stored_message(sibling_of(what.answer.id)))
      return earlier;
    auto newest = newest_attempt_.query(there->turn, there->seat ? std::optional<int>{*there->seat} : std::nullopt);
    auto sibling = as_sibling(what.answer, newest.next() ? static_cast<int>(newest.integer(0)) + 1 : 1);
    insert_message(insert_message_, sibling);
    return sibling;
  }

  // -- what they have in common --------------------------------------------------------------------------------------

  expected<void> check_fence(session_id id, epoch held) {
    auto current = stored_epoch(id);
    if (!current)
      return fail(ec::not_found, "There is no such session.");
    if (*current != held)
      return fail(ec::fenced, "The session has another owner.");
    return {};
  }

  std::optional<epoch> stored_epoch(session_id id) {
    auto found = epoch_of_session_.query(id);
    if (!found.next())
      return std::nullopt;
    return static_cast<epoch>(found.integer(0));
  }

  expected<session> stored_session(session_id id) {
    auto found = session_by_id_.query(id);
    if (!found.next())
      return fail(ec::not_found, "There is no such session.");
    return session_in(found);
  }

  std::optional<message> stored_message(message_id id) {
    auto found = message_by_id_.query(id);
    if (!found.next())
      return std::nullopt;
    return whole_message_in(found);
  }

  /// The `seq` of an answer, or nothing if it has its final state.
  expected<std::optional<std::int64_t>> running_answer(session_id session_key, message_id id) {
    auto found = status_of_message_.query(id, session_key);
    if (!found.next())
      return fail(ec::not_found, "There is no such message.");
    auto status = parse_message_status(found.text(1));
    if (!status || is_final(*status))
      return std::optional<std::int64_t>{};
    return std::optional{found.integer(0)};
  }

  void finish(std::int64_t seq, const message& answer) {
    outcome with{answer};
    finish_message_.run(seq, with.status, with.finish, with.error_code, with.error_message, with.model_id, with.model_name,
                        with.prompt_tokens, with.completion_tokens, with.usage_reported, with.first_token, with.total,
                        answer.completed_at, with.tool_calls, answer.reasoning, answer.content);
    delete_pieces_.run(seq);
  }

  void change(const session& changed) {
    update_session_.run(changed.id, changed.title, changed.title_is_set, changed.updated_at, models_to_json(changed.models),
                        parameters_to_json(changed.parameters), changed.system_prompt);
  }

  /// The message of the row, a running answer with its pieces.
  message message_so_far(const sqlite::rows& row) {
    auto result = whole_message_in(row);
    if (result.status == message_status::streaming) {
      auto pieces = pieces_of_message_.query(row.integer(0));
      while (pieces.next()) {
        result.reasoning += pieces.text(0);
        result.content += pieces.text(1);
      }
    }
    return result;
  }

  void interrupt(sqlite::rows running) {
    // Collected first: changing what a statement still reads is undefined. One at a time would read as often as there
    // are answers, and all their texts at once would be too much.
    std::vector<message_id> ids;
    while (running.next())
      ids.push_back(running.id<message_id>(0));
    for (auto id : ids) {
      std::int64_t seq = 0;
      message answer;
      {
        auto found = message_by_id_.query(id);
        found.next();
        seq = found.integer(0);
        answer = message_so_far(found);
      }
      answer.status = message_status::failed;
      answer.finish = finish_reason::interrupted;
      answer.completed_at = std::max(now(), answer.created_at);
      finish(seq, answer);
    }
  }

  std::shared_ptr<const file_lock> lock_;
  sqlite::connection db_;
  bool last_write_failed_ = false;

  sqlite::statement begin_reading_ = db_.prepare("BEGIN");
  sqlite::statement begin_writing_ = db_.prepare("BEGIN IMMEDIATE");
  sqlite::statement commit_ = db_.prepare("COMMIT");
  sqlite::statement savepoint_ = db_.prepare("SAVEPOINT one_write");
  sqlite::statement to_savepoint_ = db_.prepare("ROLLBACK TO one_write");
  sqlite::statement release_ = db_.prepare("RELEASE one_write");

  sqlite::statement session_by_id_ = db_.prepare("SELECT " PARLEY_SESSION_COLUMNS " FROM sessions WHERE id = ?");
  sqlite::statement sessions_before_ =
    db_.prepare("SELECT " PARLEY_SESSION_COLUMNS " FROM sessions WHERE id < ? ORDER BY id DESC LIMIT ?");
  sqlite::statement epoch_of_session_ = db_.prepare("SELECT epoch FROM sessions WHERE id = ?");
  sqlite::statement insert_session_ =
    db_.prepare("INSERT INTO sessions (" PARLEY_SESSION_COLUMNS ", epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)");
  sqlite::statement raise_epoch_ = db_.prepare("UPDATE sessions SET epoch = epoch + 1 WHERE id = ?");
  sqlite::statement update_session_ = db_.prepare(
    "UPDATE sessions SET title = ?2, title_is_set = ?3, updated_at = ?4, models = ?5, parameters = ?6, system_prompt = ?7 "
    "WHERE id = ?1");
  sqlite::statement delete_session_ = db_.prepare("DELETE FROM sessions WHERE id = ?");

  sqlite::statement message_by_id_ = db_.prepare(PARLEY_SELECT_WHOLE_MESSAGES " WHERE id = ?");
  sqlite::statement messages_after_ =
    db_.prepare(PARLEY_SELECT_WHOLE_MESSAGES " WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?");
  sqlite::statement status_of_message_ = db_.prepare("SELECT seq, status FROM messages WHERE id = ? AND session_id = ?");
  sqlite::statement newest_attempt_ = db_.prepare("SELECT max(attempt) FROM messages WHERE turn_id = ? AND seat IS ?");
  sqlite::statement insert_message_ =
    db_.prepare("INSERT INTO messages (" PARLEY_MESSAGE_COLUMNS
                ") VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  sqlite::statement finish_message_ = db_.prepare(
    "UPDATE messages SET status = ?2, finish_reason = ?3, error_code = ?4, error_message = ?5, model_id = ?6, model_name = ?7, "
    "prompt_tokens = ?8, completion_tokens = ?9, usage_reported = ?10, first_token_ms = ?11, total_ms = ?12, completed_at = ?13, "
    "tool_calls = ?14, reasoning = ?15, content = ?16 WHERE seq = ?1");
  sqlite::statement set_streaming_ = db_.prepare("UPDATE messages SET status = 'streaming' WHERE seq = ? AND status = 'pending'");
  sqlite::statement running_of_session_ =
    db_.prepare("SELECT id FROM messages WHERE session_id = ? AND status IN ('pending', 'streaming')");
  sqlite::statement all_running_ = db_.prepare("SELECT id FROM messages WHERE status IN ('pending', 'streaming')");

  sqlite::statement vote_on_turn_ = db_.prepare("SELECT id FROM votes WHERE turn_id = ? AND voter = ?");
  sqlite::statement insert_vote_ = db_.prepare(
    "INSERT INTO votes (turn_id, voter, id, session_id, preference, counted, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
  sqlite::statement insert_comparison_ =
    db_.prepare("INSERT INTO comparisons (vote_id, voted_at, left_model, right_model, preference) VALUES (?, ?, ?, ?, ?)");
  sqlite::statement show_names_ = db_.prepare("UPDATE sessions SET blind = 0, updated_at = max(updated_at, ?2) WHERE id = ?1");
  sqlite::statement comparisons_since_ = db_.prepare(
    "SELECT left_model, right_model, sum(preference = 'a'), sum(preference = 'b'), sum(preference = 'tie'), "
    "sum(preference = 'both_bad') FROM comparisons WHERE voted_at >= ? GROUP BY left_model, right_model ORDER BY 1, 2");

  sqlite::statement insert_piece_ =
    db_.prepare("INSERT INTO answer_pieces (message_seq, position, reasoning, content) VALUES (?, ?, ?, ?)");
  sqlite::statement delete_pieces_ = db_.prepare("DELETE FROM answer_pieces WHERE message_seq = ?");
  sqlite::statement delete_pieces_between_ =
    db_.prepare("DELETE FROM answer_pieces WHERE message_seq = ? AND position >= ? AND position < ?");
  sqlite::statement pieces_of_message_ =
    db_.prepare("SELECT reasoning, content FROM answer_pieces WHERE message_seq = ? ORDER BY position");
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
