#include "wire/request_encoding.hpp"

#include "wire/header_values.hpp"

namespace parley::wire {

upstream_request make_request(std::string path, const nlohmann::json& body, const model& target,
                              std::vector<std::pair<std::string, std::string>> credentials) {
  using nlohmann::json;
  upstream_request request;
  request.path = std::move(path);
  request.headers = std::move(credentials);
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", "text/event-stream");
  for (auto& configured : target.at->headers) {
    std::erase_if(request.headers, [&](auto& ours) { return equal_ignoring_case(ours.first, configured.first); });
    request.headers.push_back(configured);
  }
  // The texts are clean already; `replace` is the handler that never throws.
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return request;
}

} // namespace parley::wire
