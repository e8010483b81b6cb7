#include "wire/objects/openai_object.hpp"

#include <algorithm>

namespace parley::wire {

namespace {

const json_object null;

json_object text_or_null(const std::string& text) {
  return text.empty() ? null : json_object(text);
}

json_object to_tool_call(const tool_call& call) {
  json_object result;
  result["id"] = call.id;
  result["type"] = "function";
  result["function"]["name"] = call.name;
  result["function"]["arguments"] = call.arguments;
  return result;
}

json_object to_message(const message& answer) {
  json_object result;
  result["role"] = "assistant";
  result["content"] = answer.tool_calls.empty() ? json_object(answer.content) : text_or_null(answer.content);
  result["refusal"] = nullptr;
  if (!answer.reasoning.empty()) // as DeepSeek and vLLM call it, and their clients look for it
    result["reasoning_content"] = answer.reasoning;
  for (auto& call : answer.tool_calls)
    result["tool_calls"].push_back(to_tool_call(call));
  return result;
}

} // namespace

std::string openai_id(run_id run) {
  auto digits = to_string(run);
  std::erase(digits, '-');
  return "chatcmpl-" + digits;
}

std::int64_t openai_created(run_id run) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i)
    ms = ms << 8 | run.bytes[i];
  return ms / 1000;
}

std::string_view openai_finish_reason(finish_reason reason) {
  switch (reason) {
  case finish_reason::stop:
    return "stop";
  case finish_reason::length:
    return "length";
  case finish_reason::content_filter:
    return "content_filter";
  case finish_reason::tool_calls:
    return "tool_calls";
  case finish_reason::cancelled:
  case finish_reason::interrupted:
  case finish_reason::error:
    break;
  }
  return "error";
}

std::string_view openai_error_type(ec code) {
  switch (code) {
  case ec::invalid_request:
  case ec::not_found:
  case ec::method_not_allowed:
  case ec::turn_in_progress:
  case ec::id_conflict:
  case ec::not_last_turn:
  case ec::already_voted:
  case ec::too_large:
  case ec::unsupported_media_type:
  case ec::header_too_large:
  case ec::request_timeout:
  case ec::upstream_rejected:
    return "invalid_request_error";
  case ec::forbidden:
    return "permission_error";
  case ec::upstream_rate_limited:
    return "rate_limit_error";
  case ec::unavailable:
  case ec::internal:
  case ec::upstream_unreachable:
  case ec::upstream_timeout:
  case ec::upstream_truncated:
  case ec::upstream_malformed:
  case ec::upstream_overloaded:
  case ec::answer_too_large:
  case ec::store_unavailable:
  case ec::fenced:
    break;
  }
  return "server_error";
}

json_object openai_error(const answer_error& why) {
  json_object result;
  result["message"] = why.message;
  result["type"] = openai_error_type(why.code);
  result["param"] = nullptr;
  result["code"] = name(why.code);
  return result;
}

json_object openai_usage(const token_usage& usage) {
  json_object result;
  result["prompt_tokens"] = usage.prompt_tokens;
  result["completion_tokens"] = usage.completion_tokens;
  result["total_tokens"] = usage.prompt_tokens + usage.completion_tokens;
  if (!usage.reported)
    result["source"] = "estimated";
  return result;
}

json_object openai_completion(run_id run, std::string_view model, std::span<const message> answers, bool several_models,
                              const std::optional<token_usage>& usage) {
  json_object result;
  result["id"] = openai_id(run);
  result["object"] = "chat.completion";
  result["created"] = openai_created(run);
  result["model"] = model;
  result["system_fingerprint"] = nullptr;
  auto& choices = result["choices"] = json_object::array();
  for (auto& answer : answers) {
    json_object choice;
    choice["index"] = answer.seat.value_or(0);
    if (several_models && answer.model)
      choice["model"] = answer.model->id;
    choice["message"] = to_message(answer);
    choice["logprobs"] = nullptr;
    choice["finish_reason"] = openai_finish_reason(answer.finish.value_or(finish_reason::error));
    if (answer.error)
      choice["error"] = openai_error(*answer.error);
    choices.push_back(std::move(choice));
  }
  result["usage"] = usage ? openai_usage(*usage) : null;
  return result;
}

json_object openai_model(const model& entry) {
  json_object result;
  result["id"] = entry.id;
  result["object"] = "model";
  result["created"] = 0; // the catalogue doesn't know
  result["owned_by"] = entry.at->provider;
  return result;
}

} // namespace parley::wire
