#pragma once
// OpenAI Chat Completions, streaming (https://platform.openai.com/docs/api-reference/chat-streaming), as OpenAI and the
// servers compatible with it speak it: Ollama, vLLM, llama.cpp, DeepSeek, OpenRouter, …

#include "wire/dialects/codec.hpp"

#include <memory>

namespace parley::wire {

std::unique_ptr<codec> make_openai_codec();

} // namespace parley::wire
