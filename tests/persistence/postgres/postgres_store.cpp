#define CAF_SUITE persistence.postgres.postgres_store

#include "tests/persistence/postgres/postgres_fixture.hpp"

#include <caf/test/unit_test.hpp>

namespace {

using store_fixture = parley::test::postgres_fixture;

} // namespace

#include "tests/persistence/store_contract.hpp"

CAF_TEST_FIXTURE_SCOPE(postgres_store_tests, store_fixture)

using namespace store_contract;

namespace {

bool says(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos)
    return true;
  CAF_MESSAGE("it says: " << text);
  return false;
}

/// Another node on the same database.
struct other_node {
  explicit other_node(postgres_options options) {
    options.data_dir = folder.path();
    opened = open_postgres(options).value();
  }

  temporary_folder folder;
  stores opened;
};

} // namespace

// -- what is opened --------------------------------------------------------------------------------------------------

CAF_TEST(a restarted node ends the answers that it left running) {
  begun_turn first{writer()};
  begun_turn second{writer()};
  begun_turn third{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi "))));
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 3, "there"))));
  CAF_REQUIRE(ok(write(writer(), store_answer{third.about.id, 1, finished(third.answer)})));
  reopen();
  auto kept = stored(reader(), first.answer.id);
  CAF_CHECK(kept.status == message_status::failed);
  CAF_CHECK(kept.finish == finish_reason::interrupted);
  CAF_CHECK_EQUAL(kept.content, "Hi there");
  CAF_CHECK(kept.completed_at >= kept.created_at);
  CAF_CHECK(stored(reader(), second.answer.id).finish == finish_reason::interrupted);
  CAF_CHECK(stored(reader(), third.answer.id) == finished(third.answer));
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM answer_pieces"), "0");
}

CAF_TEST(a restarted node stores what it had spooled before it ends what runs) {
  begun_turn first{writer()};
  begun_turn second{writer()};
  begun_turn gone{writer()};
  std::vector<store_answer> spooled{{first.about.id, 1, finished(first.answer)}, {gone.about.id, 1, finished(gone.answer)}};
  for (auto& done : connections.spool->add(spooled))
    CAF_REQUIRE(done.has_value());
  CAF_REQUIRE(ok(write(writer(), delete_session{gone.about.id})));
  for (int i = 0; i < 2; ++i) {
    reopen();
    CAF_CHECK(stored(reader(), first.answer.id) == finished(first.answer));
    CAF_CHECK(stored(reader(), second.answer.id).finish == finish_reason::interrupted);
    CAF_CHECK_EQUAL(sql("SELECT count(*) FROM messages"), "4");
    CAF_CHECK(connections.spool->oldest()->empty());
  }
}

CAF_TEST(a spooled answer whose session another node took over is stored beside) {
  begun_turn first{writer()};
  store_answer spooled{first.about.id, 1, finished(first.answer)};
  CAF_REQUIRE(connections.spool->add({&spooled, 1}).front().has_value());
  other_node other{options};
  auto interrupted = open(*other.opened.writer, first.about.id).messages[1];
  reopen();
  auto all = transcript(reader(), first.about.id);
  CAF_REQUIRE_EQUAL(all.size(), 3u);
  CAF_CHECK(all[1] == interrupted);
  CAF_CHECK(all[2].recovered && all[2].attempt == 2);
  CAF_CHECK_EQUAL(all[2].content, finished(first.answer).content);
}

CAF_TEST(a database of the first version keeps its messages) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), store_answer{first.about.id, 1, finished(first.answer)})));
  close();
  sql("DROP TABLE comparisons; DROP TABLE votes; ALTER TABLE sessions DROP COLUMN blind; "
      "ALTER TABLE messages DROP COLUMN recovered; ALTER TABLE messages DROP COLUMN stretches; "
      "UPDATE parley_schema SET version = 1");
  open_stores();
  auto kept = finished(first.answer);
  kept.stretches.clear(); // that version knew none
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, kept}));
}

CAF_TEST(a restarted node ends all of very many) {
  for (int i = 0; i < 45; ++i)
    begun_turn{writer()};
  reopen();
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM messages WHERE finish_reason = 'interrupted'"), "45");
}

CAF_TEST(a node that starts leaves the answers of others alone until their session is opened) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi "))));
  other_node beside{options};
  CAF_CHECK(stored(*beside.opened.readers[0], first.answer.id).status == message_status::streaming);
  CAF_CHECK(ok(write(writer(), piece(first.answer, 3, "there"))));
  auto taken = open(*beside.opened.writer, first.about.id);
  CAF_CHECK(taken.messages.back().finish == finish_reason::interrupted);
  CAF_CHECK_EQUAL(taken.messages.back().content, "Hi there");
  CAF_CHECK(failed_as(ec::fenced, write(writer(), piece(first.answer, 8, "!"))));
  // It is the other's now: our restart leaves it alone.
  auto again = pending_answer(first.user, 0, 2);
  CAF_REQUIRE(ok(write(*beside.opened.writer, append_messages{first.about.id, taken.held, {again}, std::nullopt})));
  reopen();
  CAF_CHECK(stored(reader(), again.id).status == message_status::pending);
}

CAF_TEST(a node is one process at a time) {
  CAF_CHECK(says(refusal(), "in use by process " + std::to_string(::getpid())));
  close();
  CAF_CHECK_EQUAL(refusal(), "");
}

CAF_TEST(the reader cannot write) {
  CAF_CHECK(failed_as(ec::store_unavailable, write(reader(), create_session{sample_session()})));
}

// -- migrations ------------------------------------------------------------------------------------------------------

CAF_TEST(nodes that start at once on an empty database make its tables once) {
  close();
  server.drop_database(database);
  server.run("postgres", "CREATE DATABASE " + database);
  std::vector<std::thread> nodes;
  std::atomic<int> failed = 0;
  for (int i = 0; i < 4; ++i)
    nodes.emplace_back([&] {
      temporary_folder own;
      auto one = options;
      one.data_dir = own.path();
      auto node = open_postgres(one);
      if (!node || !node->readers[0]->list(list_sessions{}))
        ++failed;
    });
  for (auto& each : nodes)
    each.join();
  CAF_CHECK_EQUAL(failed.load(), 0);
  CAF_CHECK_EQUAL(sql("SELECT string_agg(version::text, ' ') FROM parley_schema"), "5");
  CAF_CHECK(migrate_postgres(options) == 5);
}

CAF_TEST(a database is not migrated by a node that is told not to) {
  close();
  sql("DROP TABLE parley_schema, answer_pieces, votes, comparisons, messages, sessions");
  options.migrate = false;
  CAF_CHECK(says(refusal(), "it has schema 0 and needs 5; run `parley migrate`"));
  CAF_CHECK(migrate_postgres(options) == 5);
  CAF_CHECK_EQUAL(refusal(), "");
}

CAF_TEST(a database of a newer version is refused and left alone) {
  close();
  sql("UPDATE parley_schema SET version = 1000");
  CAF_CHECK(says(refusal(), "a newer version of Parley made it (schema 1000"));
  CAF_CHECK(!migrate_postgres(options));
  CAF_CHECK_EQUAL(sql("SELECT version FROM parley_schema"), "1000");
}

CAF_TEST(a database of another program is refused and left alone) {
  close();
  sql("DROP TABLE parley_schema, answer_pieces, votes, comparisons, messages, sessions; CREATE TABLE sessions (cookie text)");
  CAF_CHECK(says(refusal(), "relation \"sessions\" already exists"));
  CAF_CHECK_EQUAL(sql("SELECT to_regclass('parley_schema')"), "");
}

CAF_TEST(a database that cannot hold every text is refused) {
  auto latin = server.new_database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  close();
  options.url = server.url(latin);
  CAF_CHECK(says(refusal(), "its encoding is LATIN1"));
  CAF_CHECK(open_postgres(options).error().code == ec::unavailable);
  server.drop_database(latin);
}

// -- what is said of failures ----------------------------------------------------------------------------------------

CAF_TEST(no message has the password or the statement) {
  close();
  auto good = options.url;
  options.url = "postgresql://me:geheim@127.0.0.1:1/parley?connect_timeout=2";
  CAF_CHECK(says(refusal(), "The database 127.0.0.1:1/parley cannot be used: "));
  CAF_CHECK(says(refusal(), "Connection refused"));
  CAF_CHECK(refusal().find("geheim") == std::string::npos);
  CAF_CHECK(open_postgres(options).error().code == ec::store_unavailable);
  for (auto url : {"postgresql://me:geh%eim@127.0.0.1/parley", "postgresql://me:geheim@127.0.0.1/parley?geheim=1", "geheim"}) {
    options.url = url;
    CAF_CHECK(says(refusal(), "its URL can't be read"));
    CAF_CHECK(refusal().find("geh") == std::string::npos);
  }
  options.url = good;
  CAF_CHECK_EQUAL(postgres_place("postgresql://me:geheim@db.example.org:5433/chat"), "db.example.org:5433/chat");
}

// -- batches ---------------------------------------------------------------------------------------------------------

CAF_TEST(what only the database can refuse takes nothing of its batch with it) {
  begun_turn first{writer()};
  auto good = pending_answer(first.user, 1);
  auto taken = pending_answer(first.user, 0, 1);
  auto late = user_message(first.about);
  auto no_text = user_message(first.about, std::nullopt, "\xff");
  auto about = sample_session();
  std::vector<store_write> batch{append_messages{first.about.id, 1, {good}, std::nullopt},
                                 append_messages{first.about.id, 1, {user_message(first.about), taken}, std::nullopt},
                                 append_messages{first.about.id, 1, {no_text}, std::nullopt},
                                 create_session{about},
                                 piece(good, 0, "Hi"),
                                 append_messages{first.about.id, 1, {late}, std::nullopt}};
  auto results = writer().write(batch);
  CAF_REQUIRE_EQUAL(results.size(), 6u);
  CAF_CHECK(ok(results[0]));
  CAF_CHECK(failed_as(ec::id_conflict, results[1]));
  CAF_CHECK(failed_as(ec::internal, results[2]));
  CAF_CHECK(ok(results[3]));
  CAF_CHECK(ok(results[4]));
  CAF_CHECK(ok(results[5]));
  good.status = message_status::streaming;
  good.content = "Hi";
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, first.answer, good, late}));
  CAF_CHECK(reader().find(find_session{about.id}) == about);
}

CAF_TEST(two nodes that write to the same sessions in opposite orders both get through) {
  other_node beside{options};
  std::vector<session> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(sample_session());
    CAF_REQUIRE(ok(write(writer(), create_session{all.back()})));
  }
  auto rounds = [&](store& to, bool backwards) {
    std::vector<store_write> batch;
    for (auto& each : all)
      batch.push_back(append_messages{each.id, 1, {}, each});
    if (backwards)
      std::reverse(batch.begin(), batch.end());
    std::string failures;
    for (int i = 0; i < 100; ++i) {
      for (auto& each : batch)
        std::get<append_messages>(each).added = {user_message(*std::get<append_messages>(each).changed)};
      if (auto results = to.write(batch); !results[0])
        failures += results[0].error().message;
    }
    return failures;
  };
  std::string failures_there;
  std::thread there{[&] { failures_there = rounds(*beside.opened.writer, true); }};
  CAF_CHECK_EQUAL(rounds(writer(), false), "");
  there.join();
  CAF_CHECK_EQUAL(failures_there, "");
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM messages"), "4000");
}

CAF_TEST(two nodes that create the same session at once make one) {
  other_node beside{options};
  for (int i = 0; i < 20; ++i) {
    auto about = sample_session();
    expected<store_written> there;
    std::thread other{[&] { there = write(*beside.opened.writer, create_session{about}); }};
    auto here = write(writer(), create_session{about});
    other.join();
    CAF_CHECK(ok(here));
    CAF_CHECK(ok(there));
  }
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM sessions"), "20");
}

// -- how it asks -----------------------------------------------------------------------------------------------------

CAF_TEST(nothing that is asked for often reads a whole table) {
  for (auto asked :
       {"SELECT * FROM sessions WHERE id < '00000000-0000-0000-0000-000000000001' ORDER BY id DESC LIMIT 50",
        "SELECT * FROM messages WHERE session_id = '00000000-0000-0000-0000-000000000001' AND seq > 7 ORDER BY seq LIMIT 50",
        "SELECT * FROM messages WHERE id = '00000000-0000-0000-0000-000000000001'",
        "SELECT id FROM messages WHERE parent_id = '00000000-0000-0000-0000-000000000001'",
        "SELECT id FROM messages WHERE session_id = '00000000-0000-0000-0000-000000000001' AND status IN ('pending', "
        "'streaming')",
        "SELECT * FROM answer_pieces WHERE message_id = '00000000-0000-0000-0000-000000000001' ORDER BY position"}) {
    // An empty table is read whole unless that is made to look dear.
    auto plan = sql("SET enable_seqscan = off; SET enable_sort = off; "
                    "CREATE OR REPLACE FUNCTION plan_of(asked text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE line text; "
                    "result text = ''; BEGIN FOR line IN EXECUTE 'EXPLAIN ' || asked LOOP result = result || line || ';'; "
                    "END LOOP; RETURN result; END $$; SELECT plan_of($$"
                    + std::string{asked} + "$$)");
    CAF_CHECK(says(plan, "Index"));
    CAF_CHECK(plan.find("Seq Scan") == std::string::npos);
    CAF_CHECK(plan.find("Sort") == std::string::npos);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
