#define CAF_SUITE actors.runs.run_readers

#include "actors/runs/run_readers.hpp"
#include "tests/support/broken.hpp"
#include "tests/support/node_fixture.hpp"
#include "tests/support/numbering_stream.hpp"
#include "wire/streams/stream_encoders.hpp"

using namespace parley;
using namespace parley::test;

namespace {

constexpr std::size_t window = 200;

/// A log with readers, whose pieces are kept as text by stream number.
struct fixture : test_coordinator_fixture<> {
  ~fixture() override { caf::anon_send_exit(someone, caf::exit_reason::kill); }

  void append(std::string content, participant who = 0) {
    log.append(who, answer_delta{event_kind::text, content});
    said += content;
  }

  void say(std::string content) {
    append(std::move(content));
    readers.publish(log);
  }

  void attach(std::uint64_t stream, std::uint64_t from = 0, const wire::stream_encoder& format = wire::lines_stream()) {
    readers.attach({someone, stream, &format, from}, log);
  }

  void credit(std::uint64_t stream, std::size_t bytes) { readers.credit(someone.address(), {stream, bytes}, log); }

  /// Gives back all that was sent until nothing more comes.
  void drain(std::uint64_t stream) {
    for (std::size_t given = 0; given < sent[stream].size();) {
      auto bytes = sent[stream].size() - given;
      given += bytes;
      credit(stream, bytes);
    }
  }

  /// The text in the lines that a reader got.
  std::string text_of(std::uint64_t stream) {
    std::string text;
    auto& lines = sent[stream];
    for (std::size_t at = 0; (at = lines.find("0:{\"content\":\"", at)) != std::string::npos;) {
      at += 14;
      text += lines.substr(at, lines.find('"', at) - at);
    }
    return text;
  }

  received_ptr nobody = std::make_shared<received_log>();
  reader_actor someone = spawn_reader(sys, nobody);
  run_log log{new_id<run_id>()};
  std::string said;
  std::map<std::uint64_t, std::string> sent;
  std::map<std::uint64_t, int> pieces;
  std::map<std::uint64_t, int> ends;
  std::vector<const std::string*> buffers;
  /// A reader that hasn't written them out yet.
  bool holds_pieces = false;
  std::vector<std::shared_ptr<const std::string>> held;
  run_readers readers{window, [this](const reader_actor&, piece_taker*, log_piece piece) {
                        sent[piece.stream] += *piece.bytes;
                        ++pieces[piece.stream];
                        ends[piece.stream] += piece.ends;
                        buffers.push_back(piece.bytes.get());
                        if (holds_pieces)
                          held.push_back(piece.bytes);
                      }};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(run_readers_tests, fixture)

CAF_TEST(a reader without any credit that is sent something breaks it) {
  run_readers closed{0, [](const reader_actor&, piece_taker*, const log_piece&) {}};
  log.introduce(0, new_id<message_id>(), 1);
  CAF_CHECK(breaks("a reader without credit is sent nothing", [&] {
    closed.attach({someone, 1, &wire::anthropic_stream(), 0}, log);
  }));
}

CAF_TEST(who keeps up gets each event as it comes) {
  attach(1);
  say("one");
  CAF_CHECK_EQUAL(sent[1], "a0:{\"content\":\"one\"}\n");
  say("two");
  CAF_CHECK_EQUAL(sent[1], "a0:{\"content\":\"one\"}\na0:{\"content\":\"two\"}\n");
  CAF_CHECK_EQUAL(pieces[1], 2);
}

CAF_TEST(readers of one format share each encoded piece) {
  attach(1);
  attach(2);
  attach(3, 0, wire::sse_stream());
  say("one");
  CAF_REQUIRE_EQUAL(buffers.size(), 3u);
  CAF_CHECK(buffers[0] == buffers[1]);
  CAF_CHECK(buffers[0] != buffers[2]);
  CAF_CHECK_EQUAL(sent[3].substr(0, 4), "id: ");
}

CAF_TEST(the memory of a piece is used again once nobody has it) {
  attach(1);
  say("one");
  say("two");
  CAF_CHECK(buffers[0] == buffers[1]);
  CAF_CHECK_EQUAL(text_of(1), "onetwo");
  holds_pieces = true;
  say("three");
  say("four");
  CAF_CHECK(buffers[2] != buffers[3]);
  CAF_CHECK_EQUAL(*held[0], "a0:{\"content\":\"three\"}\n");
  CAF_CHECK_EQUAL(text_of(1), said);
}

CAF_TEST(the memory of a large piece is not kept) {
  readers = run_readers{100'000, [this](const reader_actor&, piece_taker*, log_piece piece) { held.push_back(piece.bytes); }};
  attach(1);
  say(std::string(50'000, 'x'));
  std::weak_ptr<const std::string> large = held.back();
  held.clear();
  say("y");
  CAF_CHECK(large.expired());
}

CAF_TEST(attaching in the middle gives exactly what is missing) {
  say("1");
  say("2");
  say("3");
  attach(1, 1);
  CAF_CHECK_EQUAL(sent[1], "a0:{\"content\":\"2\"}\na0:{\"content\":\"3\"}\n");
  say("4");
  CAF_CHECK_EQUAL(text_of(1), "234");
  attach(2, 4);
  CAF_CHECK_EQUAL(pieces[2], 0);
  say("5");
  CAF_CHECK_EQUAL(text_of(2), "5");
}

CAF_TEST(a reader that falls behind is served merged later and without a gap) {
  attach(1);
  attach(2);
  for (int i = 0; i < 100; ++i) {
    say("word ");
    credit(2, 1000); // reads as it comes
  }
  CAF_CHECK(sent[1].size() < 2 * window);
  CAF_CHECK_EQUAL(text_of(2), said);
  CAF_CHECK_EQUAL(pieces[2], 100);
  auto before = pieces[1];
  drain(1);
  CAF_CHECK_EQUAL(text_of(1), said);
  CAF_CHECK(pieces[1] - before < 10);
  CAF_CHECK(sent[1].size() < sent[2].size());
}

CAF_TEST(what a reader has unread stays near its window) {
  attach(1);
  for (int i = 0; i < 1'000; ++i)
    say("0123456789");
  CAF_CHECK(sent[1].size() < 2 * window);
  credit(1, sent[1].size());
  CAF_CHECK(sent[1].size() < 4 * window);
}

CAF_TEST(a reader that caught up gets single events again) {
  attach(1);
  for (int i = 0; i < 50; ++i)
    say("word ");
  drain(1);
  auto before = pieces[1];
  say("new");
  CAF_CHECK_EQUAL(pieces[1], before + 1);
  CAF_CHECK_EQUAL(text_of(1), said);
}

CAF_TEST(a burst bigger than the window comes in parts) {
  attach(1);
  for (int i = 0; i < 100; ++i)
    append("0123456789");
  readers.publish(log);
  CAF_CHECK(sent[1].size() < 2 * window);
  drain(1);
  CAF_CHECK_EQUAL(text_of(1), said);
}

CAF_TEST(an event bigger than the window is sent all the same) {
  attach(1);
  say(std::string(10 * window, 'x'));
  CAF_CHECK_EQUAL(text_of(1), said);
  say("more");
  CAF_CHECK(text_of(1) != said);
  drain(1);
  CAF_CHECK_EQUAL(text_of(1), said);
}

CAF_TEST(each reader hears the end once and after all else) {
  attach(1);
  attach(2);
  for (int i = 0; i < 50; ++i) {
    say("word ");
    credit(2, 1000);
  }
  readers.finish(log, false);
  CAF_CHECK_EQUAL(ends[2], 1);
  CAF_CHECK_EQUAL(ends[1], 0);
  CAF_CHECK(!readers.empty());
  drain(1);
  CAF_CHECK_EQUAL(ends[1], 1);
  CAF_CHECK_EQUAL(text_of(1), said);
  CAF_CHECK(readers.empty());
  credit(1, 1000);
  credit(2, 1000);
  CAF_CHECK_EQUAL(ends[1], 1);
  CAF_CHECK_EQUAL(ends[2], 1);
}

CAF_TEST(who attaches after the end gets the rest and the end) {
  say("one");
  readers.finish(log, true);
  attach(1);
  CAF_CHECK_EQUAL(text_of(1), "one");
  CAF_CHECK_EQUAL(ends[1], 1);
  attach(2, 1);
  CAF_CHECK_EQUAL(sent[2], "");
  CAF_CHECK_EQUAL(ends[2], 1);
  attach(3, 0, wire::sse_stream());
  CAF_CHECK(sent[3].ends_with("data: {\"type\":\"turn_done\"}\n\n"));
  CAF_CHECK(readers.empty());
}

CAF_TEST(events that a format does not show cost its readers nothing) {
  attach(1, 0, wire::simple_stream());
  log.append(0, answer_delta{event_kind::reasoning, "Hm"});
  readers.publish(log);
  CAF_CHECK_EQUAL(pieces[1], 0);
  say("one");
  CAF_CHECK_EQUAL(sent[1], "data: {\"content\":\"one\"}\n\n");
}

CAF_TEST(a heartbeat goes to those who have read all) {
  attach(1);
  attach(2);
  for (int i = 0; i < 50; ++i) {
    say("word ");
    credit(2, 1000);
  }
  auto before = sent[1];
  readers.heartbeat(log, 0);
  CAF_CHECK_EQUAL(sent[1], before);
  CAF_CHECK(sent[2].ends_with("a2:[{\"type\":\"heartbeat\"}]\n"));
}

CAF_TEST(who detached or died gets nothing more) {
  attach(1);
  attach(2);
  readers.detach(someone.address(), 1);
  say("one");
  CAF_CHECK_EQUAL(pieces[1], 0);
  CAF_CHECK_EQUAL(pieces[2], 1);
  readers.remove(someone.address());
  CAF_CHECK(readers.empty());
  say("two");
  CAF_CHECK_EQUAL(pieces[2], 1);
}

CAF_TEST(a reader of UI messages is told the beginning before there is an event) {
  log.introduce(0, new_id<message_id>(), 1);
  attach(1, 0, wire::ui_message_stream());
  CAF_CHECK(sent[1].starts_with("data: {\"type\":\"start\""));
  auto begin = sent[1].size();
  say("Hello");
  CAF_CHECK(sent[1].substr(begin).starts_with("data: {\"type\":\"text-start\""));
  // Who comes later is told the same.
  attach(2, 0, wire::ui_message_stream());
  CAF_CHECK_EQUAL(sent[2], sent[1]);
  attach(3, 0);
  CAF_CHECK_EQUAL(sent[3], "a0:{\"content\":\"Hello\"}\n");
}

CAF_TEST(a reader that asks for it gets what is there already merged) {
  say("one ");
  say("two");
  readers.attach({.reader = someone, .stream = 1, .format = &wire::lines_stream(), .merged = true}, log);
  CAF_CHECK_EQUAL(sent[1], "a0:{\"content\":\"one two\"}\n");
  attach(2);
  CAF_CHECK_EQUAL(sent[2], "a0:{\"content\":\"one \"}\na0:{\"content\":\"two\"}\n");
}

CAF_TEST(a format that is not in the table has no readers) {
  std::vector<std::uint64_t> numbers;
  test::numbering_stream unlisted{numbers};
  auto refused = [&](const wire::stream_encoder* format) {
    try {
      readers.attach({.reader = someone, .stream = 1, .format = format}, log);
      return false;
    } catch (const std::logic_error&) {
      return true;
    }
  };
  CAF_CHECK(refused(&unlisted));
  CAF_CHECK(refused(nullptr));
  CAF_CHECK(readers.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
