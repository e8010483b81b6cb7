#pragma once
// OpenAI Chat Completions, streaming (https://platform.openai.com/docs/api-reference/chat-streaming), as OpenAI and the
// servers compatible with it speak it: Ollama, vLLM, llama.cpp, DeepSeek, OpenRouter, …

#include "wire/codec.hpp"

namespace parley::wire {

upstream_request encode_openai_request(const model& target, const prompt& what);

std::unique_ptr<codec> make_openai_codec();

} // namespace parley::wire
