#pragma once
// Anthropic Messages, streaming (https://docs.anthropic.com/en/api/messages-streaming).

#include "wire/dialects/codec.hpp"

#include <memory>

namespace parley::wire {

std::unique_ptr<codec> make_anthropic_codec();

} // namespace parley::wire
