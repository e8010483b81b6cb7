#include "net/api/handlers_page.hpp"

#include "wire/http/header_values.hpp"

#include <algorithm>

namespace parley::net {

namespace {

/// What the page may do: everything comes from this server, and nothing else is run, shown or talked to. A model's text that
/// got past the sanitizer could neither run nor send anything anywhere.
constexpr std::string_view content_security_policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; "
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view not_built =
  "The page isn't part of this build of Parley, the API is. Build it with Node 18 or newer and "
  "npm: ./dev build does, and then builds the server anew.\n";

/// `;q=0`, `; Q=0.000`: anything but that is more than nothing.
bool is_refused(std::string_view weight) {
  auto equals = weight.find('=');
  if (equals == std::string_view::npos || wire::trim(weight.substr(0, equals)) != "q")
    return false;
  auto number = wire::trim(weight.substr(equals + 1));
  return number.starts_with('0') && number.find_first_of("123456789") == std::string_view::npos;
}

http_response page_response(const page_file& file, const http_request& request) {
  auto compressed = !file.gzip.empty() && accepts_gzip(request.header("accept-encoding"));
  // Two forms of one file are two representations: each has a tag of its own.
  auto tag = '"' + std::string{file.hash} + (compressed ? "-gz\"" : "\"");
  http_response response;
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (!file.gzip.empty())
    response.headers.emplace_back("Vary", "Accept-Encoding");
  // The build names its files by their content: there one name never means another.
  auto fixed = file.path.starts_with("/assets/");
  response.headers.emplace_back("Cache-Control", fixed ? "public, max-age=31536000, immutable" : "no-cache");
  if (file.path.ends_with(".html")) {
    response.headers.emplace_back("Content-Security-Policy", content_security_policy);
    response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
  }
  auto known = request.header("if-none-match");
  if (known == "*" || known.find(tag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.content_type = file.content_type;
  if (compressed)
    response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = compressed ? file.gzip : file.bytes;
  return response;
}

/// Answers with the file of that path.
void serve_file(exchange& ex, std::span<const page_file> files, std::string_view path) {
  auto file = std::find_if(files.begin(), files.end(), [&](auto& each) { return each.path == path; });
  if (file == files.end())
    return ex.refuse({ec::not_found, "There is nothing at this path.", {}});
  ex.answer(page_response(*file, ex.request()));
}

} // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool accepted = false;
  wire::any_of_list(wire::to_lower(accept_encoding), [&](std::string_view entry) {
    auto semicolon = entry.find(';');
    if (wire::trim(entry.substr(0, semicolon)) != "gzip")
      return false;
    accepted = semicolon == std::string_view::npos || !is_refused(entry.substr(semicolon + 1));
    return true;
  });
  return accepted;
}

void add_page_routes(router& to, std::span<const page_file> files) {
  if (files.empty()) {
    to.add("GET", "/", [](exchange& ex, const path_parameters&) {
      ex.answer({.status = 404, .content_type = "text/plain; charset=utf-8", .body = std::string{not_built}, .headers = {}});
    });
    return;
  }
  for (auto address : {"/", "/c/{id}/", "/leaderboard/"})
    to.add("GET", address, [files](exchange& ex, const path_parameters&) { serve_file(ex, files, "/index.html"); });
  to.add("GET", "/docs/", [files](exchange& ex, const path_parameters&) { serve_file(ex, files, "/docs/index.html"); });
  to.add("GET", "/assets/{file}/",
         [files](exchange& ex, const path_parameters& path) { serve_file(ex, files, "/assets/" + path[0]); });
}

void add_description_route(router& to, std::span<const page_file> files) {
  to.add("GET", "/openapi.json", [files](exchange& ex, const path_parameters&) { serve_file(ex, files, "/openapi.json"); });
}

} // namespace parley::net
