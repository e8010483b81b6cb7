#pragma once
// Anthropic Messages, streaming (https://docs.anthropic.com/en/api/messages-streaming).

#include "wire/dialects/codec.hpp"
#include "wire/objects/object_json.hpp"

namespace parley::wire {

upstream_request encode_anthropic_request(const model& target, const prompt& what);

/// The fields of a client's request (`wire/clients/client_request.hpp`), as they are, with the limit of an answer's tokens if
/// they say none.
upstream_request encode_anthropic_fields(const model& target, const json_object& fields);

std::unique_ptr<codec> make_anthropic_codec();

} // namespace parley::wire
