#include "wire/objects/anthropic_object.hpp"

#include <algorithm>

namespace parley::wire {

namespace {

json_object to_tool_use(const tool_call& call) {
  json_object result;
  result["type"] = "tool_use";
  result["id"] = call.id;
  result["name"] = call.name;
  auto input = json_object::parse(call.arguments.empty() ? "{}" : call.arguments, nullptr, false);
  // What is no object can't be an input; the client is to see it all the same.
  result["input"] = input.is_object() ? std::move(input) : json_object{{"invalid", call.arguments}};
  return result;
}

} // namespace

std::string anthropic_id(run_id run) {
  auto digits = to_string(run);
  std::erase(digits, '-');
  return "msg_" + digits;
}

std::string_view anthropic_stop_reason(finish_reason reason) {
  switch (reason) {
  case finish_reason::length:
    return "max_tokens";
  case finish_reason::content_filter:
    return "refusal";
  case finish_reason::tool_calls:
    return "tool_use";
  case finish_reason::stop:
  case finish_reason::cancelled:
  case finish_reason::interrupted:
  case finish_reason::error:
    break;
  }
  return "end_turn";
}

std::string_view anthropic_error_type(ec code) {
  switch (code) {
  case ec::invalid_request:
  case ec::method_not_allowed:
  case ec::turn_in_progress:
  case ec::id_conflict:
  case ec::not_last_turn:
  case ec::already_voted:
  case ec::unsupported_media_type:
  case ec::header_too_large:
  case ec::request_timeout:
  case ec::upstream_rejected:
    return "invalid_request_error";
  case ec::forbidden:
    return "permission_error";
  case ec::not_found:
    return "not_found_error";
  case ec::too_large:
    return "request_too_large";
  case ec::upstream_rate_limited:
    return "rate_limit_error";
  case ec::upstream_timeout:
    return "timeout_error";
  case ec::unavailable:
  case ec::upstream_overloaded:
    return "overloaded_error";
  case ec::internal:
  case ec::upstream_unreachable:
  case ec::upstream_truncated:
  case ec::upstream_malformed:
  case ec::answer_too_large:
  case ec::store_unavailable:
  case ec::fenced:
    break;
  }
  return "api_error";
}

json_object anthropic_error(ec code, std::string_view message, std::string_view request_id) {
  json_object result;
  result["type"] = "error";
  result["error"]["type"] = anthropic_error_type(code);
  result["error"]["message"] = message;
  if (!request_id.empty())
    result["request_id"] = request_id;
  return result;
}

json_object anthropic_usage(const std::optional<token_usage>& usage) {
  json_object result;
  result["input_tokens"] = usage ? usage->prompt_tokens : 0;
  result["output_tokens"] = usage ? usage->completion_tokens : 0;
  return result;
}

json_object anthropic_message(run_id run, std::string_view model, const message& answer) {
  json_object result;
  result["id"] = anthropic_id(run);
  result["type"] = "message";
  result["role"] = "assistant";
  result["model"] = model;
  auto& content = result["content"] = json_object::array();
  if (!answer.reasoning.empty())
    content.push_back({{"type", "thinking"}, {"thinking", answer.reasoning}, {"signature", ""}});
  if (!answer.content.empty())
    content.push_back({{"type", "text"}, {"text", answer.content}});
  for (auto& call : answer.tool_calls)
    content.push_back(to_tool_use(call));
  result["stop_reason"] = anthropic_stop_reason(answer.finish.value_or(finish_reason::stop));
  result["stop_sequence"] = nullptr;
  result["usage"] = anthropic_usage(answer.usage);
  return result;
}

} // namespace parley::wire
