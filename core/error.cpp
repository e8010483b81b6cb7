#include "core/error.hpp"

namespace parley {

std::string_view name(ec code) {
  switch (code) {
  case ec::invalid_request:
    return "invalid_request";
  case ec::forbidden:
    return "forbidden";
  case ec::not_found:
    return "not_found";
  case ec::method_not_allowed:
    return "method_not_allowed";
  case ec::turn_in_progress:
    return "turn_in_progress";
  case ec::id_conflict:
    return "id_conflict";
  case ec::not_last_turn:
    return "not_last_turn";
  case ec::already_voted:
    return "already_voted";
  case ec::too_large:
  case ec::header_too_large:
    return "too_large";
  case ec::unsupported_media_type:
    return "unsupported_media_type";
  case ec::request_timeout:
    return "request_timeout";
  case ec::unavailable:
    return "unavailable";
  case ec::internal:
    return "internal";
  case ec::upstream_unreachable:
    return "upstream_unreachable";
  case ec::upstream_timeout:
    return "upstream_timeout";
  case ec::upstream_rate_limited:
    return "upstream_rate_limited";
  case ec::upstream_rejected:
    return "upstream_rejected";
  case ec::upstream_truncated:
    return "upstream_truncated";
  case ec::upstream_malformed:
    return "upstream_malformed";
  case ec::upstream_overloaded:
    return "upstream_overloaded";
  case ec::answer_too_large:
    return "answer_too_large";
  case ec::store_unavailable:
    return "store_unavailable";
  case ec::fenced:
    return "fenced";
  }
  return "internal";
}

} // namespace parley
