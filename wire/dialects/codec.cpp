#include "wire/dialects/codec.hpp"

#include "wire/dialects/anthropic_codec.hpp"
#include "wire/dialects/anthropic_to_openai.hpp"
#include "wire/dialects/event_json.hpp"
#include "wire/dialects/openai_codec.hpp"
#include "wire/dialects/openai_to_anthropic.hpp"
#include "wire/dialects/provider_message.hpp"

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

client_api api_of(provider_kind kind) {
  return kind == provider_kind::anthropic ? client_api::anthropic : client_api::openai;
}

/// Into the other API.
expected<json_object> translate(const client_request& what) {
  switch (what.api) {
  case client_api::openai:
    return openai_to_anthropic(what.fields);
  case client_api::anthropic:
    break;
  }
  return anthropic_to_openai(what.fields);
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

expected<void> can_be_asked(const model& target, const client_request& what) {
  if (what.api == api_of(target.at->kind))
    return {};
  return translate(what).map([](const json_object&) {});
}

expected<upstream_request> encode_request(const model& target, const client_request& what) {
  auto spoken = api_of(target.at->kind);
  auto encode = [&](const json_object& fields) {
    return spoken == client_api::openai ? encode_openai_fields(target, fields) : encode_anthropic_fields(target, fields);
  };
  if (what.api == spoken)
    return encode(what.fields);
  return translate(what).map(encode);
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
