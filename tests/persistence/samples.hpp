#pragma once
// Sessions and messages to store.

#include "core/message.hpp"

namespace parley::test {

inline constexpr unix_ms sample_time = 1'700'000'000'123;

inline session sample_session(session_mode mode = session_mode::compare) {
  session result;
  result.id = new_id<session_id>();
  result.mode = mode;
  result.title = "Tea or coffee?";
  result.models = {{"gpt", "GPT"}, {"claude", "Claude"}};
  if (mode == session_mode::direct)
    result.models.pop_back();
  result.system_prompt = "Be brief.";
  result.parameters.temperature = 0.1;
  result.parameters.stop = {"END", "\n\n"};
  result.created_at = result.updated_at = sample_time;
  return result;
}

inline message user_message(const session& of, std::optional<message_id> parent = {}, std::string content = "Hello") {
  message result;
  result.id = new_id<message_id>();
  result.session = of.id;
  result.turn = new_id<turn_id>();
  result.parent = parent;
  result.content = std::move(content);
  result.created_at = result.completed_at = sample_time;
  return result;
}

/// An answer that has not begun.
inline message pending_answer(const message& to, participant seat = 0, int attempt = 1) {
  message result;
  result.id = new_id<message_id>();
  result.session = to.session;
  result.turn = to.turn;
  result.parent = to.id;
  result.role = message_role::assistant;
  result.seat = seat;
  result.attempt = attempt;
  result.run = new_id<run_id>();
  result.status = message_status::pending;
  result.model = model_label{"gpt", "GPT"};
  result.created_at = sample_time + 1;
  return result;
}

/// The same answer, finished.
inline message finished(message answer, std::string content = "Hi there") {
  answer.status = message_status::success;
  answer.finish = finish_reason::stop;
  answer.content = std::move(content);
  answer.stretches = {{stretch_kind::text, 0, static_cast<std::uint32_t>(answer.content.size())}};
  answer.usage = token_usage{9, 2, true};
  answer.latency = answer_latency{120, 800};
  answer.completed_at = sample_time + 801;
  return answer;
}

} // namespace parley::test
