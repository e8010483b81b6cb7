#pragma once
// What was written for OpenAI's Chat Completions (https://platform.openai.com/docs/api-reference/chat/create), said in
// Anthropic's Messages (https://docs.anthropic.com/en/api/messages).

#include "core/error.hpp"
#include "wire/objects/object_json.hpp"

namespace parley::wire {

/// The fields of a request, translated: system and developer messages, texts, images, PDF files, tools, their calls and results,
/// stop sequences, the sampling parameters. `invalid_request` names the first field that Anthropic has no word for: a parameter
/// without effect would mislead. What says only the default (`"logit_bias":{}`) is left out.
expected<json_object> openai_to_anthropic(const json_object& fields);

} // namespace parley::wire
