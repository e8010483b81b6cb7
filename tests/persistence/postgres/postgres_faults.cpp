#define CAF_SUITE persistence.postgres.postgres_faults

#include "tests/persistence/postgres/postgres_fixture.hpp"
#include "tests/persistence/samples.hpp"
#include "tests/support/postgres_proxy.hpp"
#include "tests/support/small_disk.hpp"

#include <caf/test/unit_test.hpp>

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include <list>
#include <random>

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

expected<store_written> write(store& to, store_write what) {
  return std::move(to.write({&what, 1}).front());
}

bool ok(const expected<store_written>& result) {
  if (!result)
    CAF_MESSAGE("failed: " << std::string{name(result.error().code)} << ": " << result.error().message);
  return result.has_value();
}

template <class T>
bool is_unavailable(const expected<T>& result, std::string_view because = {}) {
  if (result || result.error().code != ec::store_unavailable || result.error().message.find(because) == std::string::npos) {
    CAF_MESSAGE("it says: " << (result ? "nothing" : result.error().message));
    return false;
  }
  return true;
}

std::vector<message> transcript(store& of, session_id id) {
  std::vector<message> result;
  std::optional<message_id> after;
  for (bool more = true; more;) {
    auto page = of.list(list_messages{id, after, 100});
    if (!page || (page->more && page->data.empty()))
      return {};
    result.insert(result.end(), page->data.begin(), page->data.end());
    if (!result.empty())
      after = result.back().id;
    more = page->more;
  }
  return result;
}

/// A turn that may be stored.
struct turn {
  session about = sample_session();
  message user = user_message(about);
  message answer = pending_answer(user);

  std::vector<store_write> begin() const {
    return {create_session{about}, append_messages{about.id, 1, {user, answer}, std::nullopt}};
  }

  store_write finish() const { return store_answer{about.id, 1, finished(answer)}; }

  append_checkpoint piece(std::uint64_t position, std::string content) const {
    return {about.id, 1, answer.id, std::move(content), {}, position, false};
  }
};

turn begin(store& in) {
  turn result;
  for (auto& each : in.write(result.begin()))
    CAF_REQUIRE(ok(each));
  return result;
}

/// Does not shrink when it is compressed.
std::string noise(std::size_t bytes) {
  static std::mt19937 random{1};
  std::string result;
  for (std::uniform_int_distribution<int> letter{'0', 'z'}; result.size() < bytes;)
    result += static_cast<char>(letter(random));
  return result;
}

class stopwatch {
public:
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_);
  }

private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Impatient, for the test's sake.
struct impatient_fixture : postgres_fixture {
  impatient_fixture() {
    options.connect_timeout = 2s; // libpq's least
    options.call_timeout = 1'500ms;
    options.statement_timeout = 1'000ms;
    options.lock_timeout = 300ms;
    reopen();
  }
};

} // namespace

/// libpqxx 6.4 loses the result (2 KiB) of a statement whose connection was lost: it asks the connection for its encoding
/// before it takes hold of it.
extern "C" const char* __lsan_default_suppressions() { // NOLINT(bugprone-reserved-identifier): LeakSanitizer's name
  return "leak:libpqxx";
}

CAF_TEST_FIXTURE_SCOPE(postgres_faults_tests, impatient_fixture)

CAF_TEST(a frozen server is unavailable in bounded time and later goes on) {
  auto first = begin(writer());
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
  server.freeze();
  for (int i = 0; i < 2; ++i) { // on the connection that was there, and on one that is to be made
    stopwatch since;
    CAF_CHECK(is_unavailable(write(writer(), first.piece(0, "Hi"))));
    CAF_CHECK(since.elapsed() < 3'500ms);
  }
  stopwatch since;
  CAF_CHECK(is_unavailable(reader().find(find_session{first.about.id}), "did not answer in time"));
  CAF_CHECK(is_unavailable(reader().ping()));
  CAF_CHECK(since.elapsed() < 6s);
  server.thaw();
  CAF_CHECK(ok(write(writer(), first.finish())));
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, finished(first.answer)}));
}

CAF_TEST(a server that is away is unavailable at once and a new one is taken without a failure) {
  auto first = begin(writer());
  server.kill();
  stopwatch since;
  CAF_CHECK(is_unavailable(write(writer(), first.piece(0, "Hi"))));
  // Clients hear the reason, but no address.
  CAF_CHECK(is_unavailable(write(writer(), first.piece(0, "Hi")), "The store failed: Connection refused."));
  CAF_CHECK(is_unavailable(writer().ping()));
  CAF_CHECK(is_unavailable(reader().list(list_sessions{})));
  CAF_CHECK(since.elapsed() < 1s);
  server.start();
  CAF_CHECK(ok(write(writer(), first.finish())));
  CAF_CHECK(writer().ping().has_value());
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, finished(first.answer)}));
  // Both have lost their connections now, and not noticed it yet.
  server.kill();
  server.start();
  CAF_CHECK(ok(write(writer(), first.finish())));
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, finished(first.answer)}));
}

CAF_TEST(what a killed server has acknowledged is there exactly once) {
  std::mt19937 random{7};
  std::vector<turn> all;
  for (int round = 0; round < 3; ++round) {
    auto pause = std::chrono::microseconds{std::uniform_int_distribution<int>{20'000, 200'000}(random)};
    std::thread killer{[&] {
      std::this_thread::sleep_for(pause);
      server.kill();
    }};
    std::vector<turn> acknowledged;
    std::vector<store_write> last;
    turn cut_short;
    for (bool there = true; there;) {
      cut_short = turn{};
      last = cut_short.begin();
      last.push_back(cut_short.piece(0, "Hi "));
      last.push_back(cut_short.finish());
      for (auto& result : writer().write(last))
        there = there && result;
      if (there)
        acknowledged.push_back(cut_short);
    }
    killer.join();
    server.start();
    CAF_MESSAGE(acknowledged.size() << " turns were acknowledged");
    CAF_CHECK(!acknowledged.empty());
    for (auto& each : acknowledged)
      CAF_REQUIRE((transcript(reader(), each.about.id) == std::vector<message>{each.user, finished(each.answer)}));
    for (auto& result : writer().write(last))
      CAF_CHECK(ok(result));
    all.insert(all.end(), acknowledged.begin(), acknowledged.end());
    all.push_back(cut_short);
  }
  for (auto& each : all)
    CAF_REQUIRE((transcript(reader(), each.about.id) == std::vector<message>{each.user, finished(each.answer)}));
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM messages"), std::to_string(2 * all.size()));
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM answer_pieces"), "0");
}

CAF_TEST(a server without a free connection is unavailable until there is one) {
  auto first = begin(writer());
  std::list<pqxx::connection> taken;
  try {
    while (taken.size() < 200)
      taken.emplace_back(options.url);
  } catch (const pqxx::broken_connection&) {
    // That was the last one.
  }
  CAF_MESSAGE(taken.size() << " connections");
  // The one that the writer has still serves it.
  CAF_CHECK(ok(write(writer(), first.piece(0, "Hi"))));
  auto other = options;
  temporary_folder elsewhere;
  other.data_dir = elsewhere.path();
  auto refused = open_postgres(other);
  CAF_CHECK(is_unavailable(refused, "too many clients"));
  {
    pqxx::nontransaction cutting{taken.front()};
    // It waits for the backend's end: one that is still ending has its place, and frees it later, for the writer.
    cutting.exec("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND query LIKE 'COMMIT%'");
  }
  // What was freed is taken before the writer comes.
  try {
    while (taken.size() < 200)
      taken.emplace_back(options.url);
  } catch (const pqxx::broken_connection&) {
  }
  CAF_CHECK(is_unavailable(write(writer(), first.finish()), "too many clients"));
  CAF_CHECK(is_unavailable(writer().ping(), "too many clients"));
  taken.clear();
  CAF_CHECK(ok(write(writer(), first.finish())));
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, finished(first.answer)}));
}

CAF_TEST(a session that another transaction has locked is unavailable in bounded time) {
  auto first = begin(writer());
  pqxx::connection connection{options.url};
  {
    pqxx::nontransaction other{connection};
    other.exec("BEGIN; SELECT * FROM sessions FOR UPDATE");
    stopwatch since;
    CAF_CHECK(is_unavailable(write(writer(), first.finish()), "lock timeout"));
    CAF_CHECK(since.elapsed() < 1'200ms);
    CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
    other.exec("ROLLBACK");
  }
  CAF_CHECK(ok(write(writer(), first.finish())));
}

CAF_TEST(a full disk fails whole batches and reads go on until there is room again) {
  auto place = server.new_folder("small" + database);
  small_disk disk{place, 20};
  if (!disk) {
    CAF_MESSAGE("skipped: this process may not mount a disk");
    return;
  }
  close();
  server.drop_database(database);
  server.run("postgres", "CREATE TABLESPACE small LOCATION '" + place.string() + "'");
  server.run("postgres", "CREATE DATABASE " + database + " TABLESPACE small");
  open_stores();
  auto first = begin(writer());
  std::vector<message> stored{first.user, first.answer};
  std::vector<store_write> batch;
  message small, large;
  for (int i = 0; i < 40 && stored.size() < 40; ++i) {
    small = user_message(first.about);
    large = user_message(first.about, std::nullopt, noise(1024 * 1024));
    batch = {append_messages{first.about.id, 1, {small}, std::nullopt},
             append_messages{first.about.id, 1, {large}, std::nullopt}};
    auto results = writer().write(batch);
    if (!results[0] || !results[1]) {
      CAF_CHECK(is_unavailable(results[0], "No space left on device"));
      CAF_CHECK(is_unavailable(results[1], "No space left on device"));
      break;
    }
    stored.push_back(small);
    stored.push_back(large);
  }
  CAF_MESSAGE(stored.size() << " messages fit");
  CAF_CHECK(stored.size() > 2 && stored.size() < 40);
  CAF_CHECK(transcript(reader(), first.about.id) == stored);
  disk.resize(200);
  CAF_CHECK(writer().ping().has_value());
  for (auto& result : writer().write(batch))
    CAF_CHECK(ok(result));
  stored.push_back(small);
  stored.push_back(large);
  CAF_CHECK(transcript(reader(), first.about.id) == stored);
  close();
  server.drop_database(database);
  server.run("postgres", "DROP TABLESPACE small");
}

CAF_TEST(a server that crashes on a full log disk has all that it acknowledged when there is room again) {
  auto place = server.new_folder("log" + database);
  small_disk disk{place, 12};
  if (!disk) {
    CAF_MESSAGE("skipped: this process may not mount a disk");
    return;
  }
  close();
  // Without a checkpoint the log only grows.
  postgres_server own{"max_wal_size = 1GB\ncheckpoint_timeout = 1h\n", {"--waldir", place / "log", "--wal-segsize", "1"}};
  options.url = own.url("postgres");
  open_stores();
  auto first = begin(writer());
  std::vector<message> stored{first.user, first.answer};
  message added;
  for (bool there = true; there && stored.size() < 100;) {
    added = user_message(first.about, std::nullopt, noise(300'000));
    there = write(writer(), append_messages{first.about.id, 1, {added}, std::nullopt}).has_value();
    if (there)
      stored.push_back(added);
  }
  CAF_MESSAGE(stored.size() << " messages fit");
  CAF_CHECK(stored.size() < 100);
  CAF_CHECK(is_unavailable(writer().ping()));
  own.kill();
  disk.resize(200);
  own.start();
  auto kept = transcript(reader(), first.about.id);
  // The last may be there: nobody knew.
  if (kept.size() > stored.size())
    stored.push_back(added);
  CAF_CHECK(kept == stored);
  CAF_CHECK(ok(write(writer(), append_messages{first.about.id, 1, {added}, std::nullopt})));
  CAF_CHECK(transcript(reader(), first.about.id).back() == added);
  close();
}

CAF_TEST_FIXTURE_SCOPE_END()

// -- a connection that is cut ----------------------------------------------------------------------------------------

namespace {

/// A batch with all kinds of writes, and what is to be there afterwards, however often it is repeated.
struct scene {
  explicit scene(store& in) : running(begin(in)), gone(begin(in)) {
    beside = pending_answer(running.user, 1);
    changed = running.about;
    changed.title = "Renamed";
    batch = fresh.begin();
    batch.push_back(fresh.piece(0, "Hi "));
    batch.push_back(running.piece(0, "So "));
    batch.push_back(append_messages{running.about.id, 1, {beside}, changed});
    batch.push_back(running.piece(3, "far"));
    batch.push_back(append_messages{running.about.id, 0, {user_message(running.about)}, std::nullopt}); // is fenced
    batch.push_back(store_answer{running.about.id, 1, finished(beside)});
    batch.push_back(delete_session{gone.about.id});
    batch.push_back(fresh.finish());
  }

  /// All but the one that is fenced.
  bool is_carried_out(const std::vector<expected<store_written>>& results) const {
    for (std::size_t i = 0; i < results.size(); ++i)
      if (i == fenced ? (results[i] || results[i].error().code != ec::fenced) : !results[i]) {
        return false;
      }
    return true;
  }

  bool is_there(store& in) const {
    auto so_far = running.answer;
    so_far.status = message_status::streaming;
    so_far.content = "So far";
    return in.find(find_session{running.about.id}) == changed && in.find(find_session{fresh.about.id}) == fresh.about
           && transcript(in, fresh.about.id) == std::vector<message>{fresh.user, finished(fresh.answer)}
           && transcript(in, running.about.id) == std::vector<message>{running.user, so_far, finished(beside)}
           && !in.find(find_session{gone.about.id}) && !in.find(find_message{gone.answer.id});
  }

  static constexpr std::size_t fenced = 6;

  turn fresh;
  turn running;
  turn gone;
  message beside;
  session changed;
  std::vector<store_write> batch;
};

struct proxied_fixture : postgres_fixture {
  proxied_fixture() {
    direct = options;
    options.url = server.url(database, proxy.port());
    reopen();
  }

  ~proxied_fixture() { close(); }

  postgres_options direct;
  postgres_proxy proxy{server.port()};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(postgres_cut_tests, proxied_fixture)

CAF_TEST(a batch whose connection is cut at any message can be repeated) {
  int cuts = 0;
  int lost_commits = 0;
  for (bool delivered : {false, true}) {
    bool reached = true;
    for (int message = 1; reached && message < 500; ++message) {
      scene one{writer()};
      proxy.cut_at(message, delivered);
      auto results = writer().write(one.batch);
      reached = proxy.has_cut();
      proxy.cut_at(0, false);
      CAF_REQUIRE_EQUAL(results.size(), one.batch.size());
      if (!one.is_carried_out(results)) {
        for (auto& result : results)
          CAF_REQUIRE(is_unavailable(result));
        ++cuts;
        // Whole, or not at all.
        auto rows = sql("SELECT (SELECT count(*) FROM sessions WHERE id = '" + to_string(one.fresh.about.id)
                        + "') + (SELECT count(*) FROM messages WHERE session_id = '" + to_string(one.fresh.about.id) + "')");
        CAF_REQUIRE(rows == "0" || rows == "3");
        lost_commits += rows == "3" ? 1 : 0;
        auto repeated = writer().write(one.batch);
        CAF_REQUIRE(one.is_carried_out(repeated));
      }
      CAF_REQUIRE(one.is_there(reader()));
    }
    CAF_CHECK(!reached);
  }
  CAF_MESSAGE(cuts << " batches were cut, of them " << lost_commits << " after their commit");
  CAF_CHECK(cuts > 40);
  CAF_CHECK(lost_commits > 0);
}

CAF_TEST(reads whose connection is cut at any message are unavailable and the next is not ) {
  auto first = begin(writer());
  bool reached = true;
  int cuts = 0;
  for (int message = 1; reached && message < 500; ++message) {
    proxy.cut_at(message, message % 2 == 0);
    auto found = reader().list(list_messages{first.about.id, std::nullopt, 10});
    reached = proxy.has_cut();
    if (!found) {
      ++cuts;
      CAF_CHECK(is_unavailable(found));
    }
    proxy.cut_at(0, false);
    CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
  }
  CAF_CHECK(!reached);
  CAF_CHECK(cuts > 5);
}

CAF_TEST(a large batch takes no more messages than a small one) {
  auto messages_for = [&](int turns) {
    std::vector<store_write> batch;
    for (int i = 0; i < turns; ++i) {
      turn one;
      for (auto& each : one.begin())
        batch.push_back(each);
      batch.push_back(one.piece(0, "Hi"));
      batch.push_back(one.finish());
    }
    proxy.cut_at(0, false);
    for (auto& result : writer().write(batch))
      CAF_REQUIRE(ok(result));
    return proxy.messages();
  };
  messages_for(1);
  auto small = messages_for(3);
  CAF_MESSAGE(small << " messages for three turns");
  stopwatch since;
  CAF_CHECK_EQUAL(messages_for(1'000), small);
  CAF_MESSAGE("4,000 writes took " << since.elapsed().count() << " ms");
}

CAF_TEST_FIXTURE_SCOPE_END()
