#include "persistence/sqlite/sqlite_rows.hpp"

#include "persistence/store/stored_error.hpp"
#include "persistence/store/stored_json.hpp"

namespace parley::persistence {

session session_in(const sqlite::rows& row) {
  session result;
  result.id = row.id<session_id>(0);
  result.mode = parse_session_mode(row.text(1)).value_or(session_mode::direct);
  result.title = row.text(2);
  result.title_is_set = row.boolean(3);
  result.created_at = row.integer(4);
  result.updated_at = row.integer(5);
  result.models = models_from_json(row.text(6));
  result.parameters = parameters_from_json(row.text(7));
  result.system_prompt = row.text(8);
  result.blind = row.boolean(9);
  return result;
}

message message_in(const sqlite::rows& row) {
  message result;
  result.id = row.id<message_id>(1);
  result.session = row.id<session_id>(2);
  result.turn = row.id<turn_id>(3);
  if (!row.is_null(4))
    result.parent = row.id<message_id>(4);
  result.role = parse_message_role(row.text(5)).value_or(message_role::user);
  if (!row.is_null(6))
    result.seat = static_cast<participant>(row.integer(6));
  result.attempt = static_cast<int>(row.integer(7));
  if (!row.is_null(8))
    result.run = row.id<run_id>(8);
  result.status = parse_message_status(row.text(9)).value_or(message_status::failed);
  if (!row.is_null(10))
    result.finish = parse_finish_reason(row.text(10));
  if (!row.is_null(11))
    result.error = answer_error{parse_ec(row.text(11)).value_or(ec::internal), std::string{row.text(12)}};
  if (!row.is_null(13))
    result.model = model_label{std::string{row.text(13)}, std::string{row.text(14)}};
  if (!row.is_null(15))
    result.usage = token_usage{row.integer(15), row.integer(16), row.boolean(17)};
  if (!row.is_null(19)) {
    result.latency.emplace();
    result.latency->total = row.integer(19);
    if (!row.is_null(18))
      result.latency->first_token = row.integer(18);
  }
  result.created_at = row.integer(20);
  result.completed_at = row.integer(21);
  if (!row.is_null(22))
    result.tool_calls = tool_calls_from_json(row.text(22));
  result.reasoning = row.text(23);
  result.content = row.text(24);
  result.recovered = row.boolean(25);
  if (!row.is_null(26))
    result.stretches = stretches_from_json(row.text(26));
  return result;
}

message whole_message_in(const sqlite::rows& row) {
  auto result = message_in(row);
  result.blind = row.boolean(27);
  if (!row.is_null(28))
    result.vote = turn_vote{parse_preference(row.text(28)).value_or(preference{}), row.boolean(29), row.integer(30)};
  return result;
}

outcome::outcome(const message& of) : status(name(of.status)), first_token(of.latency ? of.latency->first_token : std::nullopt) {
  if (of.finish)
    finish = name(*of.finish);
  if (of.error) {
    error_code = name(of.error->code);
    error_message = of.error->message;
  }
  if (of.model) {
    model_id = of.model->id;
    model_name = of.model->display_name;
  }
  if (of.usage) {
    prompt_tokens = of.usage->prompt_tokens;
    completion_tokens = of.usage->completion_tokens;
    usage_reported = of.usage->reported;
  }
  if (of.latency)
    total = of.latency->total;
  if (!of.tool_calls.empty())
    tool_calls = tool_calls_to_json(of.tool_calls);
  if (!of.stretches.empty())
    stretches = stretches_to_json(of.stretches);
}

} // namespace parley::persistence
