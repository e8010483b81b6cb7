#pragma once
// OpenAI Chat Completions, streaming (https://platform.openai.com/docs/api-reference/chat-streaming), as OpenAI and the
// servers compatible with it speak it: Ollama, vLLM, llama.cpp, DeepSeek, OpenRouter, …

#include "wire/dialects/codec.hpp"
#include "wire/objects/object_json.hpp"

namespace parley::wire {

upstream_request encode_openai_request(const model& target, const prompt& what);

/// The fields of a client's request (`wire/clients/client_request.hpp`), as they are: only the limit of an answer's tokens goes
/// by the name that the upstream knows.
upstream_request encode_openai_fields(const model& target, const json_object& fields);

std::unique_ptr<codec> make_openai_codec();

} // namespace parley::wire
