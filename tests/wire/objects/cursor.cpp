#define CAF_SUITE wire.objects.cursor

#include "wire/objects/cursor.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::wire;

namespace {

const auto run = *parse_id<run_id>("0190b6f0-7c1e-7d5a-9f3e-0123456789ab");

} // namespace

CAF_TEST(a cursor is read as it was written) {
  for (std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{9'999'999'999'999'999'999u}}) {
    auto text = to_cursor(run, offset);
    auto read = parse_cursor(text);
    CAF_REQUIRE(read.has_value());
    CAF_CHECK(read->run == run);
    CAF_CHECK_EQUAL(read->offset, offset);
  }
  CAF_CHECK_EQUAL(to_cursor(run, 12), "0190b6f0-7c1e-7d5a-9f3e-0123456789ab:12");
}

CAF_TEST(what is no cursor is refused) {
  const std::string id = "0190b6f0-7c1e-7d5a-9f3e-0123456789ab";
  for (auto& text : {std::string{}, id, id + ":", id + ":-1", id + ":+1", id + ": 1", id + ":1 ", id + ":01", id + ":1x",
                     id + "-1", id + ":99999999999999999999", id.substr(1) + ":12", "{" + id + "}:1",
                     std::string{"00000000-0000-0000-0000-000000000000:1"}, std::string{"12"}, ":" + id})
    CAF_CHECK_EQUAL(parse_cursor(text) ? text : "", "");
}
