#define CAF_SUITE persistence.retention

#include "persistence/retention.hpp"

#include "persistence/sqlite/sqlite_store.hpp"
#include "tests/persistence/postgres/postgres_fixture.hpp"
#include "tests/persistence/samples.hpp"

#include <caf/test/unit_test.hpp>

#include <atomic>

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;

namespace {

using namespace std::chrono_literals;

/// Later than the ids of what the tests make, which is made now.
const unix_ms deadline =
  std::chrono::duration_cast<std::chrono::milliseconds>((std::chrono::system_clock::now() + 1h).time_since_epoch()).count();

struct sqlite_fixture {
  store& writer() { return *opened.writer; }

  store& reader() { return *opened.readers.front(); }

  temporary_folder folder;
  stores opened = open_sqlite(folder.path() / "parley.db").value();
  std::unique_ptr<expired_sessions> expired = expired_in_sqlite(folder.path() / "parley.db");
};

struct postgres_retention_fixture : postgres_fixture {
  std::unique_ptr<expired_sessions> expired = expired_in_postgres(options);
};

void write(store& to, store_write what) {
  auto done = to.write({&what, 1});
  CAF_REQUIRE(done[0].has_value());
}

session stored_session(store& in, unix_ms changed) {
  auto about = sample_session();
  about.updated_at = changed;
  write(in, create_session{about});
  return about;
}

bool is_there(store& in, const session& about) {
  return in.find(find_session{about.id}).has_value();
}

template <class Fixture>
void deletes_what_expired(Fixture& in) {
  std::vector<session> old;
  for (int i = 0; i < 5; ++i)
    old.push_back(stored_session(in.writer(), deadline - 1));
  auto recent = stored_session(in.writer(), deadline);
  auto user = user_message(old[0]);
  auto answer = pending_answer(user);
  write(in.writer(), append_messages{old[0].id, 1, {user, answer}, std::nullopt});
  write(in.writer(), store_answer{old[0].id, 1, finished(answer)});
  CAF_CHECK(in.expired->remove(deadline, 2) == 2u);
  CAF_CHECK(in.expired->remove(deadline, 2) == 2u);
  CAF_CHECK(in.expired->remove(deadline, 2) == 1u);
  CAF_CHECK(in.expired->remove(deadline, 2) == 0u);
  for (auto& each : old)
    CAF_CHECK(!is_there(in.reader(), each));
  CAF_CHECK(!in.reader().find(find_message{answer.id}));
  CAF_CHECK(is_there(in.reader(), recent));
}

template <class Fixture>
void keeps_what_runs(Fixture& in) {
  for (bool begun : {false, true}) {
    auto about = stored_session(in.writer(), deadline - 1);
    auto user = user_message(about);
    auto answer = pending_answer(user);
    write(in.writer(), append_messages{about.id, 1, {user, answer}, std::nullopt});
    if (begun)
      write(in.writer(), append_checkpoint{about.id, 1, answer.id, "Hi", {}, 0, false});
    CAF_CHECK(in.expired->remove(deadline, 10) == 0u);
    CAF_CHECK(is_there(in.reader(), about));
    write(in.writer(), store_answer{about.id, 1, finished(answer)});
    CAF_CHECK(in.expired->remove(deadline, 10) == 1u);
  }
}

template <class Fixture>
void turn_is_whole_or_refused(Fixture& in) {
  // Turns and deletions against each other: each session ends with its turn, or gone.
  std::vector<session> all;
  for (int i = 0; i < 60; ++i)
    all.push_back(stored_session(in.writer(), deadline - 1));
  std::atomic<bool> done = false;
  std::atomic<bool> failed = false;
  std::thread deleting{[&] {
    while (!done)
      failed = !in.expired->remove(deadline, 1) || failed;
  }};
  int kept = 0;
  bool right = true;
  // From the newest: the deletion comes from the oldest, and they meet.
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    auto user = user_message(*at);
    store_write turn = append_messages{at->id, 1, {user, pending_answer(user)}, std::nullopt};
    auto result = in.writer().write({&turn, 1});
    right = right && (result[0] ? is_there(in.reader(), *at) : result[0].error().code == ec::not_found);
    kept += result[0].has_value();
  }
  done = true;
  deleting.join();
  CAF_CHECK(right);
  CAF_CHECK(!failed);
  CAF_MESSAGE(kept << " of 60 were first");
  std::size_t there = 0;
  for (auto& each : all)
    there += is_there(in.reader(), each);
  CAF_CHECK_EQUAL(there, static_cast<std::size_t>(kept));
}

} // namespace

CAF_TEST(expired sessions go with all their messages a few at a time in SQLite) {
  sqlite_fixture in;
  deletes_what_expired(in);
}

CAF_TEST(expired sessions go with all their messages a few at a time in PostgreSQL) {
  postgres_retention_fixture in;
  deletes_what_expired(in);
}

CAF_TEST(a session with an answer under way is kept in SQLite) {
  sqlite_fixture in;
  keeps_what_runs(in);
}

CAF_TEST(a session with an answer under way is kept in PostgreSQL) {
  postgres_retention_fixture in;
  keeps_what_runs(in);
}

CAF_TEST(a turn at the last moment keeps its session or finds it gone in SQLite) {
  sqlite_fixture in;
  turn_is_whole_or_refused(in);
}

CAF_TEST(a turn at the last moment keeps its session or finds it gone in PostgreSQL) {
  postgres_retention_fixture in;
  turn_is_whole_or_refused(in);
}

CAF_TEST(sessions expire by the clock while the store is used) {
  sqlite_fixture in;
  std::vector<session> old;
  for (int i = 0; i < 7; ++i)
    old.push_back(stored_session(in.writer(), deadline - 1));
  auto recent = stored_session(in.writer(), deadline + 5'000);
  std::atomic<unix_ms> now = deadline + 999;
  retention sweeping{std::move(in.expired), {1s, 2, 1ms, 1ms, [&] { return now.load(); }}};
  auto left = [&] { return in.reader().list(list_sessions{std::nullopt, 50})->data.size(); };
  std::this_thread::sleep_for(30ms);
  CAF_CHECK_EQUAL(left(), 8u);
  now = deadline + 1'000;
  for (auto until = std::chrono::steady_clock::now() + 30s; left() > 1 && std::chrono::steady_clock::now() < until;)
    std::this_thread::sleep_for(1ms);
  CAF_CHECK_EQUAL(left(), 1u);
  CAF_CHECK(is_there(in.reader(), recent));
}
