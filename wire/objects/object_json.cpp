#include "wire/objects/object_json.hpp"

#include "core/blinding.hpp"
#include "core/check.hpp"
#include "core/text.hpp"
#include "wire/objects/cursor.hpp"

#include <utility>

namespace parley::wire {

namespace {

const json_object null;

template <class T>
json_object number_or_null(const std::optional<T>& value) {
  return value ? json_object(*value) : null;
}

json_object text_or_null(const std::string& text) {
  return text.empty() ? null : json_object(text);
}

template <class Tag>
json_object id_or_null(const basic_id<Tag>& id) {
  return id ? json_object(to_string(id)) : null;
}

json_object time_or_null(unix_ms time) {
  return time == 0 ? null : json_object(to_rfc3339(time));
}

json_object letter_or_null(const std::optional<participant>& seat) {
  return seat ? json_object(std::string(1, letter(*seat))) : null;
}

json_object label_or_null(const std::optional<model_label>& label) {
  if (!label)
    return null;
  json_object result;
  result["id"] = label->id;
  result["display_name"] = label->display_name;
  return result;
}

json_object finish_or_null(const std::optional<finish_reason>& finish) {
  return finish ? json_object(name(*finish)) : null;
}

json_object error_or_null(const std::optional<answer_error>& error) {
  if (!error)
    return null;
  json_object result;
  result["code"] = name(error->code);
  result["message"] = error->message;
  return result;
}

json_object usage_or_null(const std::optional<token_usage>& usage) {
  if (!usage)
    return null;
  json_object result;
  result["prompt_tokens"] = usage->prompt_tokens;
  result["completion_tokens"] = usage->completion_tokens;
  result["source"] = usage->reported ? "reported" : "estimated";
  return result;
}

json_object latency_or_null(const std::optional<answer_latency>& latency) {
  if (!latency)
    return null;
  json_object result;
  result["first_token"] = number_or_null(latency->first_token);
  result["total"] = latency->total;
  return result;
}

/// Those that were set.
json_object parameters_object(const sampling_parameters& from) {
  auto result = json_object::object();
  if (from.temperature)
    result["temperature"] = *from.temperature;
  if (from.top_p)
    result["top_p"] = *from.top_p;
  if (from.max_tokens)
    result["max_tokens"] = *from.max_tokens;
  if (!from.stop.empty())
    result["stop"] = from.stop;
  return result;
}

json_object seats(const std::vector<model_label>& models, bool blind) {
  auto result = json_object::array();
  for (std::size_t i = 0; i < models.size(); ++i) {
    json_object seat;
    seat["participant"] = std::string(1, letter(static_cast<participant>(i)));
    seat["id"] = blind ? null : json_object(models[i].id);
    seat["display_name"] = blind ? null : json_object(models[i].display_name);
    result.push_back(std::move(seat));
  }
  return result;
}

json_object running_or_null(const std::optional<running_turn>& running) {
  if (!running)
    return null;
  json_object result;
  result["turn_id"] = to_string(running->turn);
  result["run_id"] = to_string(running->run);
  result["cursor"] = to_cursor(running->run, 0);
  return result;
}

json_object tool_calls_array(const std::vector<tool_call>& calls) {
  auto result = json_object::array();
  for (auto& call : calls) {
    json_object entry;
    entry["id"] = call.id;
    entry["name"] = call.name;
    entry["arguments"] = call.arguments;
    result.push_back(std::move(entry));
  }
  return result;
}

void append_string(std::string& out, const std::string& text) {
  if (!is_clean_text(text)) {
    out += json_object(text).dump(-1, ' ', false, json_object::error_handler_t::replace);
    return;
  }
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

/// As `dump` writes it, but texts, which may be whole answers, in a sixth of the time.
void append_text(std::string& out, const json_object& what) {
  if (auto* object = what.get_ptr<const json_object::object_t*>()) {
    auto before = '{';
    for (auto& [key, value] : *object) {
      out += std::exchange(before, ',');
      append_string(out, key);
      out += ':';
      append_text(out, value);
    }
    out += object->empty() ? "{}" : "}";
  } else if (auto* array = what.get_ptr<const json_object::array_t*>()) {
    auto before = '[';
    for (auto& value : *array) {
      out += std::exchange(before, ',');
      append_text(out, value);
    }
    out += array->empty() ? "[]" : "]";
  } else if (auto* text = what.get_ptr<const std::string*>()) {
    append_string(out, *text);
  } else {
    out += what.dump();
  }
}

} // namespace

json_object to_json(const session& about, const std::optional<running_turn>& running) {
  json_object result;
  result["id"] = to_string(about.id);
  result["mode"] = name(about.mode);
  result["title"] = about.title;
  result["models"] = seats(about.models, about.blind);
  result["system_prompt"] = about.system_prompt;
  result["parameters"] = parameters_object(about.parameters);
  result["created_at"] = time_or_null(about.created_at);
  result["updated_at"] = time_or_null(about.updated_at);
  result["running"] = running_or_null(running);
  return result;
}

json_object to_json(const message& what) {
  auto shown = shown_details(what);
  check(tells_no_model(what, shown), "nothing that is read of a blind answer tells its model");
  json_object result;
  result["id"] = to_string(what.id);
  result["session_id"] = to_string(what.session);
  result["turn_id"] = id_or_null(what.turn);
  result["parent_id"] = what.parent ? id_or_null(*what.parent) : null;
  result["role"] = name(what.role);
  result["participant"] = letter_or_null(what.seat);
  result["attempt"] = what.attempt;
  result["content"] = what.content;
  result["reasoning"] = text_or_null(what.reasoning);
  result["tool_calls"] = tool_calls_array(what.tool_calls);
  result["status"] = name(what.status);
  result["finish_reason"] = finish_or_null(what.finish);
  result["error"] = error_or_null(shown.error);
  result["model"] = label_or_null(shown.model);
  result["usage"] = usage_or_null(shown.usage);
  result["latency_ms"] = latency_or_null(shown.latency);
  result["created_at"] = time_or_null(what.created_at);
  result["completed_at"] = time_or_null(shown.completed_at);
  if (what.recovered)
    result["recovered"] = true;
  if (what.role == message_role::user)
    result["vote"] = what.vote ? to_json(*what.vote) : null;
  return result;
}

json_object to_json(const turn_vote& given) {
  json_object result;
  result["preference"] = name(given.choice);
  result["counted"] = given.counted;
  result["created_at"] = time_or_null(given.created_at);
  return result;
}

json_object to_json(const model& entry) {
  json_object result;
  result["id"] = entry.id;
  result["display_name"] = entry.display_name;
  result["provider"] = entry.at ? entry.at->provider : std::string{};
  result["context_tokens"] = number_or_null(entry.context_tokens);
  result["available"] = entry.available;
  return result;
}

std::string to_text(const json_object& what) {
  std::string text;
  append_text(text, what);
  return text;
}

} // namespace parley::wire
