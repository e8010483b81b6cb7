#pragma once
// What a client asks of `POST /v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat/create).

#include "wire/clients/client_request.hpp"

#include <memory>
#include <string>
#include <vector>

namespace parley::wire {

struct openai_request {
  /// As it was written: one id, or several between commas.
  std::string model;
  /// The ids. Not looked up.
  std::vector<std::string> models;
  /// Choices for each of them.
  std::size_t choices = 1;
  bool stream = false;
  /// The stream is to end with the usage.
  bool include_usage = false;
  client_request_ptr ask;
};

/// Checks what is ours to know; what only a provider can judge is left to it. Refused is what would not come through: log
/// probabilities, sound, and the functions that there were before tools.
expected<openai_request> read_openai_request(json_object body);

} // namespace parley::wire
