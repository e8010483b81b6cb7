#pragma once
// The error object of the public contract (`docs/protocol.md`, "Errors").

#include "net/server/exchange.hpp"

namespace parley::net {

/// The one place where a code becomes an HTTP status.
int http_status(ec code);

/// The error object with its status, and `Retry-After` where trying again makes sense. It is OpenAI's, too, which has a `type`,
/// so that what is wrong before a request's path is known is understood by all clients.
http_response error_response(const failure& why, std::string_view request_id);

/// The same with another `code` than the failure's own.
http_response error_response_as(std::string_view code, const failure& why, std::string_view request_id);

/// The same in Anthropic's shape and with its statuses, for its API's paths.
http_response anthropic_error_response(const failure& why, std::string_view request_id);

} // namespace parley::net
