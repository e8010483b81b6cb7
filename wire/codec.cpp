#include "wire/codec.hpp"

#include "wire/anthropic_codec.hpp"
#include "wire/event_json.hpp"
#include "wire/openai_codec.hpp"
#include "wire/provider_message.hpp"

namespace parley::wire {

namespace {

/// A JSON error's message, from the places where providers put it: `{"error":{"message"}}` (OpenAI, Anthropic),
/// `{"error"}` (Ollama), `{"message"}` (Mistral, older vLLM), `{"detail"}` (FastAPI).
std::string message_in(std::string_view body, std::string_view secret) {
  if (body.size() > max_event_bytes)
    return {};
  auto object = parse_object(body);
  if (!object)
    return {};
  if (auto error = object_at(*object, "error"))
    return quotable(string_at(*error, "message"), secret);
  for (auto key : {"error", "message", "detail"})
    if (auto text = string_at(*object, key); !text.empty())
      return quotable(text, secret);
  return {};
}

failure with_message(ec code, const std::string& sentence, std::string_view body, std::string_view secret) {
  if (auto message = message_in(body, secret); !message.empty())
    return {code, sentence + ": " + message, {}};
  return {code, sentence + ".", {}};
}

} // namespace

upstream_request encode_request(const model& target, const prompt& what) {
  switch (target.at->kind) {
  case provider_kind::anthropic:
    return encode_anthropic_request(target, what);
  case provider_kind::openai:
  case provider_kind::demo:
    break;
  }
  return encode_openai_request(target, what);
}

std::unique_ptr<codec> make_codec(provider_kind kind) {
  switch (kind) {
  case provider_kind::anthropic:
    return make_anthropic_codec();
  case provider_kind::openai:
  case provider_kind::demo:
    break;
  }
  return make_openai_codec();
}

failure explain_status(int status, std::string_view body, std::string_view secret) {
  auto number = std::to_string(status);
  if (status == 401 || status == 403) // such messages quote the key, or say whose it is
    return {ec::upstream_rejected, "The provider refused the server's credentials (status " + number + ").", {}};
  if (status == 429)
    return with_message(ec::upstream_rate_limited, "The provider limits the rate of requests (status 429)", body, secret);
  if (status >= 500)
    return with_message(ec::upstream_overloaded, "The provider is in trouble (status " + number + ")", body, secret);
  return with_message(ec::upstream_rejected, "The provider refused the request (status " + number + ")", body, secret);
}

} // namespace parley::wire
