#include "wire/dialects/dialect.hpp"

#include "wire/dialects/event_json.hpp"
#include "wire/dialects/provider_message.hpp"

#include <array>

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

// Each is defined in its own file.
#define PARLEY_ENTRY(kind) const dialect& kind##_dialect();
PARLEY_PROVIDER_KINDS(PARLEY_ENTRY)
#undef PARLEY_ENTRY

const dialect& dialect_of(provider_kind kind) {
  constexpr std::array all{
#define PARLEY_ENTRY(kind) &kind##_dialect,
    PARLEY_PROVIDER_KINDS(PARLEY_ENTRY)
#undef PARLEY_ENTRY
  };
  return all.at(static_cast<std::size_t>(kind))();
}

expected<upstream_request> dialect::encode(const model& target, const prompt& what) const {
  return write(to_neutral(what)).map([&](const json_object& fields) { return request(target, fields); });
}

expected<upstream_request> dialect::encode(const model& target, const client_request& what) const {
  if (is_api(what.api))
    return request(target, what.fields);
  return write(to_neutral(what)).map([&](const json_object& fields) { return request(target, fields); });
}

expected<void> dialect::can_be_asked(const client_request& what) const {
  if (is_api(what.api))
    return {};
  return write(to_neutral(what)).map([](const json_object&) {});
}

failure dialect::explain(int status, std::string_view body, std::string_view secret) const {
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
