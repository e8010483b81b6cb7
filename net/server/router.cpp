#include "net/server/router.hpp"

#include "net/server/error_response.hpp"
#include "wire/http/header_values.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace parley::net {

namespace {

/// The parts between the slashes, without the empty one after the last slash. Other empty parts stay: `//` is no `/`.
std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.starts_with('/'))
    path.remove_prefix(1);
  while (!path.empty()) {
    auto slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return parts;
}

bool is_parameter(std::string_view part) {
  return part.starts_with('{');
}

bool takes_the_rest(std::string_view part) {
  return part.ends_with("...}");
}

std::optional<path_parameters> match(const std::vector<std::string>& pattern, const std::vector<std::string_view>& parts) {
  auto rest = !pattern.empty() && takes_the_rest(pattern.back());
  if (rest ? pattern.size() > parts.size() : pattern.size() != parts.size())
    return std::nullopt;
  path_parameters found;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (takes_the_rest(pattern[i])) {
      found.emplace_back(parts[i]);
      for (++i; i < parts.size(); ++i)
        found.back().append("/").append(parts[i]);
    } else if (is_parameter(pattern[i]) && !parts[i].empty()) {
      found.emplace_back(parts[i]);
    } else if (pattern[i] != parts[i]) {
      return std::nullopt;
    }
  }
  return found;
}

/// `application/json`, with or without parameters, also `application/problem+json` and the like.
bool is_json_type(std::string_view content_type) {
  auto type = wire::to_lower(wire::trim(content_type.substr(0, content_type.find(';'))));
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

/// Bodies are JSON and say so. That is more than tidiness: a form's types need no preflight, so that any page could post
/// them here.
expected<void> check_media_type(const http_request& request) {
  if (request.body.empty() || is_json_type(request.header("content-type")))
    return {};
  return fail(ec::unsupported_media_type, "The body must be JSON: send it with Content-Type: application/json.", "Content-Type");
}

/// `GET, HEAD, OPTIONS`
std::string methods_of(const std::vector<std::pair<std::string, handler>>& by_method) {
  std::string methods;
  for (auto& [method, target] : by_method)
    methods += method == "GET" ? "GET, HEAD, " : method + ", ";
  return methods + "OPTIONS";
}

} // namespace

void router::add(std::string_view method, std::string_view pattern, handler target) {
  auto views = split_path(pattern);
  std::vector<std::string> parts{views.begin(), views.end()};
  auto at = std::find_if(routes_.begin(), routes_.end(), [&](auto& entry) { return entry.parts == parts; });
  if (at == routes_.end())
    at = routes_.insert(at, route{std::move(parts), {}});
  at->by_method.emplace_back(method, std::move(target));
}

void router::add_errors(std::string_view prefix, error_writer format) {
  auto parts = split_path(prefix);
  errors_.push_back({{parts.begin(), parts.end()}, format});
}

error_writer router::errors_of(std::string_view path) const {
  auto parts = split_path(path);
  for (auto& [prefix, write] : errors_)
    if (prefix.size() <= parts.size() && std::equal(prefix.begin(), prefix.end(), parts.begin()))
      return write;
  return error_response;
}

void router::serve(exchange& ex) const {
  auto& request = ex.request();
  add_cors_headers(origins_, ex);
  if (auto admitted = admit(origins_, request); !admitted)
    return ex.refuse(admitted.error());

  auto parts = split_path(request.path);
  for (auto& entry : routes_) {
    auto parameters = match(entry.parts, parts);
    if (!parameters)
      continue;
    auto method = request.method == "HEAD" ? std::string_view{"GET"} : std::string_view{request.method};
    for (auto& [name, target] : entry.by_method) {
      if (name != method)
        continue;
      if (auto type = check_media_type(request); !type)
        return ex.refuse(type.error());
      return target(ex, *parameters);
    }
    auto methods = methods_of(entry.by_method);
    if (method == "OPTIONS")
      return ex.answer(options_response(origins_, request, methods));
    ex.add_header("Allow", methods);
    return ex.refuse({ec::method_not_allowed, "This path takes " + methods + ".", {}});
  }
  ex.refuse({ec::not_found, "There is nothing at this path.", {}});
}

std::vector<std::string> router::all() const {
  std::vector<std::string> result;
  for (auto& entry : routes_) {
    std::string path;
    for (auto& part : entry.parts)
      path += "/" + part;
    for (auto& [method, target] : entry.by_method)
      result.push_back(method + " " + (path.empty() ? "/" : path));
  }
  return result;
}

} // namespace parley::net
