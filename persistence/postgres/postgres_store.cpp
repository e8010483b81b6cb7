#include "persistence/postgres/postgres_store.hpp"

#include "persistence/postgres/postgres_connection.hpp"
#include "persistence/postgres/postgres_plan.hpp"
#include "persistence/postgres/postgres_rows.hpp"
#include "persistence/postgres/postgres_schema.hpp"
#include "persistence/postgres/postgres_statements.hpp"
#include "persistence/spool/replay.hpp"
#include "persistence/spool/spool_file.hpp"
#include "persistence/store/node_identity.hpp"

#include <algorithm>
#include <utility>

#include <pqxx/except>

namespace parley::persistence {

namespace {

using namespace postgres;

/// A page of messages ends early beyond this, so that no read takes hundreds of megabytes.
constexpr std::int64_t page_bytes = 16 * 1024 * 1024;

/// Transactions that ended each other (a deadlock with another node, say) are run again; so often in all.
constexpr int tries = 3;

bool is_class(const pqxx::sql_error& why, std::string_view sqlstate_class) {
  return why.sqlstate().starts_with(sqlstate_class);
}

/// True if it is a single write's own fault: its data (22), a constraint (23), or a size that PostgreSQL can't hold (54).
bool concerns_one_write(const pqxx::sql_error& why) {
  return is_class(why, "22") || is_class(why, "23") || is_class(why, "54");
}

failure refusal(const pqxx::sql_error& why) {
  if (why.sqlstate() == "23505") // unique_violation
    return {ec::id_conflict, "The id, or the attempt, is taken.", {}};
  if (is_class(why, "54"))
    return {ec::too_large, "The text is larger than the store can hold.", {}};
  return {ec::internal, "The store refused a write (" + why.sqlstate() + ").", {}};
}

using write_results = std::vector<expected<store_written>>;
using recovery_results = std::vector<expected<recovered_answer>>;

class postgres_store final : public store {
public:
  postgres_store(const postgres_options& options, access what, std::shared_ptr<const node_identity> node)
    : node_(std::move(node)), server_(options, what) {}

  write_results write(std::span<const store_write> batch) override {
    return write_batch<store_written>(batch,
                                      [&](transaction& in, bool one_by_one) { return carry_out_all(in, batch, one_by_one); });
  }

  recovery_results recover(std::span<const store_answer> answers) override {
    return write_batch<recovered_answer>(answers, [&](transaction& in, bool one_by_one) {
      recovery_results results;
      if (one_by_one) {
        for (auto& each : answers)
          results.push_back(guarded<recovered_answer>(in, [&] { return std::move(recover_answers(in, {&each, 1}).front()); }));
      } else {
        auto done = recover_answers(in, answers);
        std::move(done.begin(), done.end(), std::back_inserter(results));
      }
      return results;
    });
  }

  expected<session_page> list(const list_sessions& what) override {
    return read<session_page>([&](transaction& in) -> expected<session_page> {
      // Ids of sessions are ours, and rise with time: a page can be asked for after a session that is gone meanwhile.
      session_id last;
      last.bytes.fill(0xff);
      auto limit = std::max<std::int64_t>(what.limit, 1);
      session_page page;
      for (auto row : in.run("SELECT " PARLEY_PG_SESSION " FROM sessions WHERE id < $1::uuid ORDER BY id DESC LIMIT $2::bigint",
                             to_string(what.after.value_or(last)), limit + 1)) {
        if (std::ssize(page.data) == limit) {
          page.more = true;
          break;
        }
        page.data.push_back(session_in(row));
      }
      return page;
    });
  }

  expected<session> find(const find_session& what) override {
    return read<session>([&](transaction& in) -> expected<session> {
      auto found = in.run("SELECT " PARLEY_PG_SESSION " FROM sessions WHERE id = $1::uuid", to_string(what.id));
      if (found.empty())
        return fail(ec::not_found, "There is no such session.");
      return session_in(found[0]);
    });
  }

  expected<message> find(const find_message& what) override {
    return read<message>([&](transaction& in) -> expected<message> {
      auto found =
        in.run(std::string{"SELECT "} + columns_so_far + messages_so_far + " WHERE m.id = $1::uuid", to_string(what.id));
      if (found.empty())
        return fail(ec::not_found, "There is no such message.");
      return message_in(found[0]);
    });
  }

  expected<message_page> list(const list_messages& what) override {
    return read<message_page>([&](transaction& in) -> expected<message_page> {
      auto key = to_string(what.session_key);
      if (in.run("SELECT FROM sessions WHERE id = $1::uuid", key).empty())
        return fail(ec::not_found, "There is no such session.");
      std::int64_t after = 0;
      if (what.after) {
        auto found =
          in.run("SELECT seq FROM messages WHERE id = $1::uuid AND session_id = $2::uuid", to_string(*what.after), key);
        if (found.empty())
          return fail(ec::invalid_request, "The session has no such message.", "after");
        after = found[0][0].as<std::int64_t>();
      }
      auto limit = std::max<std::int64_t>(what.limit, 1);
      // `page` has one row too many, if there is one; of them those that begin within the page's bytes are read.
      auto found = in.run(std::string{"SELECT "} + columns_so_far + ", sized.found" + messages_so_far
                            + " JOIN (SELECT seq, count(*) OVER () AS found, coalesce(sum(octet_length(content) + "
                              "octet_length(reasoning)) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) "
                              "AS bytes_before FROM (SELECT seq, content, reasoning FROM messages WHERE session_id = $1::uuid "
                              "AND seq > $2::bigint ORDER BY seq LIMIT $3::bigint) page) sized ON sized.seq = m.seq "
                              "WHERE m.session_id = $1::uuid AND sized.bytes_before <= $4::bigint ORDER BY m.seq",
                          key, after, limit + 1, page_bytes);
      message_page page;
      for (auto row : found)
        if (std::ssize(page.data) < limit)
          page.data.push_back(message_in(row));
      page.more = !found.empty() && found[0]["found"].as<std::int64_t>() > std::ssize(page.data);
      return page;
    });
  }

  expected<vote_tally> tally(const tally_votes& what) override {
    return read<vote_tally>([&](transaction& in) -> expected<vote_tally> {
      vote_tally result;
      for (auto row : in.run(
             "SELECT left_model, right_model, count(*) FILTER (WHERE preference = 'a'), "
             "count(*) FILTER (WHERE preference = 'b'), count(*) FILTER (WHERE preference = 'tie'), "
             "count(*) FILTER (WHERE preference = 'both_bad') FROM comparisons "
             "WHERE voted_at >= " PARLEY_FROM_MS("$1::bigint") " GROUP BY left_model, right_model "
                                                               "ORDER BY left_model COLLATE \"C\", right_model COLLATE \"C\"",
             what.since.value_or(0)))
        result.pairs.push_back({row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<std::int64_t>(),
                                row[3].as<std::int64_t>(), row[4].as<std::int64_t>(), row[5].as<std::int64_t>()});
      return result;
    });
  }

  expected<void> ping() override {
    auto alive = call<bool>([&]() -> expected<bool> {
      return server_.in_transaction([&](transaction& in) {
        // A full disk, or a standby, lets itself be read: after a failed write only one that goes through is a sign of life.
        if (last_write_failed_)
          in.run("UPDATE parley_schema SET written_at = now()");
        return true;
      });
    });
    if (!alive)
      return tl::unexpected{alive.error()};
    last_write_failed_ = false;
    return {};
  }

  /// Ends what runs in this node's sessions: an earlier process was the node, and is dead.
  expected<void> interrupt_own() {
    for (bool more = true; more;) {
      auto done = call<bool>([&]() -> expected<bool> {
        return server_.in_transaction([&](transaction& in) {
          auto ids = lock_unfinished_sessions(in, node_->id);
          interrupt_answers(in, ids);
          return !ids.empty();
        });
      });
      if (!done)
        return tl::unexpected{done.error()};
      more = *done;
    }
    return {};
  }

private:
  /// A message with its texts as they are so far, from one snapshot: an answer that finishes meanwhile would else be seen
  /// neither in pieces nor whole.
  static constexpr const char* columns_so_far =
    PARLEY_PG_MESSAGE ", m.reasoning || coalesce(so_far.reasoning, ''), m.content || coalesce(so_far.content, '')";
  static constexpr const char* messages_so_far =
    " FROM messages m LEFT JOIN LATERAL (SELECT string_agg(p.reasoning, '' ORDER BY p.position) AS reasoning, "
    "string_agg(p.content, '' ORDER BY p.position) AS content FROM answer_pieces p "
    "WHERE p.message_id = m.id AND m.status = 'streaming') so_far ON true";

  /// Runs `work()`, again if another transaction was in its way. Exceptions end here.
  template <class Result, class Function>
  expected<Result> call(Function&& work) {
    server_.start_call();
    for (int tried = 1;; ++tried) {
      try {
        return work();
      } catch (const pqxx::transaction_rollback& why) {
        if (tried == tries)
          return unavailable(why);
      } catch (const std::exception& why) {
        auto result = unavailable(why);
        // Whatever it was, a fresh connection may find another server.
        server_.drop();
        return result;
      }
    }
  }

  template <class Result, class Function>
  expected<Result> read(Function&& function) {
    return call<Result>([&]() -> expected<Result> { return server_.in_transaction(function); });
  }

  tl::unexpected<failure> unavailable(const std::exception& why) const {
    return fail(ec::store_unavailable, "The store failed: " + server_.reason(why) + ".");
  }

  /// `work(transaction, one_by_one)` first for all at once; if the database refuses one of them, each by itself, so that the
  /// others go in.
  template <class Result, class What, class Function>
  std::vector<expected<Result>> write_batch(std::span<const What> batch, Function&& work) {
    using results = std::vector<expected<Result>>;
    if (batch.empty())
      return {};
    bool one_by_one = false;
    auto result = call<results>([&]() -> expected<results> {
      try {
        return server_.in_transaction([&](transaction& in) { return work(in, one_by_one); });
      } catch (const pqxx::sql_error& why) {
        if (one_by_one || !concerns_one_write(why))
          throw;
        one_by_one = true;
        return server_.in_transaction([&](transaction& in) { return work(in, true); });
      }
    });
    last_write_failed_ = !result;
    return result ? std::move(*result) : results(batch.size(), tl::unexpected{result.error()});
  }

  /// What the database refuses of `work()` is undone, and is its own failure.
  template <class Result, class Function>
  static expected<Result> guarded(transaction& in, Function&& work) {
    in.run("SAVEPOINT one_write");
    try {
      expected<Result> result = work();
      in.run("RELEASE one_write");
      return result;
    } catch (const pqxx::sql_error& why) {
      if (!concerns_one_write(why))
        throw;
      in.run("ROLLBACK TO one_write");
      return tl::unexpected{refusal(why)};
    }
  }

  // -- writes, within the batch's transaction ------------------------------------------------------------------------

  write_results carry_out_all(transaction& in, std::span<const store_write> batch, bool one_by_one) {
    write_results results;
    results.reserve(batch.size());
    while (results.size() < batch.size()) {
      auto rest = batch.subspan(results.size());
      // All sessions of the rest at once: two nodes that took them one after the other could each wait for the other's.
      auto epochs = lock_sessions(in, sessions_of(rest));
      if (one_by_one) {
        results.push_back(guarded<store_written>(
          in, [&] { return std::move(carry_out_together(in, rest.first(1), std::move(epochs)).front()); }));
      } else {
        auto done = carry_out_together(in, rest.first(length_of_segment(rest)), std::move(epochs));
        std::move(done.begin(), done.end(), std::back_inserter(results));
      }
    }
    return results;
  }

  write_results carry_out_together(transaction& in, std::span<const store_write> writes, epochs_by_session epochs) {
    write_results results;
    auto ids = sessions_of(writes);
    if (std::holds_alternative<open_session>(writes[0])) {
      auto opened = open_sessions(in, ids, node_->id);
      for (auto& id : ids) {
        if (auto found = opened.find(id); found != opened.end())
          results.emplace_back(std::move(found->second));
        else
          results.push_back(fail(ec::not_found, "There is no such session."));
      }
    } else if (std::holds_alternative<delete_session>(writes[0])) {
      delete_sessions(in, ids);
      results.resize(writes.size());
    } else {
      stored_rows rows;
      rows.epochs = std::move(epochs);
      read_rows(in, writes, rows);
      write_plan plan{rows};
      for (auto& what : writes)
        results.push_back(plan.add(what));
      carry_out(in, plan, node_->id);
    }
    return results;
  }

  std::shared_ptr<const node_identity> node_;
  connection server_;
  bool last_write_failed_ = false;
};

/// False for what is wrong with the database or with the role: an encoding, a schema, a right.
bool may_pass(const std::exception& why) {
  if (auto* refused = dynamic_cast<const pqxx::sql_error*>(&why)) {
    // Connection, rollback, resources, object in use, operator's intervention (also: still starting).
    constexpr std::string_view passing[] = {"08", "40", "53", "55", "57"};
    return std::any_of(std::begin(passing), std::end(passing), [&](auto each) { return is_class(*refused, each); });
  }
  return dynamic_cast<const pqxx::broken_connection*>(&why) != nullptr;
}

tl::unexpected<failure> unusable(const postgres_options& options, const std::exception& why) {
  return fail(may_pass(why) ? ec::store_unavailable : ec::unavailable,
              "The database " + postgres_place(options.url) + " cannot be used: " + first_line(why) + ".");
}

} // namespace

expected<int> migrate_postgres(const postgres_options& options) {
  try {
    return migrate_schema(options);
  } catch (const std::exception& why) {
    return unusable(options, why);
  }
}

expected<stores> open_postgres(const postgres_options& options) {
  auto node = node_identity::take(options.data_dir);
  if (!node)
    return fail(ec::unavailable, "The folder " + options.data_dir.string() + " cannot be used: " + node.error().message + ".");
  auto identity = std::make_shared<const node_identity>(std::move(*node));
  try {
    prepare_schema(options);
    auto spool = open_spool(options.data_dir / "spool.db", options.spool_bytes);
    if (!spool)
      return tl::unexpected{spool.error()};
    auto writer = std::make_unique<postgres_store>(options, access::write, identity);
    // First what an earlier process has spooled: else its answers would count as interrupted.
    if (auto done = replay_all(**spool, *writer, [](message&&) {}); !done)
      return tl::unexpected{done.error()};
    if (auto done = writer->interrupt_own(); !done)
      return tl::unexpected{done.error()};
    stores result;
    result.writer = std::move(writer);
    result.spool = std::move(*spool);
    result.sentinel = std::make_unique<postgres_store>(options, access::read_only, identity);
    for (int i = 0; i < std::max(options.readers, 1); ++i)
      result.readers.push_back(std::make_unique<postgres_store>(options, access::read_only, identity));
    return result;
  } catch (const std::exception& why) {
    return unusable(options, why);
  }
}

} // namespace parley::persistence
