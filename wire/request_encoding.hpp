#pragma once
// What the codecs share when they write a request.

#include "wire/codec.hpp"

#include <nlohmann/json.hpp>

namespace parley::wire {

/// A request with JSON for a stream of events. `credentials` and the headers that the configuration names for the upstream
/// are in it; a configured header replaces one of the same name.
upstream_request make_request(std::string path, const nlohmann::json& body, const model& target,
                              std::vector<std::pair<std::string, std::string>> credentials);

} // namespace parley::wire
