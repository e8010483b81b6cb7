#include "core/blinding.hpp"

#include <algorithm>

namespace parley {

namespace {

std::string_view sentence(ec code) {
  switch (code) {
  case ec::upstream_unreachable:
    return "The provider couldn't be reached.";
  case ec::upstream_timeout:
    return "The provider took too long.";
  case ec::upstream_rate_limited:
    return "The provider takes no more requests for now.";
  case ec::upstream_rejected:
    return "The provider refused the request.";
  case ec::upstream_truncated:
    return "The provider's answer broke off.";
  case ec::upstream_malformed:
    return "The provider sent something that is no answer.";
  case ec::upstream_overloaded:
    return "The provider is overloaded.";
  case ec::answer_too_large:
    return "The answer is longer than this server keeps; it was ended here.";
  case ec::store_unavailable:
    return "The answer came, but it could not be stored.";
  case ec::invalid_request:
  case ec::forbidden:
  case ec::not_found:
  case ec::method_not_allowed:
  case ec::turn_in_progress:
  case ec::id_conflict:
  case ec::not_last_turn:
  case ec::already_voted:
  case ec::too_large:
  case ec::unsupported_media_type:
  case ec::header_too_large:
  case ec::request_timeout:
  case ec::unavailable:
  case ec::internal:
  case ec::fenced:
    break;
  }
  return "The answer failed.";
}

constexpr std::string_view blind_call_prefix = "tool-";

} // namespace

answer_details shown_details(const message& of) {
  if (!of.blind || of.role != message_role::assistant) // nobody else has a model
    return {of.model, of.usage, of.latency, of.error, of.completed_at};
  answer_details result;
  if (of.error)
    result.error = answer_error{of.error->code, std::string{sentence(of.error->code)}};
  return result;
}

std::string blind_call_id(std::size_t number) {
  return std::string{blind_call_prefix} + std::to_string(number);
}

bool tells_no_model(const message& of, const answer_details& shown) {
  if (!of.blind || of.role != message_role::assistant)
    return true;
  return !shown.model && !shown.usage && !shown.latency
         && std::all_of(of.tool_calls.begin(), of.tool_calls.end(),
                        [](const tool_call& call) { return call.id.starts_with(blind_call_prefix); });
}

} // namespace parley
