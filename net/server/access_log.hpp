#pragma once
// The log's line for each request that was answered.

#include "core/time.hpp"
#include "net/server/exchange.hpp"

#include <string_view>

namespace parley::net {

/// `took`: from the request's last byte to the answer's. `note` is what else there is to say of it.
void log_access(const http_request& request, int status, steady::duration took, std::string_view note = {});

} // namespace parley::net
