#include "wire/dialects/request_encoding.hpp"

#include "wire/http/header_values.hpp"

namespace parley::wire {

body_writer::body_writer(const model& target) : text_("{\"model\":") {
  text_ += to_text(target.upstream_name);
  text_ += ",\"stream\":true";
}

void body_writer::add(std::string_view name, const json_object& value) {
  text_ += ',';
  text_ += to_text(name);
  text_ += ':';
  text_ += to_text(value);
}

std::string body_writer::take() && {
  text_ += '}';
  return std::move(text_);
}

upstream_request make_request(std::string path, std::string body, const model& target,
                              std::vector<std::pair<std::string, std::string>> credentials) {
  upstream_request request;
  request.path = std::move(path);
  request.headers = std::move(credentials);
  request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Accept", "text/event-stream");
  for (auto& configured : target.at->headers) {
    std::erase_if(request.headers, [&](auto& ours) { return equal_ignoring_case(ours.first, configured.first); });
    request.headers.push_back(configured);
  }
  request.body = std::move(body);
  return request;
}

} // namespace parley::wire
