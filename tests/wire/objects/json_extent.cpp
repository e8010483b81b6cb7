#define CAF_SUITE wire.objects.json_extent

#include "wire/objects/json_extent.hpp"

#include <caf/test/unit_test.hpp>
#include <string>

using namespace parley::wire;

namespace {

bool whole(std::string_view text) {
  json_extent extent;
  for (auto& c : text) // byte by byte
    extent.take({&c, 1});
  json_extent at_once;
  at_once.take(text);
  CAF_CHECK_EQUAL(extent.whole(), at_once.whole());
  return extent.whole();
}

} // namespace

CAF_TEST(an object is whole once all that it opened is closed) {
  const std::string object = R"( {"a":[1,{"b":"\"}]{["}],"c\\":{}})";
  CAF_CHECK(whole(object));
  CAF_CHECK(whole(object + "\n"));
  for (std::size_t cut = 0; cut < object.size(); ++cut)
    CAF_CHECK(!whole(object.substr(0, cut)));
}

CAF_TEST(what is no object is never whole) {
  for (auto text : {"", " ", "1", "\"text\"", "null", "}", "]]", "\"{}\"", "[]", "see [1]", "x{}"})
    CAF_CHECK(!whole(text));
}

CAF_TEST(nothing follows a whole object) {
  for (auto text : {"{}{", "{}{}", "{} x", "{}}"})
    CAF_CHECK(!whole(text));
}
