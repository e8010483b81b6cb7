// What every store keeps to. Include it in a test file of the store, after CAF_SUITE and a `store_fixture` with
//   store& writer();   the store that writes
//   store& reader();   another connection to the same database; it may be used by another thread
//   void reopen();     closes both and opens them anew

#include "persistence/store/store.hpp"

#include "tests/persistence/samples.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

CAF_TEST_FIXTURE_SCOPE(store_contract, store_fixture)

namespace {

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;

/// One write in a transaction of its own.
expected<store_written> write(store& to, store_write what) {
  auto results = to.write({&what, 1});
  CAF_REQUIRE_EQUAL(results.size(), 1u);
  return std::move(results.front());
}

bool ok(const expected<store_written>& result) {
  if (!result)
    CAF_MESSAGE("failed: " << std::string{name(result.error().code)} << ": " << result.error().message);
  return result.has_value();
}

template <class T>
bool failed_as(ec code, const expected<T>& result) {
  return !result && result.error().code == code;
}

opened_session open(store& to, session_id id) {
  auto result = write(to, open_session{id});
  CAF_REQUIRE(result.has_value());
  return std::get<opened_session>(std::move(*result));
}

std::vector<message> transcript(store& of, session_id id) {
  auto page = of.list(list_messages{id, std::nullopt, 1'000});
  if (!page)
    CAF_MESSAGE(page.error().message);
  CAF_REQUIRE(page.has_value());
  CAF_REQUIRE(!page->more);
  return std::move(page->data);
}

message stored(store& in, message_id id) {
  auto found = in.find(find_message{id});
  CAF_REQUIRE(found.has_value());
  return std::move(*found);
}

/// One answer out of a spool.
recovered_answer recover(store& into, const store_answer& what) {
  auto results = into.recover({&what, 1});
  CAF_REQUIRE_EQUAL(results.size(), 1u);
  CAF_REQUIRE(results.front().has_value());
  return std::move(*results.front());
}

append_checkpoint piece(const message& of, std::uint64_t position, std::string content, epoch held = 1) {
  return {of.session, held, of.id, std::move(content), {}, position, false};
}

/// A stored session with one turn whose answer is pending.
struct begun_turn {
  explicit begun_turn(store& in) : about(sample_session()), user(user_message(about)), answer(pending_answer(user)) {
    CAF_REQUIRE(ok(write(in, create_session{about})));
    CAF_REQUIRE(ok(write(in, append_messages{about.id, 1, {user, answer}, std::nullopt})));
  }

  session about;
  message user;
  message answer;
};

} // namespace

// -- sessions --------------------------------------------------------------------------------------------------------

CAF_TEST(a session is found as it was created) {
  auto about = sample_session();
  about.title_is_set = true;
  about.parameters = {0.30000000000000004, 0.95, 4'096, {"END", "\"quoted\"", "\xF0\x9F\x98\x80"}};
  auto plain = sample_session(session_mode::direct);
  plain.parameters = {};
  plain.system_prompt.clear();
  CAF_CHECK(ok(write(writer(), create_session{about})));
  CAF_CHECK(ok(write(writer(), create_session{plain})));
  CAF_CHECK(reader().find(find_session{about.id}) == about);
  CAF_CHECK(reader().find(find_session{plain.id}) == plain);
  CAF_CHECK(failed_as(ec::not_found, reader().find(find_session{new_id<session_id>()})));
}

CAF_TEST(a session whose id is taken is a conflict but the same once more is not ) {
  auto about = sample_session();
  CAF_CHECK(ok(write(writer(), create_session{about})));
  CAF_CHECK(ok(write(writer(), create_session{about})));
  auto other = about;
  other.title = "Something else";
  CAF_CHECK(failed_as(ec::id_conflict, write(writer(), create_session{other})));
  CAF_CHECK(reader().find(find_session{about.id}) == about);
}

CAF_TEST(sessions are listed newest first in pages) {
  std::vector<session> made;
  for (int i = 0; i < 7; ++i) {
    made.push_back(sample_session());
    CAF_REQUIRE(ok(write(writer(), create_session{made.back()})));
  }
  std::reverse(made.begin(), made.end());
  std::vector<session> seen;
  std::vector<std::size_t> sizes;
  std::optional<session_id> after;
  for (bool more = true; more;) {
    auto page = reader().list(list_sessions{after, 3});
    CAF_REQUIRE(page.has_value());
    sizes.push_back(page->data.size());
    seen.insert(seen.end(), page->data.begin(), page->data.end());
    after = seen.back().id;
    more = page->more;
    CAF_REQUIRE(seen.size() <= made.size());
  }
  CAF_CHECK(seen == made);
  CAF_CHECK((sizes == std::vector<std::size_t>{3, 3, 1}));
  // A page that is just full, and one after a session that was deleted meanwhile.
  CAF_CHECK(!reader().list(list_sessions{std::nullopt, 7})->more);
  CAF_REQUIRE(ok(write(writer(), delete_session{made[2].id})));
  auto page = reader().list(list_sessions{made[2].id, 2});
  CAF_REQUIRE(page.has_value());
  CAF_CHECK((page->data == std::vector<session>{made[3], made[4]}));
  CAF_CHECK(page->more);
}

CAF_TEST(an updated session keeps its mode and its creation) {
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  auto changed = about;
  changed.title = "Named by someone";
  changed.title_is_set = true;
  changed.system_prompt = "Be long.";
  changed.parameters = {std::nullopt, 0.5, std::nullopt, {}};
  changed.models.pop_back();
  changed.updated_at += 5;
  auto sent = changed;
  sent.mode = session_mode::direct;
  sent.created_at = 1;
  CAF_CHECK(ok(write(writer(), update_session{sent, 1})));
  CAF_CHECK(reader().find(find_session{about.id}) == changed);
  auto absent = sample_session();
  CAF_CHECK(failed_as(ec::not_found, write(writer(), update_session{absent, 1})));
}

CAF_TEST(deleting a session takes its messages along and nothing else) {
  begun_turn gone{writer()};
  begun_turn kept{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(gone.answer, 0, "some"))));
  CAF_CHECK(ok(write(writer(), delete_session{gone.about.id})));
  CAF_CHECK(ok(write(writer(), delete_session{gone.about.id})));
  CAF_CHECK(failed_as(ec::not_found, reader().find(find_session{gone.about.id})));
  CAF_CHECK(failed_as(ec::not_found, reader().find(find_message{gone.answer.id})));
  CAF_CHECK(failed_as(ec::not_found, reader().list(list_messages{gone.about.id, std::nullopt, 50})));
  CAF_CHECK((transcript(reader(), kept.about.id) == std::vector<message>{kept.user, kept.answer}));
  // What is still sent for it finds nothing to write to.
  CAF_CHECK(failed_as(ec::not_found, write(writer(), piece(gone.answer, 4, "more"))));
  CAF_CHECK(failed_as(ec::not_found, write(writer(), store_answer{gone.about.id, 1, finished(gone.answer)})));
  CAF_CHECK(
    failed_as(ec::not_found, write(writer(), append_messages{gone.about.id, 1, {user_message(gone.about)}, std::nullopt})));
  CAF_CHECK(failed_as(ec::not_found, write(writer(), open_session{gone.about.id})));
}

CAF_TEST(a session of a very long branch can be deleted) {
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  append_messages all{about.id, 1, {}, std::nullopt};
  std::optional<message_id> parent;
  for (int i = 0; i < 3'000; ++i) {
    all.added.push_back(user_message(about, parent));
    parent = all.added.back().id;
  }
  CAF_REQUIRE(ok(write(writer(), all)));
  CAF_CHECK(ok(write(writer(), delete_session{about.id})));
  CAF_CHECK(failed_as(ec::not_found, reader().find(find_message{*parent})));
}

// -- messages --------------------------------------------------------------------------------------------------------

CAF_TEST(messages are found as they were appended) {
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  auto imported = user_message(about);
  imported.role = message_role::assistant;
  auto prompt = user_message(about, imported.id);
  prompt.role = message_role::system;
  auto user = user_message(about, prompt.id);
  auto pending = pending_answer(user, 7, 12);
  auto whole = finished(pending_answer(user, 1), "Answer");
  whole.reasoning = "Thought";
  whole.tool_calls = {{"call_1", "search", "{\"q\":\"\\u00e4\"}"}, {"call_2", "broken", "{\"not json"}};
  whole.stretches = {{stretch_kind::reasoning, 0, 7}, {stretch_kind::arguments, 0, 10}, {stretch_kind::arguments, 1, 9},
                     {stretch_kind::arguments, 0, 6}, {stretch_kind::whole_call, 0, 0}, {stretch_kind::whole_call, 1, 0},
                     {stretch_kind::text, 0, 6}};
  whole.usage = token_usage{0, 0, false};
  whole.latency = answer_latency{std::nullopt, 0};
  auto broken = finished(pending_answer(user, 2), "");
  broken.status = message_status::failed;
  broken.finish = finish_reason::error;
  broken.error = answer_error{ec::upstream_truncated, "The provider's answer broke off."};
  broken.usage.reset();
  std::vector<message> all{imported, prompt, user, pending, whole, broken};
  CAF_CHECK(ok(write(writer(), append_messages{about.id, 1, all, std::nullopt})));
  CAF_CHECK(transcript(reader(), about.id) == all);
  for (auto& one : all)
    CAF_CHECK(stored(reader(), one.id) == one);
  CAF_CHECK(failed_as(ec::not_found, reader().find(find_message{new_id<message_id>()})));
}

CAF_TEST(every status and finish and error code and role comes back) {
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  auto user = user_message(about);
  append_messages all{about.id, 1, {user}, std::nullopt};
  for (auto reason : {finish_reason::stop, finish_reason::length, finish_reason::content_filter, finish_reason::tool_calls,
                      finish_reason::cancelled, finish_reason::interrupted, finish_reason::error}) {
    auto answer = finished(pending_answer(user, 0, static_cast<int>(all.added.size())));
    answer.finish = reason;
    answer.status = is_success(reason) ? message_status::success : message_status::failed;
    all.added.push_back(answer);
  }
  for (auto code :
       {ec::internal, ec::upstream_unreachable, ec::upstream_timeout, ec::upstream_rate_limited, ec::upstream_rejected,
        ec::upstream_truncated, ec::upstream_malformed, ec::upstream_overloaded, ec::answer_too_large, ec::store_unavailable}) {
    auto answer = finished(pending_answer(user, 0, static_cast<int>(all.added.size())));
    answer.status = message_status::failed;
    answer.finish = finish_reason::error;
    answer.error = answer_error{code, ""};
    all.added.push_back(answer);
  }
  CAF_REQUIRE(ok(write(writer(), all)));
  CAF_CHECK(transcript(reader(), about.id) == all.added);
}

CAF_TEST(messages are listed oldest first in pages whatever their ids) {
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  std::vector<message> all;
  for (std::uint8_t i = 0; i < 7; ++i) {
    auto one = user_message(about);
    one.id.bytes[0] = static_cast<std::uint8_t>(200 - 10 * i); // a client's own ids don't rise
    one.created_at = sample_time - i;                          // nor does the clock, always
    all.push_back(one);
    CAF_REQUIRE(ok(write(writer(), append_messages{about.id, 1, {one}, std::nullopt})));
  }
  begun_turn other{writer()};
  std::vector<message> seen;
  std::vector<std::size_t> sizes;
  std::optional<message_id> after;
  for (bool more = true; more;) {
    auto page = reader().list(list_messages{about.id, after, 3});
    CAF_REQUIRE(page.has_value());
    sizes.push_back(page->data.size());
    seen.insert(seen.end(), page->data.begin(), page->data.end());
    after = seen.back().id;
    more = page->more;
    CAF_REQUIRE(seen.size() <= all.size());
  }
  CAF_CHECK(seen == all);
  CAF_CHECK((sizes == std::vector<std::size_t>{3, 3, 1}));
  CAF_CHECK(!reader().list(list_messages{about.id, std::nullopt, 7})->more);
  CAF_CHECK(reader().list(list_messages{about.id, all.back().id, 7})->data.empty());
  CAF_CHECK(failed_as(ec::invalid_request, reader().list(list_messages{about.id, other.user.id, 7})));
  CAF_CHECK(failed_as(ec::invalid_request, reader().list(list_messages{about.id, new_id<message_id>(), 7})));
  CAF_CHECK(failed_as(ec::not_found, reader().list(list_messages{new_id<session_id>(), std::nullopt, 7})));
}

CAF_TEST(an empty session has an empty transcript) {
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  CAF_CHECK(transcript(reader(), about.id).empty());
  CAF_CHECK(open(writer(), about.id).messages.empty());
}

CAF_TEST(messages and the changes of their session are appended together or not at all) {
  begun_turn first{writer()};
  auto changed = first.about;
  changed.title = "From the first message";
  auto user = user_message(first.about, first.answer.id);
  auto taken = pending_answer(user);
  taken.id = first.user.id;
  CAF_CHECK(failed_as(ec::id_conflict, write(writer(), append_messages{first.about.id, 1, {user, taken}, changed})));
  CAF_CHECK(reader().find(find_session{first.about.id}) == first.about);
  CAF_CHECK(failed_as(ec::not_found, reader().find(find_message{user.id})));
  CAF_CHECK(ok(write(writer(), append_messages{first.about.id, 1, {user, pending_answer(user)}, changed})));
  CAF_CHECK(reader().find(find_session{first.about.id}) == changed);
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 4u);
}

CAF_TEST(the same messages once more change nothing) {
  begun_turn first{writer()};
  append_messages again{first.about.id, 1, {first.user, first.answer}, std::nullopt};
  CAF_CHECK(ok(write(writer(), again)));
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi"))));
  CAF_CHECK(ok(write(writer(), again)));
  CAF_CHECK_EQUAL(stored(reader(), first.answer.id).content, "Hi");
  CAF_REQUIRE(ok(write(writer(), store_answer{first.about.id, 1, finished(first.answer)})));
  CAF_CHECK(ok(write(writer(), again)));
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, finished(first.answer)}));
}

CAF_TEST(an id that is taken by another message is a conflict) {
  begun_turn first{writer()};
  auto other_content = first.user;
  other_content.content = "Something else";
  CAF_CHECK(failed_as(ec::id_conflict, write(writer(), append_messages{first.about.id, 1, {other_content}, std::nullopt})));
  begun_turn second{writer()};
  auto other_session = first.user;
  other_session.session = second.about.id;
  CAF_CHECK(failed_as(ec::id_conflict, write(writer(), append_messages{second.about.id, 1, {other_session}, std::nullopt})));
  auto twice = user_message(first.about);
  CAF_CHECK(failed_as(ec::id_conflict, write(writer(), append_messages{first.about.id, 1, {twice, twice}, std::nullopt})));
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
  CAF_CHECK_EQUAL(transcript(reader(), second.about.id).size(), 2u);
}

CAF_TEST(a seat has one answer for each attempt) {
  begun_turn first{writer()};
  auto add = [&](message answer) { return write(writer(), append_messages{first.about.id, 1, {answer}, std::nullopt}); };
  CAF_CHECK(failed_as(ec::id_conflict, add(pending_answer(first.user, 0, 1))));
  CAF_CHECK(ok(add(pending_answer(first.user, 0, 2))));
  CAF_CHECK(ok(add(pending_answer(first.user, 1, 1))));
}

CAF_TEST(a message follows one of its own session) {
  begun_turn first{writer()};
  begun_turn second{writer()};
  auto nowhere = user_message(first.about, new_id<message_id>());
  CAF_CHECK(!write(writer(), append_messages{first.about.id, 1, {nowhere}, std::nullopt}));
  auto elsewhere = user_message(first.about, second.user.id);
  CAF_CHECK(!write(writer(), append_messages{first.about.id, 1, {elsewhere}, std::nullopt}));
  auto mislaid = user_message(second.about);
  CAF_CHECK(!write(writer(), append_messages{first.about.id, 1, {mislaid}, std::nullopt}));
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
}

CAF_TEST(texts come back byte for byte) {
  const std::string texts[] = {
    "",
    " \t\r\n ",
    "Gr\xC3\xBC\xC3\x9F Gott \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB e\xCC\x81 \xEF\xBF\xBD "
    "\xEF\xBB\xBF",
    "'; DROP TABLE messages; -- \" \\ \\u0000 \x01\x1f\x7f",
    "\xE2\x80\xA8\xE2\x80\xA9\xC2\x85 \xED\x9F\xBF \xEE\x80\x80 \xF4\x8F\xBF\xBF",
  };
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  append_messages all{about.id, 1, {}, std::nullopt};
  for (auto& text : texts) {
    auto user = user_message(about, std::nullopt, text);
    auto answer = finished(pending_answer(user), text);
    answer.reasoning = text;
    answer.tool_calls = {{text, text, text}};
    answer.model = model_label{text, text};
    answer.error = answer_error{ec::internal, text};
    all.added.push_back(user);
    all.added.push_back(answer);
  }
  CAF_REQUIRE(ok(write(writer(), all)));
  reopen();
  CAF_CHECK(transcript(reader(), about.id) == all.added);
}

CAF_TEST(an answer of four MiB comes back byte for byte in pieces and whole) {
  std::string text;
  for (std::uint32_t i = 0; text.size() < 4 * 1024 * 1024; ++i)
    text += std::to_string(i * 2654435761u) + " \xE2\x82\xAC ";
  begun_turn first{writer()};
  constexpr std::size_t step = 512 * 1024;
  for (std::size_t at = 0; at < text.size();) {
    // A piece is made of whole characters.
    auto end = text.find(' ', std::min(at + step, text.size()) - 1) + 1;
    CAF_REQUIRE(ok(write(writer(), piece(first.answer, at, text.substr(at, end - at)))));
    at = end;
  }
  CAF_CHECK(stored(reader(), first.answer.id).content == text);
  auto answer = finished(first.answer, text);
  answer.reasoning = text;
  CAF_REQUIRE(ok(write(writer(), store_answer{first.about.id, 1, answer})));
  CAF_CHECK(stored(reader(), first.answer.id) == answer);
  reopen();
  CAF_CHECK(stored(reader(), first.answer.id) == answer);
}

CAF_TEST(pages of very long messages end early and none is left out) {
  auto about = sample_session();
  CAF_REQUIRE(ok(write(writer(), create_session{about})));
  std::vector<message_id> all;
  for (int i = 0; i < 12; ++i) {
    auto one = user_message(about, std::nullopt, std::string(4 * 1024 * 1024, 'x'));
    all.push_back(one.id);
    CAF_REQUIRE(ok(write(writer(), append_messages{about.id, 1, {one}, std::nullopt})));
  }
  std::vector<message_id> seen;
  std::optional<message_id> after;
  for (bool more = true; more;) {
    auto page = reader().list(list_messages{about.id, after, 200});
    CAF_REQUIRE(page.has_value());
    CAF_REQUIRE(!page->data.empty());
    CAF_CHECK(page->data.size() < all.size());
    for (auto& one : page->data)
      seen.push_back(one.id);
    after = seen.back();
    more = page->more;
  }
  CAF_CHECK(seen == all);
  CAF_CHECK_EQUAL(open(writer(), about.id).messages.size(), all.size());
}

// -- checkpoints and finishes ----------------------------------------------------------------------------------------

CAF_TEST(checkpoints add up to the running answer) {
  begun_turn first{writer()};
  append_checkpoint thought{first.about.id, 1, first.answer.id, "", "Hmm", 0, false};
  CAF_CHECK(ok(write(writer(), thought)));
  CAF_CHECK(ok(write(writer(), append_checkpoint{first.about.id, 1, first.answer.id, "Hi", "!", 3, false})));
  CAF_CHECK(ok(write(writer(), piece(first.answer, 6, " there"))));
  auto expected_now = first.answer;
  expected_now.status = message_status::streaming;
  expected_now.reasoning = "Hmm!";
  expected_now.content = "Hi there";
  CAF_CHECK(stored(reader(), first.answer.id) == expected_now);
  CAF_CHECK(transcript(reader(), first.about.id).back() == expected_now);
}

CAF_TEST(a checkpoint that says nothing still makes the answer streaming) {
  begun_turn first{writer()};
  CAF_CHECK(ok(write(writer(), piece(first.answer, 0, ""))));
  CAF_CHECK(stored(reader(), first.answer.id).status == message_status::streaming);
}

CAF_TEST(a checkpoint that comes again and perhaps grown replaces the first) {
  begun_turn first{writer()};
  for (auto& one : {piece(first.answer, 0, "abc"), piece(first.answer, 0, "abc"), piece(first.answer, 3, "de"),
                    piece(first.answer, 5, "f"), piece(first.answer, 3, "de"), piece(first.answer, 3, "defg")})
    CAF_CHECK(ok(write(writer(), one)));
  CAF_CHECK_EQUAL(stored(reader(), first.answer.id).content, "abcdefg");
}

CAF_TEST(checkpoints are put together by their position and not as they came) {
  begun_turn first{writer()};
  for (auto& one : {piece(first.answer, 10, "c"), piece(first.answer, 0, "aaaaaaaaa"), piece(first.answer, 9, "b")})
    CAF_CHECK(ok(write(writer(), one)));
  CAF_CHECK_EQUAL(stored(reader(), first.answer.id).content, "aaaaaaaaabc");
}

CAF_TEST(an answer that begins again forgets its checkpoints) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "First try"))));
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 9, ", more"))));
  append_checkpoint again{first.about.id, 1, first.answer.id, "Second", "", 0, true};
  CAF_CHECK(ok(write(writer(), again)));
  CAF_CHECK(ok(write(writer(), piece(first.answer, 6, " try"))));
  CAF_CHECK_EQUAL(stored(reader(), first.answer.id).content, "Second try");
  append_checkpoint void_only{first.about.id, 1, first.answer.id, "", "", 0, true};
  CAF_CHECK(ok(write(writer(), void_only)));
  CAF_CHECK_EQUAL(stored(reader(), first.answer.id).content, "");
  CAF_CHECK(stored(reader(), first.answer.id).status == message_status::streaming);
}

CAF_TEST(a finish replaces the checkpoints and no later one has an effect) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi th"))));
  auto answer = finished(first.answer);
  answer.model = model_label{"fallback", "The fallback"};
  CAF_CHECK(ok(write(writer(), store_answer{first.about.id, 1, answer})));
  CAF_CHECK(stored(reader(), first.answer.id) == answer);
  CAF_CHECK(ok(write(writer(), piece(first.answer, 5, "ere"))));
  append_checkpoint again{first.about.id, 1, first.answer.id, "x", "", 0, true};
  CAF_CHECK(ok(write(writer(), again)));
  CAF_CHECK(stored(reader(), first.answer.id) == answer);
}

CAF_TEST(an answer gets one final state) {
  begun_turn first{writer()};
  auto answer = finished(first.answer);
  CAF_CHECK(ok(write(writer(), store_answer{first.about.id, 1, answer})));
  CAF_CHECK(ok(write(writer(), store_answer{first.about.id, 1, answer})));
  auto other = finished(first.answer, "Something else");
  other.status = message_status::failed;
  other.finish = finish_reason::cancelled;
  CAF_CHECK(ok(write(writer(), store_answer{first.about.id, 1, other})));
  CAF_CHECK(stored(reader(), first.answer.id) == answer);
}

CAF_TEST(a finish changes neither the place of an answer nor its creation) {
  begun_turn first{writer()};
  auto sent = finished(first.answer);
  sent.turn = new_id<turn_id>();
  sent.seat = 5;
  sent.attempt = 9;
  sent.created_at = 1;
  CAF_CHECK(ok(write(writer(), store_answer{first.about.id, 1, sent})));
  CAF_CHECK(stored(reader(), first.answer.id) == finished(first.answer));
}

CAF_TEST(finishes and checkpoints of unknown messages are not found) {
  begun_turn first{writer()};
  begun_turn second{writer()};
  auto unknown = pending_answer(first.user, 3);
  CAF_CHECK(failed_as(ec::not_found, write(writer(), store_answer{first.about.id, 1, finished(unknown)})));
  CAF_CHECK(failed_as(ec::not_found, write(writer(), piece(unknown, 0, "x"))));
  // Nor are those of another session.
  CAF_CHECK(failed_as(ec::not_found, write(writer(), store_answer{first.about.id, 1, finished(second.answer)})));
  CAF_CHECK(stored(reader(), second.answer.id) == second.answer);
}

CAF_TEST(a state that is not final is no finish) {
  begun_turn first{writer()};
  CAF_CHECK(!write(writer(), store_answer{first.about.id, 1, first.answer}));
  CAF_CHECK(stored(reader(), first.answer.id) == first.answer);
}

// -- taking over -----------------------------------------------------------------------------------------------------

CAF_TEST(opening a session yields all of it and raises the epoch) {
  begun_turn first{writer()};
  auto answer = finished(first.answer);
  CAF_REQUIRE(ok(write(writer(), store_answer{first.about.id, 1, answer})));
  auto opened = open(writer(), first.about.id);
  CAF_CHECK_EQUAL(opened.held, 2u);
  CAF_CHECK(opened.about == first.about);
  CAF_CHECK((opened.messages == std::vector<message>{first.user, answer}));
  CAF_CHECK_EQUAL(open(writer(), first.about.id).held, 3u);
  CAF_CHECK(failed_as(ec::not_found, write(writer(), open_session{new_id<session_id>()})));
}

CAF_TEST(an owner of an older epoch can write nothing) {
  begun_turn first{writer()};
  open(writer(), first.about.id);
  auto changed = first.about;
  changed.title = "Mine";
  auto user = user_message(first.about, first.user.id);
  CAF_CHECK(failed_as(ec::fenced, write(writer(), update_session{changed, 1})));
  CAF_CHECK(failed_as(ec::fenced, write(writer(), append_messages{first.about.id, 1, {user}, changed})));
  CAF_CHECK(failed_as(ec::fenced, write(writer(), piece(first.answer, 0, "late"))));
  CAF_CHECK(failed_as(ec::fenced, write(writer(), store_answer{first.about.id, 1, finished(first.answer)})));
  CAF_CHECK(reader().find(find_session{first.about.id}) == first.about);
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
  CAF_CHECK(ok(write(writer(), append_messages{first.about.id, 2, {user}, changed})));
  // Another session is not concerned.
  begun_turn second{writer()};
  CAF_CHECK(ok(write(writer(), store_answer{second.about.id, 1, finished(second.answer)})));
}

CAF_TEST(opening a session ends the answers that were under way) {
  begun_turn first{writer()};
  auto beside = pending_answer(first.user, 1);
  CAF_REQUIRE(ok(write(writer(), append_messages{first.about.id, 1, {beside}, std::nullopt})));
  append_checkpoint begun{first.about.id, 1, first.answer.id, "Hi ", "Hmm", 0, false};
  CAF_REQUIRE(ok(write(writer(), begun)));
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 6, "the"))));
  begun_turn other{writer()};
  auto opened = open(writer(), first.about.id);
  CAF_REQUIRE_EQUAL(opened.messages.size(), 3u);
  auto kept = opened.messages[1];
  CAF_CHECK(kept.completed_at >= kept.created_at);
  auto wanted = first.answer;
  wanted.status = message_status::failed;
  wanted.finish = finish_reason::interrupted;
  wanted.content = "Hi the";
  wanted.reasoning = "Hmm";
  wanted.completed_at = kept.completed_at;
  CAF_CHECK(kept == wanted);
  CAF_CHECK(opened.messages[2].finish == finish_reason::interrupted);
  CAF_CHECK(opened.messages[2].content.empty());
  CAF_CHECK(transcript(reader(), first.about.id) == opened.messages);
  CAF_CHECK(stored(reader(), other.answer.id) == other.answer);
  // It stays so, for the new owner too.
  CAF_CHECK(ok(write(writer(), store_answer{first.about.id, 2, finished(first.answer)})));
  CAF_CHECK(stored(reader(), first.answer.id) == wanted);
}

CAF_TEST(after a crash a session opens with what was kept) {
  begun_turn first{writer()};
  begun_turn second{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi "))));
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 3, "the"))));
  CAF_REQUIRE(ok(write(writer(), store_answer{second.about.id, 1, finished(second.answer)})));
  reopen();
  auto opened = open(writer(), first.about.id);
  CAF_CHECK(opened.held > 1);
  CAF_REQUIRE_EQUAL(opened.messages.size(), 2u);
  CAF_CHECK(opened.messages[1].status == message_status::failed);
  CAF_CHECK(opened.messages[1].finish == finish_reason::interrupted);
  CAF_CHECK_EQUAL(opened.messages[1].content, "Hi the");
  CAF_CHECK((open(writer(), second.about.id).messages == std::vector<message>{second.user, finished(second.answer)}));
  CAF_CHECK(failed_as(ec::fenced, write(writer(), piece(first.answer, 6, "re"))));
}

// -- coming back from a spool ----------------------------------------------------------------------------------------

CAF_TEST(a spooled answer ends the attempt that it is however often it is tried) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi "))));
  auto answer = finished(first.answer);
  for (int i = 0; i < 2; ++i) {
    CAF_CHECK(recover(writer(), {first.about.id, 1, answer}) == answer);
    CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, answer}));
  }
  // Also after the session was opened anew: it was stored in time.
  open(writer(), first.about.id);
  CAF_CHECK(recover(writer(), {first.about.id, 1, answer}) == answer);
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, answer}));
}

CAF_TEST(a spooled answer whose session went on without it becomes one attempt of its own) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi "))));
  auto interrupted = open(writer(), first.about.id).messages[1];
  auto anew = pending_answer(first.user, 0, 2);
  auto next = user_message(first.about, first.answer.id);
  CAF_REQUIRE(ok(write(writer(), append_messages{first.about.id, 2, {anew, next}, std::nullopt})));
  auto expected = finished(first.answer);
  expected.attempt = 3;
  expected.recovered = true;
  for (int i = 0; i < 2; ++i) {
    auto recovered = recover(writer(), {first.about.id, 1, finished(first.answer)});
    CAF_REQUIRE(recovered.has_value());
    CAF_CHECK(recovered->id != first.answer.id);
    expected.id = recovered->id;
    CAF_CHECK(recovered == expected);
    CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, interrupted, anew, next, expected}));
  }
  // The new owner still has what it runs.
  CAF_CHECK(ok(write(writer(), store_answer{first.about.id, 2, finished(anew)})));
  reopen();
  CAF_CHECK(stored(reader(), expected.id) == expected);
}

CAF_TEST(spooled answers of both seats that come too late are attempts of their seats) {
  begun_turn first{writer()};
  auto beside = pending_answer(first.user, 1);
  CAF_REQUIRE(ok(write(writer(), append_messages{first.about.id, 1, {beside}, std::nullopt})));
  open(writer(), first.about.id);
  begun_turn other{writer()};
  std::vector<store_answer> answers{{first.about.id, 1, finished(first.answer, "A")},
                                    {other.about.id, 1, finished(other.answer)},
                                    {first.about.id, 1, finished(beside, "B")}};
  auto results = writer().recover(answers);
  CAF_REQUIRE_EQUAL(results.size(), 3u);
  for (auto& result : results)
    CAF_REQUIRE(result.has_value() && result->has_value());
  CAF_CHECK(**results[1] == finished(other.answer));
  for (auto at : {0u, 2u}) {
    auto& sibling = **results[at];
    CAF_CHECK(sibling.seat == answers[at].answer.seat && sibling.attempt == 2 && sibling.recovered);
    CAF_CHECK_EQUAL(stored(reader(), sibling.id).content, answers[at].answer.content);
  }
}

CAF_TEST(a spooled answer of a session that is gone is nothing) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), delete_session{first.about.id})));
  CAF_CHECK(!recover(writer(), {first.about.id, 1, finished(first.answer)}));
  CAF_CHECK(failed_as(ec::not_found, reader().find(find_message{first.answer.id})));
  // Nor is one that was never begun.
  begun_turn second{writer()};
  CAF_CHECK(!recover(writer(), {second.about.id, 1, finished(pending_answer(second.user, 1))}));
  CAF_CHECK_EQUAL(transcript(reader(), second.about.id).size(), 2u);
}

// -- votes -----------------------------------------------------------------------------------------------------------

namespace {

/// A random session with one turn, both answers whole.
struct judged_turn {
  explicit judged_turn(store& in) : about(sample_session(session_mode::random)), user(user_message(about)) {
    about.blind = true;
    CAF_REQUIRE(ok(write(in, create_session{about})));
    append_messages all{about.id, 1, {user, finished(pending_answer(user)), finished(pending_answer(user, 1))}, std::nullopt};
    CAF_REQUIRE(ok(write(in, all)));
  }

  record_vote vote(std::string_view choice = "a", bool counted = true, unix_ms at = sample_time + 1'000) const {
    record_vote made;
    made.session_key = about.id;
    made.held = 1;
    made.id = new_id<vote_id>();
    made.turn = user.turn;
    made.given = {*parse_preference(choice), counted, at};
    made.left_model = "gpt";
    made.right_model = "claude";
    return made;
  }

  session about;
  message user;
};

std::vector<pair_tally> tallied(store& of, std::optional<unix_ms> since = {}) {
  auto found = of.tally(tally_votes{since});
  CAF_REQUIRE(found.has_value());
  return std::move(found->pairs);
}

} // namespace

CAF_TEST(a session and its answers are blind until there is a vote) {
  judged_turn turn{writer()};
  CAF_CHECK(reader().find(find_session{turn.about.id}) == turn.about);
  for (auto& m : transcript(reader(), turn.about.id))
    CAF_CHECK(m.blind && !m.vote);
  for (auto& m : open(writer(), turn.about.id).messages)
    CAF_CHECK(m.blind && !m.vote);
  auto cast = turn.vote("b", true, turn.about.updated_at + 5);
  cast.held = 2;
  CAF_REQUIRE(ok(write(writer(), cast)));
  auto shown = turn.about;
  shown.blind = false;
  shown.updated_at += 5;
  CAF_CHECK(reader().find(find_session{turn.about.id}) == shown);
  CAF_CHECK(reader().list(list_sessions{std::nullopt, 1})->data == std::vector<session>{shown});
  for (auto& messages : {transcript(reader(), turn.about.id), open(writer(), turn.about.id).messages})
    for (auto& m : messages) {
      CAF_CHECK(!m.blind);
      CAF_CHECK(m.vote == (m.id == turn.user.id ? std::optional{cast.given} : std::nullopt));
      CAF_CHECK(stored(reader(), m.id) == m);
    }
}

CAF_TEST(nothing but a vote shows the names of a blind session) {
  judged_turn turn{writer()};
  auto changed = turn.about;
  changed.blind = false;
  CAF_REQUIRE(ok(write(writer(), update_session{changed, 1})));
  CAF_REQUIRE(ok(write(writer(), append_messages{turn.about.id, 1, {user_message(turn.about)}, changed})));
  CAF_CHECK(reader().find(find_session{turn.about.id})->blind);
  // And a change that was sent before the vote, and comes after it, hides nothing again.
  CAF_REQUIRE(ok(write(writer(), turn.vote())));
  CAF_REQUIRE(ok(write(writer(), update_session{turn.about, 1})));
  CAF_CHECK(!reader().find(find_session{turn.about.id})->blind);
}

CAF_TEST(there is one vote of a voter on a turn and it stays as it is) {
  judged_turn turn{writer()};
  auto first = turn.vote("a");
  CAF_CHECK(ok(write(writer(), first)));
  CAF_CHECK(ok(write(writer(), first)));
  CAF_CHECK(failed_as(ec::already_voted, write(writer(), turn.vote("a"))));
  CAF_CHECK(failed_as(ec::already_voted, write(writer(), turn.vote("tie"))));
  CAF_CHECK((tallied(reader()) == std::vector<pair_tally>{{"gpt", "claude", 1, 0, 0, 0}}));
  // Also within one batch.
  judged_turn other{writer()};
  std::vector<store_write> batch{other.vote("b"), other.vote("tie")};
  auto results = writer().write(batch);
  CAF_CHECK(ok(results[0]));
  CAF_CHECK(failed_as(ec::already_voted, results[1]));
  CAF_CHECK(stored(reader(), other.user.id).vote->choice == preference{participant{1}});
  // Another voter has another vote; the transcript shows the owner's.
  auto guest = turn.vote("both_bad", false);
  guest.voter = "guest";
  CAF_CHECK(ok(write(writer(), guest)));
  CAF_CHECK(stored(reader(), turn.user.id).vote == first.given);
  reopen();
  CAF_CHECK(failed_as(ec::already_voted, write(writer(), turn.vote("b"))));
}

CAF_TEST(a vote needs its session and the epoch) {
  judged_turn turn{writer()};
  auto late = turn.vote();
  late.held = 0;
  CAF_CHECK(failed_as(ec::fenced, write(writer(), late)));
  auto nowhere = turn.vote();
  nowhere.session_key = new_id<session_id>();
  CAF_CHECK(failed_as(ec::not_found, write(writer(), nowhere)));
  CAF_CHECK(reader().find(find_session{turn.about.id})->blind);
  CAF_CHECK(tallied(reader()).empty());
}

CAF_TEST(votes that count are added up by pair and since a time) {
  CAF_CHECK(tallied(reader()).empty());
  auto cast = [&](std::string left, std::string right, std::string_view choice, bool counted, unix_ms at) {
    auto vote = judged_turn{writer()}.vote(choice, counted, at);
    vote.left_model = std::move(left);
    vote.right_model = std::move(right);
    CAF_REQUIRE(ok(write(writer(), vote)));
  };
  for (auto choice : {"a", "a", "b", "tie", "both_bad", "a"})
    cast("gpt", "claude", choice, true, sample_time);
  cast("claude", "gpt", "b", true, sample_time + 10);
  cast("Zephyr", "gpt", "both_bad", true, sample_time + 20);
  cast("Zephyr", "gpt", "a", false, sample_time + 20);
  CAF_CHECK(
    (tallied(reader())
     == std::vector<pair_tally>{{"Zephyr", "gpt", 0, 0, 0, 1}, {"claude", "gpt", 0, 1, 0, 0}, {"gpt", "claude", 3, 1, 1, 1}}));
  CAF_CHECK((tallied(reader(), sample_time + 10)
             == std::vector<pair_tally>{{"Zephyr", "gpt", 0, 0, 0, 1}, {"claude", "gpt", 0, 1, 0, 0}}));
  CAF_CHECK(tallied(reader(), sample_time + 21).empty());
}

CAF_TEST(votes that count outlive their session and others do not ) {
  judged_turn gone{writer()};
  CAF_REQUIRE(ok(write(writer(), gone.vote("b"))));
  CAF_REQUIRE(ok(write(writer(), delete_session{gone.about.id})));
  CAF_CHECK((tallied(reader()) == std::vector<pair_tally>{{"gpt", "claude", 0, 1, 0, 0}}));
  CAF_CHECK(failed_as(ec::not_found, write(writer(), gone.vote("b"))));
  // What is left says nothing of the session: an equal vote can be made, as if there had been none.
  CAF_REQUIRE(ok(write(writer(), create_session{gone.about})));
  CAF_CHECK(ok(write(writer(), gone.vote("b", false))));
}

// -- batches ---------------------------------------------------------------------------------------------------------

CAF_TEST(a batch is carried out in its order) {
  auto about = sample_session();
  auto user = user_message(about);
  auto answer = pending_answer(user);
  std::vector<store_write> batch{create_session{about},
                                 append_messages{about.id, 1, {user, answer}, std::nullopt},
                                 piece(answer, 0, "Hi"),
                                 store_answer{about.id, 1, finished(answer)},
                                 piece(answer, 2, "!"),
                                 open_session{about.id},
                                 store_answer{about.id, 1, finished(answer)},
                                 update_session{about, 2}};
  auto results = writer().write(batch);
  CAF_REQUIRE_EQUAL(results.size(), batch.size());
  for (std::size_t i = 0; i < results.size(); ++i)
    CAF_CHECK_EQUAL(results[i].has_value(), i != 6);
  CAF_CHECK(failed_as(ec::fenced, results[6]));
  CAF_CHECK((std::get<opened_session>(*results[5]).messages == std::vector<message>{user, finished(answer)}));
  CAF_CHECK((transcript(reader(), about.id) == std::vector<message>{user, finished(answer)}));
}

CAF_TEST(a write that fails takes nothing of its batch with it) {
  begun_turn first{writer()};
  auto good = user_message(first.about);
  auto late = user_message(first.about);
  auto half = user_message(first.about);
  auto other_content = first.user;
  other_content.content = "Something else";
  std::vector<store_write> batch{append_messages{first.about.id, 1, {good}, std::nullopt},
                                 append_messages{first.about.id, 1, {half, other_content}, std::nullopt},
                                 append_messages{first.about.id, 0, {user_message(first.about)}, std::nullopt},
                                 append_messages{first.about.id, 1, {half, pending_answer(first.user)}, std::nullopt},
                                 open_session{new_id<session_id>()},
                                 append_messages{first.about.id, 1, {late}, std::nullopt}};
  auto results = writer().write(batch);
  CAF_REQUIRE_EQUAL(results.size(), 6u);
  CAF_CHECK(ok(results[0]));
  CAF_CHECK(failed_as(ec::id_conflict, results[1]));
  CAF_CHECK(failed_as(ec::fenced, results[2]));
  CAF_CHECK(failed_as(ec::id_conflict, results[3]));
  CAF_CHECK(failed_as(ec::not_found, results[4]));
  CAF_CHECK(ok(results[5]));
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, first.answer, good, late}));
}

CAF_TEST(an empty batch is nothing) {
  CAF_CHECK(writer().write({}).empty());
}

CAF_TEST(what was answered is there after reopening) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), store_answer{first.about.id, 1, finished(first.answer)})));
  reopen();
  CAF_CHECK(reader().find(find_session{first.about.id}) == first.about);
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, finished(first.answer)}));
  auto later = sample_session();
  CAF_CHECK(ok(write(writer(), create_session{later})));
  CAF_CHECK(reader().list(list_sessions{std::nullopt, 1})->data == std::vector<session>{later});
}

CAF_TEST(a reader beside the writer sees an answer grow and never shrink) {
  begun_turn first{writer()};
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += std::to_string(i) + ' ';
  std::atomic<bool> done = false;
  std::size_t wrong = 0;
  std::size_t reads = 0;
  std::thread watching{[&] {
    for (std::size_t last = 0; !done; ++reads) {
      auto seen = reader().find(find_message{first.answer.id});
      if (!seen || seen->content.size() < last || !text.starts_with(seen->content)
          || (is_final(seen->status) && seen->content != text)) {
        ++wrong;
        continue;
      }
      last = seen->content.size();
    }
  }};
  bool written = true;
  for (std::size_t at = 0; at < text.size(); at += 7)
    written = written && ok(write(writer(), piece(first.answer, at, text.substr(at, 7))));
  written = written && ok(write(writer(), store_answer{first.about.id, 1, finished(first.answer, text)}));
  done = true;
  watching.join();
  CAF_CHECK(written);
  CAF_CHECK_EQUAL(wrong, 0u);
  CAF_MESSAGE(reads << " reads");
  CAF_CHECK_EQUAL(stored(reader(), first.answer.id).content, text);
}

CAF_TEST(a store says that it is alive) {
  CAF_CHECK(writer().ping().has_value());
  CAF_CHECK(reader().ping().has_value());
}

CAF_TEST_FIXTURE_SCOPE_END()
