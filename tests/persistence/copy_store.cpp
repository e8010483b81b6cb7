#define CAF_SUITE persistence.copy_store

#include "persistence/copy_store.hpp"

#include "persistence/sqlite/sqlite.hpp"
#include "persistence/sqlite/sqlite_backup.hpp"
#include "persistence/sqlite/sqlite_store.hpp"
#include "tests/persistence/postgres/postgres_fixture.hpp"
#include "tests/persistence/samples.hpp"

#include <caf/test/unit_test.hpp>

#include <fstream>
#include <random>

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;

namespace {

bool says(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos)
    return true;
  CAF_MESSAGE("it says: " << text);
  return false;
}

/// Every row of the database's tables as a line, without what is a store's own. Of JSON what it says, not how.
std::string rows_of(const std::filesystem::path& file) {
  sqlite::connection db{file};
  // Within a session the order of `seq` counts, not its numbers.
  auto lines = [&](std::string_view sql) { return db.text(sql) + "\n"; };
  return lines(
           "SELECT group_concat(r, char(10)) FROM (SELECT hex(id) || '|' || epoch || '|' || quote(mode) || quote(title) || "
           "title_is_set || '|' || created_at || '|' || updated_at || quote((SELECT group_concat((value ->> 'id') || '/' || "
           "(value ->> 'display_name')) FROM json_each(models))) || "
           "quote((SELECT group_concat(key || '=' || value) FROM (SELECT key, value FROM json_each(parameters) ORDER BY key))) "
           "|| quote(system_prompt) || blind AS r FROM sessions ORDER BY id)")
         + lines("SELECT group_concat(r, char(10)) FROM (SELECT hex(session_id) || '|' || "
                 "row_number() OVER (PARTITION BY session_id ORDER BY seq) || '|' || hex(id) || hex(turn_id) || "
                 "quote(hex(parent_id)) || quote(role) || quote(seat) || attempt || quote(hex(run_id)) || quote(status) || "
                 "quote(finish_reason) || quote(error_code) || quote(error_message) || quote(model_id) || quote(model_name) || "
                 "quote(prompt_tokens) || quote(completion_tokens) || quote(usage_reported) || quote(first_token_ms) || "
                 "quote(total_ms) || '|' || created_at || '|' || completed_at || quote((SELECT group_concat(value ->> 'id' || "
                 "'/' || (value ->> 'name') || '/' || (value ->> 'arguments')) FROM json_each(tool_calls))) || "
                 "quote(reasoning) || quote(content) || quote((SELECT group_concat(value ->> 'kind' || '/' || "
                 "(value ->> 'bytes')) FROM json_each(stretches))) AS r FROM messages ORDER BY session_id, seq)")
         + lines("SELECT group_concat(r, char(10)) FROM (SELECT hex(m.id) || '|' || p.position || quote(p.reasoning) || "
                 "quote(p.content) AS r FROM answer_pieces p JOIN messages m ON m.seq = p.message_seq ORDER BY m.id, p.position)")
         + lines("SELECT group_concat(r, char(10)) FROM (SELECT hex(id) || hex(turn_id) || hex(session_id) || quote(voter) || "
                 "quote(preference) || counted || '|' || created_at AS r FROM votes ORDER BY id)")
         + lines("SELECT group_concat(r, char(10)) FROM (SELECT hex(vote_id) || '|' || voted_at || quote(left_model) || "
                 "quote(right_model) || quote(preference) AS r FROM comparisons ORDER BY vote_id)");
}

/// The first line that the two don't share.
std::string difference(const std::string& is, const std::string& wanted) {
  auto at = std::mismatch(is.begin(), is.end(), wanted.begin(), wanted.end()).first - is.begin();
  auto begin = is.rfind('\n', static_cast<std::size_t>(at)) + 1;
  return is == wanted ? "" : is.substr(begin, 2'000) + "\ninstead of\n" + wanted.substr(begin, 2'000);
}

class random_transcript {
public:
  explicit random_transcript(store& into) : into_(into) {}

  void write_sessions(int count) {
    for (int i = 0; i < count; ++i)
      write_session();
    for (auto& each : into_.write(batch_))
      if (!each)
        CAF_FAIL("not stored: " << each.error().message);
  }

private:
  int below(int limit) { return std::uniform_int_distribution<int>{0, limit - 1}(random_); }

  std::string text() {
    static const std::vector<std::string> parts{"a", "\"",   "\\",           "'",  "{",  "}",
                                                ",", "NULL", "\n",           "\t", "é",  "\xF0\x9F\x98\x80",
                                                " ", "\x01", "\xEF\xBF\xBD", "%s", "$1", "word"};
    std::string result;
    for (int i = below(40); i > 0; --i)
      result += parts[static_cast<std::size_t>(below(static_cast<int>(parts.size())))];
    return result;
  }

  void write(store_write what) { batch_.push_back(std::move(what)); }

  void write_session() {
    auto about = sample_session();
    about.title = text();
    about.title_is_set = below(2) == 0;
    about.system_prompt = text();
    about.parameters = {};
    if (below(2))
      about.parameters = {0.1 * below(20), 0.30000000000000004, below(100'000), {text(), "END"}};
    about.updated_at += below(1'000'000);
    about.blind = below(2) == 0;
    write(create_session{about});
    epoch held = 1;
    for (int i = below(3); i > 0; --i, ++held)
      write(open_session{about.id});
    std::optional<message_id> parent;
    for (int turn = below(6); turn > 0; --turn) {
      auto user = user_message(about, parent, text());
      write(append_messages{about.id, held, {user}, std::nullopt});
      parent = user.id;
      for (int seat = 0; seat < 2; ++seat)
        for (int attempt = 1; attempt <= 1 + below(2); ++attempt)
          write_answer(pending_answer(user, static_cast<participant>(seat), attempt), held, parent);
      if (below(3) == 0)
        write_vote(user, held);
    }
  }

  void write_answer(message answer, epoch held, std::optional<message_id>& parent) {
    write(append_messages{answer.session, held, {answer}, std::nullopt});
    std::uint64_t position = 0;
    for (int pieces = below(4); pieces > 0; --pieces) {
      append_checkpoint piece{answer.session, held, answer.id, text(), below(2) ? text() : "", position, false};
      position += piece.content.size() + piece.reasoning.size();
      write(piece);
    }
    if (below(3) == 0)
      return; // left under way
    answer = finished(answer, text());
    answer.reasoning = text();
    if (below(3) == 0)
      answer.tool_calls = {{"c1", "weather", "{\"at\": \"" + std::string{"home"} + "\"}"}, {"c2", "time", "{}"}};
    if (below(3) == 0) {
      answer.status = message_status::failed;
      answer.finish = finish_reason::error;
      answer.error = answer_error{ec::upstream_timeout, text()};
      answer.usage.reset();
      answer.latency = below(2) ? std::optional{answer_latency{std::nullopt, 7}} : std::nullopt;
    }
    parent = answer.id;
    write(store_answer{answer.session, held, answer});
  }

  void write_vote(const message& question, epoch held) {
    record_vote made;
    made.session_key = question.session;
    made.held = held;
    made.id = new_id<vote_id>();
    made.turn = question.turn;
    if (below(4) == 0)
      made.voter = text();
    made.given = {*parse_preference(below(2) ? "tie" : "b"), below(2) == 0, sample_time + below(1'000'000)};
    made.left_model = text();
    made.right_model = text();
    write(made);
  }

  store& into_;
  std::vector<store_write> batch_;
  std::mt19937 random_{7};
};

struct copy_fixture : postgres_fixture {
  copy_fixture() { close(); }

  std::filesystem::path filled() {
    auto file = folder.path() / "first.db";
    auto opened = open_sqlite(file).value();
    random_transcript{*opened.writer}.write_sessions(60);
    return file;
  }

  std::string copied(const std::string& from, const std::string& to) {
    auto result = copy_store(from, to);
    return result ? "" : result.error().message;
  }

  std::string url = options.url;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(copies, copy_fixture)

CAF_TEST(what is copied to PostgreSQL and back is equal row by row) {
  auto first = filled();
  auto second = folder.path() / "second.db";
  auto wanted = rows_of(first);
  int reports = 0;
  auto there = copy_store(first, url, [&](auto, auto, auto) { ++reports; });
  CAF_REQUIRE(there.has_value());
  CAF_CHECK_EQUAL(there->sessions, 60);
  CAF_CHECK(there->messages > 300);
  CAF_CHECK(there->pieces > 50);
  CAF_CHECK(there->votes > 20 && there->comparisons > 10 && there->comparisons < there->votes);
  CAF_CHECK(reports > 5);
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM messages WHERE created_at = 'epoch'::timestamptz OR completed_at < created_at"), "0");
  CAF_CHECK(copy_store(url, second) == *there);
  CAF_CHECK_EQUAL(difference(rows_of(second), wanted), "");
  // The same between two of a kind.
  auto third = folder.path() / "third.db";
  CAF_CHECK(copy_store(second, third) == *there);
  CAF_CHECK_EQUAL(difference(rows_of(third), wanted), "");
  auto other = server.new_database();
  CAF_CHECK(copy_store(url, server.url(other)) == *there);
  CAF_CHECK_EQUAL(server.run(other, "SELECT count(*) FROM messages"), std::to_string(there->messages));
  server.drop_database(other);
}

CAF_TEST(conversations go on in the store that they were copied to) {
  session about = sample_session();
  auto user = user_message(about);
  auto answer = pending_answer(user);
  auto first = folder.path() / "first.db";
  {
    auto opened = open_sqlite(first).value();
    std::vector<store_write> batch{create_session{about}, append_messages{about.id, 1, {user, answer}, std::nullopt},
                                   append_checkpoint{about.id, 1, answer.id, "Hi th", {}, 0, false}};
    for (auto& each : opened.writer->write(batch))
      CAF_CHECK(each.has_value());
  }
  CAF_REQUIRE_EQUAL(copied(first, url), "");
  open_stores();
  auto so_far = reader().find(find_message{answer.id});
  CAF_REQUIRE(so_far.has_value());
  CAF_CHECK_EQUAL(so_far->content, "Hi th");
  store_write opening = open_session{about.id};
  auto opened = std::get<opened_session>(writer().write({&opening, 1})[0].value());
  CAF_CHECK_EQUAL(opened.held, 2u);
  CAF_CHECK_EQUAL(opened.messages.back().content, "Hi th");
  CAF_CHECK(opened.messages.back().finish == finish_reason::interrupted);
  store_write more = append_messages{about.id, 2, {user_message(about, answer.id)}, std::nullopt};
  CAF_CHECK(writer().write({&more, 1})[0].has_value());
}

CAF_TEST(a copy goes into an empty store only) {
  auto first = filled();
  CAF_REQUIRE_EQUAL(copied(first, url), "");
  CAF_CHECK(says(copied(first, url), "already has 60 sessions; a copy goes into an empty store only."));
  CAF_CHECK(says(copied(url, first), "already has 60 sessions"));
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM sessions"), "60");
  sql("DELETE FROM sessions");
  CAF_CHECK(says(copied(first, url), " votes that count; a copy goes into an empty store only."));
}

CAF_TEST(a store that a running Parley has is not copied) {
  auto first = filled();
  auto running = open_sqlite(first).value();
  CAF_CHECK(says(copied(first, url), "in use by process " + std::to_string(::getpid())));
  CAF_CHECK(says(copied(url, first), "in use by process"));
}

CAF_TEST(a copy that fails leaves nothing) {
  auto first = filled();
  // The last of the messages is one that PostgreSQL refuses.
  sqlite::connection{first}.execute("UPDATE messages SET attempt = 3000000000 WHERE seq = (SELECT max(seq) FROM messages)");
  CAF_CHECK(says(copied(first, url), "3000000000"));
  CAF_CHECK_EQUAL(sql("SELECT count(*) FROM sessions"), "0");
  sqlite::connection{first}.execute("UPDATE messages SET attempt = 1000 WHERE seq = (SELECT max(seq) FROM messages)");
  CAF_CHECK_EQUAL(copied(first, url), "");
}

CAF_TEST(what cannot be copied is told without a password) {
  auto missing = folder.path() / "missing.db";
  CAF_CHECK(says(copied(missing, url), missing.string() + " cannot be used: there is no such file."));
  CAF_CHECK(!std::filesystem::exists(missing));
  auto foreign = folder.path() / "foreign.db";
  sqlite::connection{foreign}.execute("CREATE TABLE theirs (x)");
  CAF_CHECK(says(copied(foreign, url), "it is a database of another program"));
  auto first = filled();
  auto nobody = copied(first, "postgresql://me:geheim@127.0.0.1:1/parley");
  CAF_CHECK(says(nobody, "Connection refused"));
  CAF_CHECK(nobody.find("geheim") == std::string::npos);
}

CAF_TEST(no table is forgotten) {
  auto first = filled();
  CAF_CHECK_EQUAL(sqlite::connection{first}.text("SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema "
                                                 "WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name)"),
                  "answer_pieces,comparisons,messages,sessions,votes");
  CAF_CHECK_EQUAL(sql("SELECT string_agg(tablename, ',' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'"),
                  "answer_pieces,comparisons,messages,parley_schema,sessions,votes");
}

CAF_TEST_FIXTURE_SCOPE_END()
