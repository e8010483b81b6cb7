#include "wire/request_encoding.hpp"

#include <algorithm>

namespace parley::wire {

namespace {

/// Header names compare without regard to case (RFC 9110, section 5.1).
bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

upstream_request make_request(std::string path, const nlohmann::json& body, const model& target,
                              std::vector<std::pair<std::string, std::string>> credentials) {
  using nlohmann::json;
  upstream_request request;
  request.path = std::move(path);
  request.headers = std::move(credentials);
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", "text/event-stream");
  for (auto& configured : target.at->headers) {
    std::erase_if(request.headers, [&](auto& ours) { return same_name(ours.first, configured.first); });
    request.headers.push_back(configured);
  }
  // The texts are clean already; `replace` is the handler that never throws.
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return request;
}

} // namespace parley::wire
