#include "net/server/error_response.hpp"

#include "core/text.hpp"
#include "net/server/json_objects.hpp"
#include "wire/objects/anthropic_object.hpp"
#include "wire/objects/openai_object.hpp"

namespace parley::net {

namespace {

/// Draining, a restart or a store that comes back: a second is neither rude nor long.
constexpr auto retry_after_seconds = "1";

void append_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, is_clean_text(text) ? text : to_clean_text(text));
  out += '"';
}

/// A defect's particulars are for the log.
std::string_view public_message(const failure& why) {
  return http_status(why.code) == 500 ? std::string_view{"The server met an unexpected condition."} : why.message;
}

} // namespace

int http_status(ec code) {
  switch (code) {
  case ec::invalid_request:
  case ec::upstream_rejected: // what the provider refuses is in the request, mostly
    return 400;
  case ec::forbidden:
    return 403;
  case ec::not_found:
    return 404;
  case ec::method_not_allowed:
    return 405;
  case ec::request_timeout:
    return 408;
  case ec::turn_in_progress:
  case ec::id_conflict:
  case ec::not_last_turn:
  case ec::already_voted:
    return 409;
  case ec::too_large:
    return 413;
  case ec::unsupported_media_type:
    return 415;
  case ec::upstream_rate_limited:
    return 429;
  case ec::header_too_large:
    return 431;
  case ec::internal:
  case ec::answer_too_large:
    return 500;
  case ec::upstream_unreachable:
  case ec::upstream_truncated:
  case ec::upstream_malformed:
    return 502;
  case ec::upstream_timeout:
    return 504;
  case ec::unavailable:
  case ec::upstream_overloaded:
  case ec::store_unavailable:
  case ec::fenced:
    return 503;
  }
  return 500;
}

http_response error_response(const failure& why, std::string_view request_id) {
  // Whatever the reason is that the node can't serve now: clients know one code for it.
  auto code = why.code == ec::store_unavailable || why.code == ec::fenced ? ec::unavailable : why.code;
  return error_response_as(name(code), why, request_id);
}

http_response error_response_as(std::string_view code, const failure& why, std::string_view request_id) {
  http_response result;
  result.status = http_status(why.code);
  auto message = public_message(why);
  auto& body = result.body;
  body = "{\"error\":{\"code\":";
  append_string(body, code);
  body += ",\"message\":";
  append_string(body, message);
  body += ",\"request_id\":";
  append_string(body, request_id);
  body += ",\"param\":";
  if (why.param.empty())
    body += "null";
  else
    append_string(body, why.param);
  body += ",\"type\":";
  append_string(body, wire::openai_error_type(why.code));
  body += "}}\n";
  if (result.status == 503 || result.status == 429)
    result.headers.emplace_back("Retry-After", retry_after_seconds);
  return result;
}

http_response anthropic_error_response(const failure& why, std::string_view request_id) {
  constexpr int overloaded = 529;
  auto status = wire::anthropic_error_type(why.code) == "overloaded_error" ? overloaded : http_status(why.code);
  auto result = json_response(status, wire::anthropic_error(why.code, public_message(why), request_id));
  result.headers.emplace_back("request-id", request_id);
  if (status == overloaded || status == 429 || status == 503)
    result.headers.emplace_back("Retry-After", retry_after_seconds);
  return result;
}

} // namespace parley::net
