#pragma once
// What a client asks of `POST /v1/messages` (https://docs.anthropic.com/en/api/messages).

#include "wire/clients/client_request.hpp"

#include <memory>
#include <string>

namespace parley::wire {

struct anthropic_request {
  /// Not looked up.
  std::string model;
  bool stream = false;
  client_request_ptr ask;
};

/// Checks what is ours to know; what only a provider can judge is left to it. Reasoning that has no signature is left out of the
/// conversation, as ours has none: the provider takes back only what it has signed.
expected<anthropic_request> read_anthropic_request(json_object body);

} // namespace parley::wire
