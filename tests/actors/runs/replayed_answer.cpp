#define CAF_SUITE actors.runs.replayed_answer

#include "actors/runs/replayed_answer.hpp"

#include "actors/runs/growing_answer.hpp"
#include "tests/support/numbering_stream.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

constexpr auto no_limit = std::string::npos;

struct no_host final : log_host {
  void send(const reader_actor&, log_piece) override {}
  void watch(const reader_actor&) override {}
  void unwatch(const caf::actor_addr&) override {}
};

/// An answer that comes, and is stored.
struct fixture {
  fixture() {
    growing.answer.id = new_id<message_id>();
    growing.answer.seat = 1;
    growing.answer.attempt = 2;
    live.introduce(1, growing.answer.id, 2);
  }

  void take(const answer_event& event) { CAF_REQUIRE(growing.take(event, live, no_limit, 1s)); }
  void text(std::string content) { take(answer_delta{event_kind::text, std::move(content)}); }
  void reasoning(std::string content) { take(answer_delta{event_kind::reasoning, std::move(content)}); }
  void begin(std::uint32_t call) { take(tool_call_begin{"c" + std::to_string(call), "look", call}); }
  void grow(std::uint32_t call, std::string more) { take(tool_call_delta{"c" + std::to_string(call), std::move(more), call}); }
  void tell_whole(std::uint32_t call) { take(growing.answer.tool_calls[call]); }

  /// The stored answer, whose finish is in the log.
  const message& stored(finish_reason reason = finish_reason::stop) {
    growing.end(live, reason, std::nullopt, std::nullopt, 2s);
    answer_finish finish;
    finish.reason = reason;
    live.append(1, finish);
    return growing.answer;
  }

  const run_log& replay_of(const message& answer) {
    fill_from_stored(replayed, answer);
    return replayed.log();
  }

  static std::string lines(const run_log& log) {
    std::string out;
    log.write(out, wire::lines_stream(), 0, no_limit, false);
    return out;
  }

  growing_answer growing;
  run_log live{new_id<run_id>()};
  no_host nobody;
  limits bounds;
  log_server replayed{new_id<run_id>(), bounds, nullptr, nobody};
};

const std::string restart = "b2:[{\"type\":\"restart\"}]\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(replayed_answer_tests, fixture)

CAF_TEST(an answer is told again in the order in which it came) {
  reasoning("Hm");
  reasoning("m.");
  text("One ");
  text("two.");
  begin(0);
  grow(0, "{\"a\":");
  begin(1);
  grow(1, "{}");
  grow(0, "1}");
  tell_whole(0);
  tell_whole(1);
  reasoning("Then.");
  text("Three.");
  auto again = lines(replay_of(stored()));
  CAF_CHECK(again.starts_with(restart
                              + "bg:{\"content\":\"Hmm.\"}\nb0:{\"content\":\"One two.\"}\n"
                                "b9:{\"toolCallId\":\"c0\",\"toolName\":\"look\",\"args\":{\"a\":1}}\n"
                                "b9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":{}}\n"
                                "bg:{\"content\":\"Then.\"}\nb0:{\"content\":\"Three.\"}\nbd:{\"finishReason\":\"stop\""));
}

CAF_TEST(events told again have the numbers that they had when they came) {
  reasoning("Hm");
  text("One ");
  text("two.");
  begin(0);
  grow(0, "{\"a\":");
  begin(1);
  grow(1, "{}");
  grow(0, "1}");
  tell_whole(0);
  tell_whole(1);
  text("Three.");
  auto again = numbers_in(replay_of(stored()));
  auto merged = numbers_in(live, true);
  // Restart, reasoning, text, two calls, text, finish.
  CAF_REQUIRE_EQUAL(again.size(), 7u);
  CAF_CHECK_EQUAL(again[0], 0u);
  CAF_CHECK_EQUAL(again[1], merged[0]);
  CAF_CHECK_EQUAL(again[2], merged[1]);
  for (std::size_t i = 3; i < again.size(); ++i)
    CAF_CHECK_EQUAL(again[i], merged[merged.size() - again.size() + i]);
}

CAF_TEST(a call that was never told whole is told before the finish) {
  begin(0);
  grow(0, "{\"a\":");
  text("Oh");
  begin(1);
  auto& answer = stored(finish_reason::length);
  auto& again = replay_of(answer);
  CAF_CHECK(lines(again).starts_with(restart
                                     + "b0:{\"content\":\"Oh\"}\n"
                                       "b9:{\"toolCallId\":\"c0\",\"toolName\":\"look\",\"args\":\"{\\\"a\\\":\"}\n"
                                       "b9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":{}}\nbd:"));
  auto came = numbers_in(live);
  auto told = numbers_in(again);
  CAF_CHECK_EQUAL(told[1], came[2]);
  CAF_CHECK(told[2] > came[3]);
  CAF_CHECK(told[3] > told[2]);
  CAF_CHECK_EQUAL(told.back(), came.back());
}

CAF_TEST(only what came since the last restart is told and numbered) {
  text("void");
  begin(0);
  take(answer_restart{});
  begin(0);
  grow(0, "{}");
  tell_whole(0);
  text("Anew");
  auto& answer = stored();
  auto again = numbers_in(replay_of(answer));
  auto came = numbers_in(live);
  CAF_CHECK(again == std::vector<std::uint64_t>({0, came[came.size() - 3], came[came.size() - 2], came.back()}));
  CAF_CHECK_EQUAL(answer.tool_calls.size(), 1u);
}

CAF_TEST(an answer whose order is not known is told kind by kind) {
  text("One");
  reasoning("Hm");
  begin(0);
  auto answer = stored();
  answer.stretches.clear();
  CAF_CHECK(lines(replay_of(answer))
              .starts_with(restart
                           + "bg:{\"content\":\"Hm\"}\nb0:{\"content\":\"One\"}\n"
                             "b9:{\"toolCallId\":\"c0\",\"toolName\":\"look\",\"args\":{}}\nbd:"));
}

CAF_TEST(an answer is told whole even if its order does not fit) {
  text("One two");
  auto answer = stored();
  answer.stretches = {{stretch_kind::text, 0, 3}, {stretch_kind::whole_call, 7, 0}, {stretch_kind::reasoning, 0, 9}};
  CAF_CHECK(lines(replay_of(answer)).starts_with(restart + "b0:{\"content\":\"One\"}\nb0:{\"content\":\" two\"}\nbd:"));
}

CAF_TEST(an answer in very many stretches is stored without them) {
  for (int i = 0; i < 2'049; ++i) {
    reasoning("a");
    text("b");
  }
  CAF_CHECK(stored().stretches.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
