#define CAF_SUITE actors.runs.run_log

#include "actors/runs/run_log.hpp"
#include "tests/support/numbering_stream.hpp"
#include "wire/objects/cursor.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

constexpr auto no_limit = std::string::npos;

struct fixture {
  std::uint64_t text(participant who, std::string content) {
    return log.append(who, answer_delta{event_kind::text, std::move(content)});
  }

  std::uint64_t reasoning(participant who, std::string content) {
    return log.append(who, answer_delta{event_kind::reasoning, std::move(content)});
  }

  std::string lines(std::uint64_t from, std::size_t max_bytes = no_limit, bool merge = false) {
    std::string out;
    at = log.write(out, wire::lines_stream(), from, max_bytes, merge);
    return out;
  }

  run_log log{new_id<run_id>()};
  run_log::position at;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(run_log_tests, fixture)

CAF_TEST(offsets count all events from 1) {
  CAF_CHECK_EQUAL(log.newest(), 0u);
  CAF_CHECK_EQUAL(text(0, "a"), 1u);
  CAF_CHECK_EQUAL(text(1, "b"), 2u);
  CAF_CHECK_EQUAL(log.append(0, answer_restart{}), 3u);
  CAF_CHECK_EQUAL(log.append(0, answer_finish{}), 4u);
  CAF_CHECK_EQUAL(log.newest(), 4u);
}

CAF_TEST(reading from the middle gives exactly what comes after) {
  text(0, "one");
  reasoning(1, "two");
  text(1, "three");
  CAF_CHECK_EQUAL(lines(0), "a0:{\"content\":\"one\"}\nbg:{\"content\":\"two\"}\nb0:{\"content\":\"three\"}\n");
  CAF_CHECK_EQUAL(at.offset, 3u);
  CAF_CHECK(!at.more);
  CAF_CHECK_EQUAL(lines(1), "bg:{\"content\":\"two\"}\nb0:{\"content\":\"three\"}\n");
  CAF_CHECK_EQUAL(lines(3), "");
  CAF_CHECK_EQUAL(at.offset, 3u);
  CAF_CHECK(!at.more);
}

CAF_TEST(only neighbours of the same participant and kind are merged) {
  text(0, "1");
  text(0, "2");
  reasoning(0, "3");
  text(0, "4");
  text(1, "5");
  text(1, "6");
  text(0, "7");
  CAF_CHECK_EQUAL(lines(0, no_limit, true), "a0:{\"content\":\"12\"}\nag:{\"content\":\"3\"}\na0:{\"content\":\"4\"}\n"
                                            "b0:{\"content\":\"56\"}\na0:{\"content\":\"7\"}\n");
  CAF_CHECK_EQUAL(lines(1, no_limit, true).substr(0, 18), "a0:{\"content\":\"2\"}");
}

CAF_TEST(a restart is never merged over) {
  text(0, "void");
  log.append(0, answer_restart{});
  text(0, "new");
  CAF_CHECK_EQUAL(lines(0, no_limit, true), "a0:{\"content\":\"void\"}\na2:[{\"type\":\"restart\"}]\na0:{\"content\":\"new\"}\n");
  CAF_CHECK_EQUAL(log.text(0), "new");
}

CAF_TEST(a merged event has its last offset) {
  text(0, "1");
  text(0, "2");
  text(0, "3");
  std::string out;
  log.write(out, wire::sse_stream(), 0, no_limit, true);
  CAF_CHECK_EQUAL(out, "id: " + wire::to_cursor(log.run(), 3)
                         + "\ndata: {\"participant\":\"a\",\"type\":\"text\",\"content\":\"123\"}\n\n");
}

CAF_TEST(a bound in bytes stops after the event that reaches it) {
  for (int i = 0; i < 10; ++i)
    text(0, "0123456789"); // 28 bytes as a line
  CAF_CHECK_EQUAL(lines(0, 1).size(), 28u);
  CAF_CHECK_EQUAL(at.offset, 1u);
  CAF_CHECK(at.more);
  CAF_CHECK_EQUAL(lines(0, 28).size(), 28u);
  CAF_CHECK_EQUAL(lines(0, 29).size(), 56u);
  CAF_CHECK_EQUAL(lines(8, 56).size(), 56u);
  CAF_CHECK_EQUAL(at.offset, 10u);
  CAF_CHECK(!at.more);
}

CAF_TEST(merging too keeps to the bound) {
  for (int i = 0; i < 100; ++i)
    text(0, "0123456789");
  std::string whole;
  std::uint64_t from = 0;
  int pieces = 0;
  do {
    auto piece = lines(from, 100, true);
    CAF_CHECK(piece.size() < 150);
    CAF_CHECK(at.offset > from);
    from = at.offset;
    whole += piece.substr(15, piece.size() - 18);
    ++pieces;
  } while (at.more);
  CAF_CHECK_EQUAL(from, 100u);
  CAF_CHECK_EQUAL(whole, std::string{log.text(0)});
  CAF_CHECK(pieces < 20);
}

CAF_TEST(each participant has its text and reasoning apart) {
  text(0, "a");
  text(2, "c");
  reasoning(2, "thought");
  text(0, "A");
  CAF_CHECK_EQUAL(log.text(0), "aA");
  CAF_CHECK_EQUAL(log.text(1), "");
  CAF_CHECK_EQUAL(log.text(2), "c");
  CAF_CHECK_EQUAL(log.reasoning(2), "thought");
  CAF_CHECK_EQUAL(log.reasoning(0), "");
  CAF_CHECK_EQUAL(log.text(7), "");
}

CAF_TEST(a restart concerns its participant alone) {
  text(0, "a");
  text(1, "b");
  reasoning(0, "thought");
  log.append(0, answer_restart{});
  CAF_CHECK_EQUAL(log.text(0), "");
  CAF_CHECK_EQUAL(log.reasoning(0), "");
  CAF_CHECK_EQUAL(log.text(1), "b");
}

CAF_TEST(the memory it takes grows with its texts) {
  auto empty = log.bytes();
  text(0, std::string(100'000, 'x'));
  CAF_CHECK(log.bytes() >= empty + 100'000);
  CAF_CHECK(log.bytes() < empty + 300'000);
}

CAF_TEST(parts of a UI message fit together wherever the reading was interrupted) {
  log.introduce(0, new_id<message_id>(), 1);
  reasoning(0, "Hm");
  reasoning(0, "m.");
  text(0, "One ");
  text(0, "two.");
  log.append(0, tool_call_begin{"c1", "look"});
  log.append(0, tool_call{"c1", "look", "{}"});
  text(0, "Three.");
  log.append(0, answer_finish{});
  std::string whole;
  log.write(whole, wire::ui_message_stream(), 0, no_limit, false);
  for (auto border : {"reasoning-start", "reasoning-end", "text-start", "text-end"}) {
    int times = 0;
    for (auto found = whole.find(border); found != std::string::npos; found = whole.find(border, found + 1))
      ++times;
    CAF_CHECK_EQUAL(times, std::string_view{border}.starts_with("text") ? 2 : 1);
  }
}

CAF_TEST(what is written fits together wherever the reading was interrupted) {
  log.introduce(0, new_id<message_id>(), 1);
  reasoning(0, "Hm");
  text(0, "One ");
  text(0, "two.");
  log.append(0, tool_call_begin{"c1", "look", 0});
  log.append(0, tool_call_begin{"c2", "look", 1});
  log.append(0, tool_call_delta{"c1", "{", 0});
  log.append(0, tool_call_delta{"c2", "{", 1});
  text(0, "Three.");
  log.append(0, answer_finish{});
  for (auto* format : wire::stream_encoders()) {
    std::string whole;
    log.write(whole, *format, 0, no_limit, false);
    for (std::uint64_t cut = 0; cut <= log.newest(); ++cut) {
      std::string parts;
      std::uint64_t offset = 0;
      while (offset < cut)
        offset = log.write(parts, *format, offset, 1, false).offset;
      log.write(parts, *format, offset, no_limit, false);
      CAF_CHECK_EQUAL(parts, whole);
    }
  }
}

CAF_TEST(a merged delta has the number of the last that is in it) {
  text(0, "Hi");
  text(1, "other");
  text(0, " ");
  text(0, "there");
  reasoning(0, "Hm");
  log.append(0, answer_finish{});
  using numbers = std::vector<std::uint64_t>;
  CAF_CHECK(test::numbers_in(log) == (numbers{18, 21, 19, 24, 42, 58}));
  CAF_CHECK(test::numbers_in(log, true) == (numbers{18, 21, 24, 42, 58}));
}

CAF_TEST(what is stored is told with the finish) {
  message stored;
  stored.id = new_id<message_id>();
  text(0, "Hi");
  reasoning(0, "Hm");
  log.complete(0, stored);
  log.append(0, answer_finish{});
  log.append(1, answer_finish{}); // not stored
  std::string out;
  log.write(out, wire::ws_stream(), 0, no_limit, false);
  auto update = out.find(R"("type":"message_update","action":"completed")");
  CAF_REQUIRE(update != std::string::npos);
  CAF_CHECK_EQUAL(out.find("message_update", update + 30), std::string::npos);
  CAF_CHECK(out.find(R"("content":"Hi","reasoning":"Hm")", update) != std::string::npos);
}

CAF_TEST(a UI message begins with the answer that its run makes) {
  auto answer = new_id<message_id>();
  log.introduce(1, answer, 2); // made anew: the other seat isn't in the run
  std::string begin;
  log.write_begin(begin, wire::ui_message_stream());
  CAF_CHECK(begin.starts_with("data: {\"type\":\"start\",\"messageId\":\"" + to_string(answer) + "\"}"));
}

CAF_TEST_FIXTURE_SCOPE_END()
