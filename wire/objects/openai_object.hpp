#pragma once
// The objects of OpenAI's Chat Completions (https://platform.openai.com/docs/api-reference/chat/object), as we answer them.

#include "core/answer_event.hpp"
#include "wire/objects/object_json.hpp"

#include <span>
#include <string>
#include <string_view>

namespace parley::wire {

/// `chatcmpl-` and the run's id without its dashes.
std::string openai_id(run_id run);

/// When the run was made, in seconds since 1970: its id says so (RFC 9562, section 5.7).
std::int64_t openai_created(run_id run);

/// `error` for what OpenAI has no word for: an answer that failed.
std::string_view openai_finish_reason(finish_reason reason);

/// An error's `type`.
std::string_view openai_error_type(ec code);

/// `{"message","type","param":null,"code"}`
json_object openai_error(const answer_error& why);

/// `{"prompt_tokens","completion_tokens","total_tokens"}`, with `"source":"estimated"` where no provider reported it.
json_object openai_usage(const token_usage& usage);

/// A whole `chat.completion`: a choice for each answer, whose `seat` is its index. A failed one has `"finish_reason":"error"` and
/// the `error`. With `several_models` each choice says which is its.
json_object openai_completion(run_id run, std::string_view model, std::span<const message> answers, bool several_models,
                              const std::optional<token_usage>& usage);

/// An entry of `GET /v1/models`.
json_object openai_model(const model& entry);

} // namespace parley::wire
