#define CAF_SUITE wire.http.header_values

#include "wire/http/header_values.hpp"

#include <caf/test/unit_test.hpp>

#include <vector>

using namespace parley::wire;

namespace {

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> result;
  any_of_list(list, [&](std::string_view element) {
    result.emplace_back(element);
    return false;
  });
  return result;
}

using texts = std::vector<std::string>;

} // namespace

CAF_TEST(names compare without regard to case) {
  CAF_CHECK(equal_ignoring_case("Content-Type", "content-TYPE"));
  CAF_CHECK(equal_ignoring_case("", ""));
  CAF_CHECK(!equal_ignoring_case("content-type", "content-typ"));
  CAF_CHECK(!equal_ignoring_case("[", "{")); // they differ in the bit that cases differ in
  CAF_CHECK_EQUAL(to_lower("Sec-WebSocket-Key@[\xc4"), "sec-websocket-key@[\xc4");
}

CAF_TEST(spaces and tabs around a value are no part of it) {
  CAF_CHECK_EQUAL(trim(" \t a b\t "), "a b");
  CAF_CHECK_EQUAL(trim(" \t"), "");
  CAF_CHECK_EQUAL(trim(""), "");
}

CAF_TEST(a list is told element by element) {
  CAF_CHECK_EQUAL(elements("a , b;q=0.5,\tc"), (texts{"a", "b;q=0.5", "c"}));
  CAF_CHECK_EQUAL(elements("a"), texts{"a"});
  CAF_CHECK_EQUAL(elements(""), texts{});
  CAF_CHECK_EQUAL(elements("a,,b"), (texts{"a", "", "b"}));
}

CAF_TEST(a list is read as far as asked) {
  int asked = 0;
  CAF_CHECK(any_of_list("a, b, c", [&](std::string_view element) { return ++asked, element == "b"; }));
  CAF_CHECK_EQUAL(asked, 2);
}
