#pragma once
// What a client of the stateless APIs (`/v1/`) asks for, on its way to an upstream. It stays as the client wrote it: an upstream
// that speaks the same API gets it field by field as it came; one that speaks another gets a translation.

#include "wire/objects/object_json.hpp"

#include <memory>

namespace parley::wire {

/// The API that a client spoke.
enum class client_api : std::uint8_t { openai, anthropic };

struct client_request {
  client_api api = client_api::openai;
  /// The request's fields in their order: that of a schema's properties is the order in which a model writes them. Without what
  /// is not the upstream's business (`model`, `n`, how the answer is sent), and without what is null.
  json_object fields;
};

/// Bytes of all texts that a model reads of it, for the estimate of what it took. An image counts nothing: what it takes has
/// nothing to do with its bytes.
std::size_t prompt_bytes(const client_request& what);

using client_request_ptr = std::shared_ptr<const client_request>;

} // namespace parley::wire
