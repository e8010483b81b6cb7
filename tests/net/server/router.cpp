#define CAF_SUITE net.server.router

#include "net/server/router.hpp"
#include "net/server/error_response.hpp"

#include "tests/net/api/fake_exchange.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;

namespace {

handler answer_with(std::string text) {
  return [text](exchange& ex, const path_parameters& path) {
    http_response response;
    response.body = text;
    for (auto& parameter : path)
      response.body += " " + parameter;
    ex.answer(std::move(response));
  };
}

router make_router(origin_policy origins = {}) {
  router routes{std::move(origins)};
  routes.add("POST", "/things/make/", answer_with("make"));
  routes.add("GET", "/things/{id}/", answer_with("get"));
  routes.add("DELETE", "/things/{id}/", answer_with("delete"));
  routes.add("GET", "/things/{id}/parts/{part}/", answer_with("part"));
  routes.add("POST", "/things/", answer_with("post"));
  return routes;
}

fake_exchange serve(const router& routes, std::string method, std::string target, std::string body = {}) {
  fake_exchange ex{std::move(method), std::move(target), std::move(body)};
  routes.serve(ex);
  CAF_CHECK_EQUAL(ex.answers(), 1);
  return ex;
}

/// What the handler answered.
std::string served_body(const router& routes, std::string method, std::string target) {
  auto ex = serve(routes, std::move(method), std::move(target));
  CAF_REQUIRE(ex.answered);
  return ex.answered->body;
}

/// A request of a page: POST with that Host and Origin.
fake_exchange from_page(const router& routes, std::string host, std::string origin, std::string method = "POST") {
  fake_exchange ex{std::move(method), "/things/"};
  ex.set_header("host", std::move(host));
  ex.set_header("origin", std::move(origin));
  routes.serve(ex);
  return ex;
}

origin_policy allowing(std::string origin) {
  origin_policy policy;
  policy.allowed_origins.push_back(std::move(origin));
  return policy;
}

} // namespace

CAF_TEST(a path finds its handler with the parts in braces) {
  auto routes = make_router();
  CAF_CHECK_EQUAL(served_body(routes, "GET", "/things/7/"), "get 7");
  CAF_CHECK_EQUAL(served_body(routes, "DELETE", "/things/7/"), "delete 7");
  CAF_CHECK_EQUAL(served_body(routes, "GET", "/things/7/parts/x/"), "part 7 x");
}

CAF_TEST(the slash at the end is optional) {
  auto routes = make_router();
  CAF_CHECK_EQUAL(served_body(routes, "GET", "/things/7"), "get 7");
  CAF_CHECK_EQUAL(served_body(routes, "POST", "/things?x=1"), "post");
}

CAF_TEST(a plain part goes before one in braces) {
  auto routes = make_router();
  CAF_CHECK_EQUAL(served_body(routes, "POST", "/things/make/"), "make");
  auto wrong_method = serve(routes, "GET", "/things/make/");
  CAF_CHECK_EQUAL(wrong_method.refusal(), "method_not_allowed");
}

CAF_TEST(HEAD is answered by the handler of GET) {
  CAF_CHECK_EQUAL(served_body(make_router(), "HEAD", "/things/7/"), "get 7");
}

CAF_TEST(an unknown path is not found) {
  auto routes = make_router();
  for (auto path : {"/", "", "/other/", "/things/7/parts/", "/things//", "//things/", "/things/7/parts/x/y/"})
    CAF_CHECK_EQUAL(serve(routes, "GET", path).refusal(), "not_found");
}

CAF_TEST(another method is refused and told which there are) {
  auto ex = serve(make_router(), "PATCH", "/things/7/");
  CAF_CHECK_EQUAL(ex.refusal(), "method_not_allowed");
  CAF_CHECK_EQUAL(ex.answer_header("Allow"), "GET, HEAD, DELETE, OPTIONS");
}

CAF_TEST(OPTIONS names the methods and nothing of CORS while that is off) {
  fake_exchange ex{"OPTIONS", "/things/7/"};
  ex.set_header("origin", "https://chat.example.org");
  ex.set_header("access-control-request-method", "DELETE");
  make_router().serve(ex);
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->status, 204);
  CAF_CHECK_EQUAL(ex.answer_header("Allow"), "GET, HEAD, DELETE, OPTIONS");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Origin"), "");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Methods"), "");
}

CAF_TEST(a body must say that it is JSON) {
  auto routes = make_router();
  auto with_type = [&](std::string type) {
    fake_exchange ex{"POST", "/things/", "{}"};
    ex.set_header("content-type", std::move(type));
    routes.serve(ex);
    return ex.refusal();
  };
  CAF_CHECK_EQUAL(with_type("application/json"), "");
  CAF_CHECK_EQUAL(with_type("Application/JSON ; charset=utf-8"), "");
  CAF_CHECK_EQUAL(with_type("application/merge-patch+json"), "");
  // The types that a form can post without asking first, and what curl -d sends.
  for (auto type : {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json",
                    "text/plain; application/json", "application/jsonx"})
    CAF_CHECK_EQUAL(with_type(type), "unsupported_media_type Content-Type");
}

CAF_TEST(a request without a body needs no type) {
  CAF_CHECK_EQUAL(served_body(make_router(), "POST", "/things/"), "post");
}

CAF_TEST(on loopback a host that is not loopback is refused) {
  auto routes = make_router();
  auto by_host = [&](std::string host) {
    fake_exchange ex{"GET", "/things/7/"};
    ex.set_header("host", std::move(host));
    routes.serve(ex);
    return ex.refusal();
  };
  for (auto host : {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:8080", "127.1.2.3", "[::1]", "[::1]:8080", ""})
    CAF_CHECK_EQUAL(by_host(host), "");
  for (auto host : {"rebound.example.org", "rebound.example.org:8080", "127.0.0.1.example.org", "127.example.org",
                    "localhost.example.org", "xlocalhost", "0.0.0.0:8080", "[::2]:8080", "192.168.0.1", "localhost@example.org"})
    CAF_CHECK_EQUAL(by_host(host), "forbidden Host");
}

CAF_TEST(a listed host is accepted on loopback) {
  origin_policy policy;
  policy.allowed_hosts = {"chat.example.org"};
  auto routes = make_router(policy);
  CAF_CHECK_EQUAL(from_page(routes, "chat.example.org:443", "https://chat.example.org").refusal(), "");
  CAF_CHECK_EQUAL(from_page(routes, "other.example.org", "https://other.example.org").refusal(), "forbidden Host");
}

CAF_TEST(away from loopback any host is accepted) {
  origin_policy policy;
  policy.on_loopback = false;
  CAF_CHECK_EQUAL(from_page(make_router(policy), "chat.example.org", "https://chat.example.org").refusal(), "");
}

CAF_TEST(a page of another origin can change nothing) {
  auto routes = make_router();
  for (auto origin : {"https://evil.example.org", "http://localhost:3000", "http://localhost", "null", "http://127.0.0.1:8080",
                      "http://localhost:8080.evil.example.org", "file://", "localhost:8080", "ftp://localhost:8080"})
    CAF_CHECK_EQUAL(from_page(routes, "localhost:8080", origin).refusal(), "forbidden Origin");
  // Reading is left to the browser, which keeps the answer from the page.
  auto read = from_page(routes, "localhost:8080", "https://evil.example.org", "OPTIONS");
  CAF_CHECK_EQUAL(read.refusal(), "");
  CAF_CHECK_EQUAL(read.answer_header("Access-Control-Allow-Origin"), "");
}

CAF_TEST(the page of the server itself may change things) {
  auto routes = make_router();
  CAF_CHECK_EQUAL(from_page(routes, "localhost:8080", "http://localhost:8080").refusal(), "");
  CAF_CHECK_EQUAL(from_page(routes, "localhost:8080", "https://LOCALHOST:8080").refusal(), "");
  CAF_CHECK_EQUAL(from_page(routes, "localhost", "http://localhost").refusal(), "");
  CAF_CHECK_EQUAL(from_page(routes, "localhost:80", "http://localhost").refusal(), "");
  CAF_CHECK_EQUAL(from_page(routes, "localhost", "https://localhost:443").refusal(), "");
  CAF_CHECK_EQUAL(from_page(routes, "localhost:443", "http://localhost").refusal(), "forbidden Origin");
}

CAF_TEST(a page of an allowed origin gets in and may read the answer) {
  auto routes = make_router(allowing("https://chat.example.org"));
  auto ex = from_page(routes, "localhost:8080", "https://chat.example.org");
  CAF_CHECK_EQUAL(ex.refusal(), "");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Origin"), "https://chat.example.org");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Credentials"), "true");
  CAF_CHECK_EQUAL(ex.answer_header("Vary"), "Origin");
  CAF_CHECK_NOT_EQUAL(ex.answer_header("Access-Control-Expose-Headers").find("X-Run-Id"), std::string::npos);

  auto other = from_page(routes, "localhost:8080", "https://evil.example.org");
  CAF_CHECK_EQUAL(other.refusal(), "forbidden Origin");
  CAF_CHECK_EQUAL(other.answer_header("Access-Control-Allow-Origin"), "");
  CAF_CHECK_EQUAL(other.answer_header("Vary"), "Origin");
}

CAF_TEST(errors too can be read by an allowed page) {
  fake_exchange ex{"GET", "/other/"};
  ex.set_header("origin", "https://chat.example.org");
  make_router(allowing("https://chat.example.org")).serve(ex);
  CAF_CHECK_EQUAL(ex.refusal(), "not_found");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Origin"), "https://chat.example.org");
}

CAF_TEST(every origin may be allowed but then without credentials) {
  auto ex = from_page(make_router(allowing("*")), "localhost:8080", "https://any.example.org");
  CAF_CHECK_EQUAL(ex.refusal(), "");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Origin"), "*");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Credentials"), "");
}

CAF_TEST(a preflight of an allowed page is told what it may send) {
  fake_exchange ex{"OPTIONS", "/things/"};
  ex.set_header("origin", "https://chat.example.org");
  ex.set_header("access-control-request-method", "POST");
  make_router(allowing("https://chat.example.org")).serve(ex);
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->status, 204);
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Origin"), "https://chat.example.org");
  CAF_CHECK_EQUAL(ex.answer_header("Access-Control-Allow-Methods"), "POST, OPTIONS");
  CAF_CHECK_NOT_EQUAL(ex.answer_header("Access-Control-Allow-Headers").find("Content-Type"), std::string::npos);
}

CAF_TEST(paths below a prefix tell of errors in its format) {
  auto routes = make_router();
  error_writer other = [](const failure&, std::string_view) { return http_response{}; };
  routes.add_errors("/v1/things/", other);
  for (auto path : {"/v1/things", "/v1/things/", "/v1/things/7", "/v1/things/7/nowhere/"})
    CAF_CHECK(routes.errors_of(path) == other);
  for (auto path : {"", "/", "*", "/v1/", "/v1/thingsome", "/things/", "/v1//things/"})
    CAF_CHECK(routes.errors_of(path) == static_cast<error_writer>(error_response));
}
