#pragma once
// The error object of the public contract (`docs/protocol.md`, "Errors").

#include "net/exchange.hpp"

namespace parley::net {

/// The one place where a code becomes an HTTP status.
int http_status(ec code);

/// The error object with its status, and `Retry-After` where trying again makes sense.
http_response error_response(const failure& why, std::string_view request_id);

} // namespace parley::net
