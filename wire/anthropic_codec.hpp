#pragma once
// Anthropic Messages, streaming (https://docs.anthropic.com/en/api/messages-streaming).

#include "wire/codec.hpp"

namespace parley::wire {

upstream_request encode_anthropic_request(const model& target, const prompt& what);

std::unique_ptr<codec> make_anthropic_codec();

} // namespace parley::wire
