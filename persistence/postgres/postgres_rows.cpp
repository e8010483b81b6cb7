#include "persistence/postgres/postgres_rows.hpp"

#include "persistence/store/stored_error.hpp"
#include "persistence/store/stored_json.hpp"

namespace parley::persistence::postgres {

namespace {

std::string_view text_in(const pqxx::field& field) {
  return {field.c_str(), field.size()};
}

std::int64_t number_in(const pqxx::field& field) {
  return field.as<std::int64_t>();
}

} // namespace

void array::add(std::string_view text) {
  next();
  text_ += '"';
  while (true) {
    auto special = text.find_first_of("\"\\");
    text_ += text.substr(0, special);
    if (special == std::string_view::npos)
      break;
    text_ += '\\';
    text_ += text[special];
    text.remove_prefix(special + 1);
  }
  text_ += '"';
}

session session_in(const pqxx::row& row) {
  session result;
  result.id = id_in<session_id>(row[0]);
  result.mode = parse_session_mode(text_in(row[1])).value_or(session_mode::direct);
  result.title = text_in(row[2]);
  result.title_is_set = row[3].as<bool>();
  result.created_at = number_in(row[4]);
  result.updated_at = number_in(row[5]);
  result.models = models_from_json(text_in(row[6]));
  result.parameters = parameters_from_json(text_in(row[7]));
  result.system_prompt = text_in(row[8]);
  result.blind = row[9].as<bool>();
  return result;
}

message message_in(const pqxx::row& row) {
  message result;
  result.id = id_in<message_id>(row[0]);
  result.session = id_in<session_id>(row[1]);
  result.turn = id_in<turn_id>(row[2]);
  if (!row[3].is_null())
    result.parent = id_in<message_id>(row[3]);
  result.role = parse_message_role(text_in(row[4])).value_or(message_role::user);
  if (!row[5].is_null())
    result.seat = static_cast<participant>(number_in(row[5]));
  result.attempt = row[6].as<int>();
  if (!row[7].is_null())
    result.run = id_in<run_id>(row[7]);
  result.status = parse_message_status(text_in(row[8])).value_or(message_status::failed);
  if (!row[9].is_null())
    result.finish = parse_finish_reason(text_in(row[9]));
  if (!row[10].is_null())
    result.error = answer_error{parse_ec(text_in(row[10])).value_or(ec::internal), std::string{text_in(row[11])}};
  if (!row[12].is_null())
    result.model = model_label{std::string{text_in(row[12])}, std::string{text_in(row[13])}};
  if (!row[14].is_null())
    result.usage = token_usage{number_in(row[14]), number_in(row[15]), row[16].as<bool>()};
  if (!row[18].is_null()) {
    result.latency.emplace();
    result.latency->total = number_in(row[18]);
    if (!row[17].is_null())
      result.latency->first_token = number_in(row[17]);
  }
  result.created_at = number_in(row[19]);
  result.completed_at = number_in(row[20]);
  if (!row[21].is_null())
    result.tool_calls = tool_calls_from_json(text_in(row[21]));
  result.recovered = row[22].as<bool>();
  if (!row[23].is_null())
    result.stretches = stretches_from_json(text_in(row[23]));
  result.blind = row[24].as<bool>();
  if (!row[25].is_null())
    result.vote = turn_vote{parse_preference(text_in(row[25])).value_or(preference{}), row[26].as<bool>(), number_in(row[27])};
  result.reasoning = text_in(row[28]);
  result.content = text_in(row[29]);
  return result;
}

void message_places::add(const message& of) {
  ids.add(of.id);
  sessions.add(of.session);
  turns.add(of.turn);
  parents.add(of.parent);
  roles.add(name(of.role));
  if (of.seat)
    seats.add(std::int64_t{*of.seat});
  else
    seats.add_null();
  attempts.add(std::int64_t{of.attempt});
  runs.add(of.run);
  created.add(of.created_at);
  recovered.add(of.recovered);
}

void message_outcomes::add(const message& of) {
  statuses.add(name(of.status));
  if (of.finish)
    finishes.add(name(*of.finish));
  else
    finishes.add_null();
  if (of.error) {
    error_codes.add(name(of.error->code));
    error_messages.add(std::string_view{of.error->message});
  } else {
    error_codes.add_null();
    error_messages.add_null();
  }
  if (of.model) {
    model_ids.add(std::string_view{of.model->id});
    model_names.add(std::string_view{of.model->display_name});
  } else {
    model_ids.add_null();
    model_names.add_null();
  }
  if (of.usage) {
    prompt_tokens.add(of.usage->prompt_tokens);
    completion_tokens.add(of.usage->completion_tokens);
    usage_reported.add(of.usage->reported);
  } else {
    prompt_tokens.add_null();
    completion_tokens.add_null();
    usage_reported.add_null();
  }
  if (of.latency) {
    first_tokens.add(of.latency->first_token);
    totals.add(of.latency->total);
  } else {
    first_tokens.add_null();
    totals.add_null();
  }
  if (of.completed_at != 0)
    completed.add(of.completed_at);
  else
    completed.add_null();
  if (of.tool_calls.empty())
    tool_calls.add_null();
  else
    tool_calls.add(std::string_view{tool_calls_to_json(of.tool_calls)});
  if (of.stretches.empty())
    stretches.add_null();
  else
    stretches.add(std::string_view{stretches_to_json(of.stretches)});
  reasonings.add(std::string_view{of.reasoning});
  contents.add(std::string_view{of.content});
}

void session_columns::add(const session& of) {
  ids.add(of.id);
  modes.add(name(of.mode));
  titles.add(std::string_view{of.title});
  titles_set.add(of.title_is_set);
  created.add(of.created_at);
  updated.add(of.updated_at);
  models.add(std::string_view{models_to_json(of.models)});
  parameters.add(std::string_view{parameters_to_json(of.parameters)});
  system_prompts.add(std::string_view{of.system_prompt});
  blind.add(of.blind);
}

} // namespace parley::persistence::postgres
