#define CAF_SUITE actors.runs.blind_calls

#include "actors/runs/blind_calls.hpp"

#include "core/blinding.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

template <class Event>
std::string id_after_hiding(blind_calls& calls, Event event) {
  answer_event hidden{std::move(event)};
  calls.hide(hidden);
  return std::get<Event>(hidden).id;
}

} // namespace

CAF_TEST(all events of a call get the same id and each call another) {
  blind_calls calls;
  CAF_CHECK_EQUAL(id_after_hiding(calls, tool_call_begin{"toolu_01", "weather", 0}), blind_call_id(1));
  CAF_CHECK_EQUAL(id_after_hiding(calls, tool_call_begin{"toolu_02", "weather", 1}), blind_call_id(2));
  CAF_CHECK_EQUAL(id_after_hiding(calls, tool_call_delta{"toolu_01", "{", 0}), blind_call_id(1));
  CAF_CHECK_EQUAL(id_after_hiding(calls, tool_call{"toolu_02", "weather", "{}"}), blind_call_id(2));
  CAF_CHECK_NOT_EQUAL(blind_call_id(1), blind_call_id(2));
}

CAF_TEST(an id that two calls share belongs to the later one) {
  blind_calls calls;
  id_after_hiding(calls, tool_call_begin{"call", "weather", 0});
  id_after_hiding(calls, tool_call_begin{"call", "time", 1});
  CAF_CHECK_EQUAL(id_after_hiding(calls, tool_call_delta{"call", "{", 1}), blind_call_id(2));
}

CAF_TEST(after a restart calls are counted anew) {
  blind_calls calls;
  id_after_hiding(calls, tool_call_begin{"toolu_01", "weather", 0});
  answer_event restart{answer_restart{}};
  calls.hide(restart);
  CAF_CHECK_EQUAL(id_after_hiding(calls, tool_call_begin{"toolu_02", "weather", 0}), blind_call_id(1));
}
