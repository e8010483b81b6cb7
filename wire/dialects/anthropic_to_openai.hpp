#pragma once
// What was written for Anthropic's Messages (https://docs.anthropic.com/en/api/messages), said in OpenAI's Chat Completions
// (https://platform.openai.com/docs/api-reference/chat/create).

#include "core/error.hpp"
#include "wire/objects/object_json.hpp"

namespace parley::wire {

/// The fields of a request, translated: the system prompt, texts, images, PDF files, tools, their calls and results, stop
/// sequences, the sampling parameters, the effort of reasoning. `invalid_request` names the first field that OpenAI has no word
/// for. What changes no answer (`cache_control`, `service_tier`) is left out, and so is reasoning of earlier turns.
expected<json_object> anthropic_to_openai(const json_object& fields);

} // namespace parley::wire
