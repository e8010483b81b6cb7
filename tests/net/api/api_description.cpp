#define CAF_SUITE net.api.api_description

#include "net/api/handlers_page.hpp"
#include "tests/net/api/handlers_fixture.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>

using namespace parley;
using namespace parley::net;

namespace {

using routes = std::set<std::string>;

/// A parameter of several parts, `{id...}`, is `{id}` to OpenAPI.
routes routes_of(const router& all) {
  routes result;
  for (auto each : all.all()) {
    if (auto dots = each.find("...}"); dots != std::string::npos)
      each.erase(dots, 3);
    result.insert(std::move(each));
  }
  return result;
}

/// What the page is made of is no part of the API.
routes page_routes() {
  router page{{}};
  constexpr page_file any[] = {{"/index.html", {}, {}, {}, {}}};
  add_page_routes(page, any);
  return routes_of(page);
}

nlohmann::json description() {
  auto files = api_description();
  CAF_REQUIRE_EQUAL(files.size(), 1U);
  CAF_REQUIRE_EQUAL(files[0].path, "/openapi.json");
  return nlohmann::json::parse(files[0].bytes);
}

routes described_routes() {
  routes result;
  auto document = description();
  for (auto& [path, operations] : document["paths"].items())
    for (auto& [method, operation] : operations.items()) {
      auto name = method;
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      result.insert(name + " " + (path.ends_with('/') ? path.substr(0, path.size() - 1) : path));
    }
  return result;
}

std::string missing(const routes& from, const routes& all) {
  std::string result;
  for (auto& each : all)
    if (!from.contains(each))
      result += each + "\n";
  return result;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(api_description_tests, handlers_fixture)

CAF_TEST(every route of the API is described and what is described is a route) {
  routes served;
  auto all = routes_of(make_routes(api));
  auto page = page_routes();
  std::set_difference(all.begin(), all.end(), page.begin(), page.end(), std::inserter(served, served.end()));
  auto described = described_routes();
  CAF_CHECK(!described.empty());
  CAF_CHECK_EQUAL(missing(described, served), "");
  CAF_CHECK_EQUAL(missing(served, described), "");
}

CAF_TEST(the description is served as it is) {
  auto ex = served("GET", "/openapi.json");
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->status, 200);
  CAF_CHECK_EQUAL(ex.answered->content_type, "application/json");
  CAF_CHECK_EQUAL(ex.answered->body, api_description()[0].bytes);
  CAF_CHECK_EQUAL(ex.answer_header("Cache-Control"), "no-cache");
}

CAF_TEST_FIXTURE_SCOPE_END()
