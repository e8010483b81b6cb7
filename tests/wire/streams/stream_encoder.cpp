// One contract for all stream formats. It runs over the table of encoders, and reads what each writes as a client would.

#define CAF_SUITE wire.streams.stream_encoder

#include "wire/streams/stream_encoder.hpp"

#include "tests/wire/streams/format_parsers.hpp"
#include "tests/wire/streams/played_run.hpp"

#include <caf/test/unit_test.hpp>
#include <set>

using namespace parley;
using namespace parley::test;
using wire::stream_encoder;
using wire::stream_encoders;

namespace {

const std::string texts[] = {
  "Hello",
  "\"quoted\" and \\back\\slashed/",
  "line\nfeed\r\n\ttab",
  std::string{"\x01\x1f\x7f\b\f", 5},
  "data: x\n\nid: 1\nevent: y\n\n: z\n\n[DONE]",
  "\u2028 and \u2029",
  "\U0001f600 e\u0301 \u4f60\u597d \uffff \U0010ffff \ufffd",
  "</script>",
};

/// Where characters of `text` begin: it may be split there. A log's deltas are whole characters.
std::vector<std::size_t> borders(std::string_view text) {
  std::vector<std::size_t> result;
  for (std::size_t i = 1; i < text.size(); ++i)
    if ((text[i] & 0xc0) != 0x80)
      result.push_back(i);
  return result;
}

/// An answer with all kinds of parts, and two calls that grow side by side.
events rich_answer(participant who = 0) {
  return {reasoning("Hm", who),
          reasoning("m\n", who),
          text("One ", who),
          text("\"two\"", who),
          begins(0, who),
          grows(0, "{\"a\":", who),
          begins(1, who),
          grows(1, "{\"b\\\"\":", who),
          grows(0, "1}", who),
          grows(1, "2}", who),
          whole(0, "{\"a\":1}", who),
          whole(1, "{\"b\\\"\":2}", who),
          text("Three", who),
          ends(who)};
}

told_answer rich_told() {
  return {"One \"two\"Three", "Hmm\n", {{"c0", "look", "{\"a\":1}", 1}, {"c1", "look", "{\"b\\\"\":2}", 1}}, 1, false};
}

/// What a format shows of an answer.
told_answer shown(const format_parser& by, told_answer all) {
  if (!by.shows_reasoning)
    all.reasoning.clear();
  if (!by.shows_calls)
    all.calls.clear();
  for (auto& call : all.calls)
    call.times_whole = by.shows_whole_calls ? 1 : 0;
  return all;
}

told_answer told(const stream_encoder& format, const events& all, bool failed = false) {
  return parser_of(format).parse(played_run{all}.written(format, failed)).answers[0];
}

/// Two answers, event by event in turns.
events in_turns(const events& left, const events& right) {
  events result;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    if (i < left.size())
      result.push_back(left[i]);
    if (i < right.size())
      result.push_back(right[i]);
  }
  return result;
}

template <class Check>
void for_each_format(Check check) {
  for (auto* format : stream_encoders()) {
    CAF_MESSAGE("format " << std::string{format->name()});
    check(*format, parser_of(*format));
  }
}

} // namespace

CAF_TEST(each format has a name of its own and a place in the table) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < stream_encoders().size(); ++i) {
    auto& format = *stream_encoders()[i];
    CAF_CHECK(names.insert(format.name()).second);
    CAF_CHECK(wire::slot_of(format) == i);
    CAF_CHECK(parser_of(format).name == format.name());
  }
}

CAF_TEST(each format has a content type and whole headers) {
  for_each_format([](auto& format, auto&) {
    CAF_CHECK(format.content_type().ends_with("; charset=utf-8"));
    for (auto& header : format.headers())
      CAF_CHECK(!header.name.empty() && !header.value.empty());
  });
}

CAF_TEST(all kinds of events are understood) {
  for_each_format([](auto& format, auto& by) { CAF_CHECK(told(format, rich_answer()) == shown(by, rich_told())); });
}

CAF_TEST(text is the same wherever it was split) {
  for_each_format([](auto& format, auto& by) {
    for (auto& said : texts)
      for (auto kind : {event_kind::text, event_kind::reasoning}) {
        if (kind == event_kind::reasoning && !by.shows_reasoning)
          continue;
        auto told_of = [&](const std::vector<std::string>& pieces) {
          events all;
          for (auto& piece : pieces)
            all.push_back({0, answer_delta{kind, piece}});
          all.push_back(ends());
          auto answer = told(format, all);
          return kind == event_kind::text ? answer.text : answer.reasoning;
        };
        CAF_CHECK_EQUAL(told_of({said}), said);
        std::vector<std::string> single;
        std::size_t begin = 0;
        for (auto at : borders(said)) {
          CAF_CHECK_EQUAL(told_of({said.substr(0, at), said.substr(at)}), said);
          single.push_back(said.substr(begin, at - begin));
          begin = at;
        }
        single.push_back(said.substr(begin));
        CAF_CHECK_EQUAL(told_of(single), said);
      }
  });
}

CAF_TEST(arguments of calls side by side come to the right call) {
  for_each_format([](auto& format, auto& by) {
    if (!by.shows_calls)
      return;
    for (auto& said : texts) {
      auto answer = told(format, {text("x"), begins(0), begins(1), grows(1, said), grows(0, said), text("y"), grows(1, "b"),
                                  begins(2), grows(0, "a"), grows(2, "c"), text("z"), grows(2, "d"), ends()});
      CAF_REQUIRE_EQUAL(answer.calls.size(), 3u);
      CAF_CHECK_EQUAL(answer.calls[0].arguments, said + "a");
      CAF_CHECK_EQUAL(answer.calls[1].arguments, said + "b");
      CAF_CHECK_EQUAL(answer.calls[2].arguments, "cd");
      CAF_CHECK_EQUAL(answer.text, "xyz");
    }
  });
}

CAF_TEST(ids and names are escaped) {
  for_each_format([](auto& format, auto& by) {
    if (!by.shows_calls)
      return;
    auto answer = told(format, {{0, tool_call_begin{"\"id\n", "na\"me", 0}}, {0, tool_call_delta{"\"id\n", "{", 0}}, ends()});
    CAF_REQUIRE_EQUAL(answer.calls.size(), 1u);
    CAF_CHECK_EQUAL(answer.calls[0].id, "\"id\n");
    CAF_CHECK_EQUAL(answer.calls[0].name, "na\"me");
  });
}

CAF_TEST(what an event becomes follows from its place alone) {
  for_each_format([](auto& format, auto&) {
    auto second = format.shows_one_answer() ? events{} : rich_answer(1);
    played_run run{in_turns(rich_answer(), second)};
    std::string one_by_one;
    format.begin(one_by_one, {{}, 0, 0, {}, 1});
    for (std::size_t i = 0; i < run.size(); ++i)
      one_by_one += run.written_event(format, i);
    format.end(one_by_one, false);
    CAF_CHECK_EQUAL(one_by_one, run.written(format));
    std::string backwards;
    for (auto i = run.size(); i-- > 0;)
      backwards.insert(0, run.written_event(format, i));
    CAF_CHECK(one_by_one.find(backwards) != std::string::npos);
  });
}

CAF_TEST(answers side by side stay apart) {
  for_each_format([](auto& format, auto& by) {
    if (format.shows_one_answer())
      return;
    auto run = by.parse(played_run{in_turns(rich_answer(2), {text("other", 1), ends(1)})}.written(format));
    CAF_CHECK_EQUAL(run.answers.size(), 2u);
    CAF_CHECK(run.answers[2] == shown(by, rich_told()));
    CAF_CHECK_EQUAL(run.answers[1].text, "other");
  });
}

CAF_TEST(each answer finishes once) {
  for_each_format([](auto& format, auto&) {
    for (auto reason : {finish_reason::stop, finish_reason::length, finish_reason::content_filter, finish_reason::tool_calls,
                        finish_reason::cancelled, finish_reason::interrupted, finish_reason::error}) {
      auto failed = !is_success(reason);
      for (auto& all : {events{}, events{text("Hi")}, events{reasoning("Hm")}, events{begins(0), grows(0, "{")}}) {
        auto ended = all;
        ended.push_back(ends(0, reason));
        auto answer = told(format, ended, failed);
        CAF_CHECK_EQUAL(answer.finishes, 1);
        CAF_CHECK_EQUAL(answer.failed, failed);
      }
    }
  });
}

CAF_TEST(a stream begins once at most and ends once at most) {
  for_each_format([](auto& format, auto& by) {
    auto run = by.parse(played_run{rich_answer()}.written(format));
    CAF_CHECK_EQUAL(run.begins, by.begins ? 1 : 0);
    CAF_CHECK(run.ends <= 1);
    CAF_CHECK_EQUAL(run.completed, 0);
  });
}

CAF_TEST(a restart voids what came before it) {
  for_each_format([](auto& format, auto& by) {
    if (!by.shows_restarts) // such a run doesn't
      return;
    auto all = rich_answer();
    all.pop_back();
    all.push_back({0, answer_restart{}});
    all.push_back(begins(0));
    all.push_back(grows(0, "{}"));
    all.push_back(text("Anew"));
    all.push_back(ends());
    auto answer = told(format, all);
    CAF_CHECK_EQUAL(answer.text, "Anew");
    CAF_CHECK_EQUAL(answer.reasoning, "");
    CAF_REQUIRE_EQUAL(answer.calls.size(), 1u);
    CAF_CHECK_EQUAL(answer.calls[0].arguments, "{}");
  });
}

CAF_TEST(a heartbeat may come between any two events) {
  for_each_format([](auto& format, auto& by) {
    played_run run{rich_answer()};
    std::string out;
    format.heartbeat(out, 0);
    format.begin(out, {{}, 0, 0, {}, 1});
    for (std::size_t i = 0; i < run.size(); ++i) {
      format.heartbeat(out, 0);
      out += run.written_event(format, i);
    }
    format.end(out, false);
    auto read = by.parse(out);
    CAF_CHECK(read.answers[0] == shown(by, rich_told()));
    CAF_CHECK_EQUAL(read.heartbeats, by.beats ? static_cast<int>(run.size()) + 1 : 0);
  });
}

CAF_TEST(a stored answer changes nothing but for who is told of it) {
  message head;
  head.id = new_id<message_id>();
  wire::stored_answer stored{head, "text", "reasoning"};
  for_each_format([&](auto& format, auto& by) {
    played_run run{{text("Hi"), ends()}};
    auto at = run.place(1);
    at.stored = &stored;
    auto plain = run.written_event(format, 1);
    auto with = written(format, at, run.event(1).what);
    CAF_CHECK(with.starts_with(plain));
    CAF_CHECK(by.parse(run.written_event(format, 0) + with).completed == (format.name() == "ws" ? 1 : 0));
  });
}
