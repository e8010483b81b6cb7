#define CAF_SUITE net.api.handlers_page

#include "net/api/handlers_page.hpp"

#include "tests/net/api/fake_exchange.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;

namespace {

constexpr page_file files[] = {
  {"/index.html", "text/html; charset=utf-8", "0a1b", "<html>", "packed page"},
  {"/assets/a-1.js", "text/javascript; charset=utf-8", "2c3d", "run()", "packed script"},
  {"/assets/f-2.woff2", "font/woff2", "4e5f", "letters", {}},
};

using header_list = std::vector<std::pair<std::string, std::string>>;

fake_exchange get(std::string target, const header_list& headers = {}, std::span<const page_file> from = files) {
  router routes{{}};
  add_page_routes(routes, from);
  fake_exchange ex{"GET", std::move(target)};
  for (auto& [name, value] : headers)
    ex.set_header(name, value);
  routes.serve(ex);
  CAF_CHECK_EQUAL(ex.answers(), 1);
  return ex;
}

std::string body_of(const fake_exchange& ex) {
  CAF_REQUIRE(ex.answered);
  return ex.answered->body;
}

int status_of(const fake_exchange& ex) {
  CAF_REQUIRE(ex.answered);
  return ex.answered->status;
}

} // namespace

CAF_TEST(all of the page_s addresses are the page) {
  for (auto address : {"/", "/c/0190b6f0-7c1e-7d5a-9f3e-000000000001", "/leaderboard"}) {
    auto ex = get(address);
    CAF_CHECK_EQUAL(body_of(ex), "<html>");
    CAF_CHECK_EQUAL(ex.answered->content_type, "text/html; charset=utf-8");
    CAF_CHECK_EQUAL(ex.answer_header("Cache-Control"), "no-cache");
    CAF_CHECK(ex.answer_header("Content-Security-Policy").starts_with("default-src 'none'; script-src 'self';"));
  }
}

CAF_TEST(what the build names by its content stays in caches) {
  auto ex = get("/assets/a-1.js");
  CAF_CHECK_EQUAL(body_of(ex), "run()");
  CAF_CHECK_EQUAL(ex.answer_header("Cache-Control"), "public, max-age=31536000, immutable");
  CAF_CHECK_EQUAL(get("/assets/b-1.js").refusal(), "not_found");
  CAF_CHECK_EQUAL(get("/assets/index.html").refusal(), "not_found");
  CAF_CHECK_EQUAL(get("/index.html").refusal(), "not_found");
}

CAF_TEST(who takes gzip gets it where there is one) {
  auto packed = get("/", {{"accept-encoding", "br, gzip"}});
  CAF_CHECK_EQUAL(body_of(packed), "packed page");
  CAF_CHECK_EQUAL(packed.answer_header("Content-Encoding"), "gzip");
  CAF_CHECK_EQUAL(packed.answer_header("Vary"), "Accept-Encoding");
  auto plain = get("/");
  CAF_CHECK_EQUAL(plain.answer_header("Content-Encoding"), "");
  CAF_CHECK_EQUAL(plain.answer_header("Vary"), "Accept-Encoding");
  auto font = get("/assets/f-2.woff2", {{"accept-encoding", "gzip"}});
  CAF_CHECK_EQUAL(body_of(font), "letters");
  CAF_CHECK_EQUAL(font.answer_header("Content-Encoding"), "");
}

CAF_TEST(gzip can be refused by its weight) {
  for (auto takes : {"gzip", "GZIP", "deflate,gzip;q=1.0", " gzip ; q=0.001", "identity;q=0, gzip"})
    CAF_CHECK(accepts_gzip(takes));
  for (auto refuses : {"", "br", "gzip;q=0", "gzip ; Q=0.000", "x-gzip"})
    CAF_CHECK(!accepts_gzip(refuses));
}

CAF_TEST(what the client has already is not sent again) {
  auto tag = get("/").answer_header("ETag");
  CAF_CHECK_EQUAL(tag, "\"0a1b\"");
  for (auto& known : {tag, "W/" + tag, "\"other\", " + tag, std::string{"*"}}) {
    auto ex = get("/", {{"if-none-match", known}});
    CAF_CHECK_EQUAL(status_of(ex), 304);
    CAF_CHECK_EQUAL(body_of(ex), "");
    CAF_CHECK_EQUAL(ex.answer_header("ETag"), tag);
    CAF_CHECK_EQUAL(ex.answer_header("Cache-Control"), "no-cache");
  }
  CAF_CHECK_EQUAL(status_of(get("/", {{"if-none-match", "\"other\""}})), 200);
  // What it has is the other form.
  CAF_CHECK_EQUAL(status_of(get("/", {{"if-none-match", tag}, {"accept-encoding", "gzip"}})), 200);
}

CAF_TEST(a build without the page says how to build it) {
  auto ex = get("/", {}, {});
  CAF_CHECK_EQUAL(status_of(ex), 404);
  CAF_CHECK(body_of(ex).find("./dev build") != std::string::npos);
  CAF_CHECK_EQUAL(get("/leaderboard", {}, {}).refusal(), "not_found");
}
