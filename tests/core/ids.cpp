#define CAF_SUITE core.ids

#include "core/ids.hpp"

#include <algorithm>
#include <caf/test/unit_test.hpp>
#include <set>
#include <thread>
#include <vector>

using namespace parley;

CAF_TEST(a new id is a version 7 UUID of the present) {
  auto before = std::chrono::system_clock::now();
  auto bytes = new_uuid();
  CAF_CHECK_EQUAL(bytes[6] >> 4, 7);
  CAF_CHECK_EQUAL(bytes[8] >> 6, 2);
  std::int64_t millis = 0;
  for (std::size_t i = 0; i < 6; ++i)
    millis = millis << 8 | bytes[i];
  auto difference = millis - std::chrono::duration_cast<std::chrono::milliseconds>(before.time_since_epoch()).count();
  CAF_CHECK(difference >= 0 && difference < 60'000);
}

CAF_TEST(new ids rise also within a millisecond) {
  std::vector<message_id> ids(20'000);
  std::generate(ids.begin(), ids.end(), new_id<message_id>);
  CAF_CHECK(std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>{}) == ids.end());
}

CAF_TEST(threads never get the same id) {
  constexpr std::size_t threads = 4;
  constexpr std::size_t ids_each = 5'000;
  std::vector<std::vector<run_id>> made(threads);
  std::vector<std::thread> makers;
  for (auto& ids : made)
    makers.emplace_back([&ids] {
      for (std::size_t i = 0; i < ids_each; ++i)
        ids.push_back(new_id<run_id>());
    });
  for (auto& maker : makers)
    maker.join();
  std::set<run_id> all;
  for (auto& ids : made)
    all.insert(ids.begin(), ids.end());
  CAF_CHECK_EQUAL(all.size(), threads * ids_each);
}

CAF_TEST(an id is written in the canonical form and read back) {
  auto text = std::string{"0190b6f0-7c1e-7d5a-9f3e-0123456789ab"};
  auto id = parse_id<session_id>(text);
  CAF_REQUIRE(id.has_value());
  CAF_CHECK_EQUAL(id->bytes[0], 0x01);
  CAF_CHECK_EQUAL(id->bytes[15], 0xab);
  CAF_CHECK_EQUAL(to_string(*id), text);
  CAF_CHECK(parse_id<session_id>("0190B6F0-7C1E-7D5A-9F3E-0123456789AB") == id);
  auto fresh = new_id<turn_id>();
  CAF_CHECK(parse_id<turn_id>(to_string(fresh)) == fresh);
}

CAF_TEST(what is not in the canonical form is no id) {
  for (auto text :
       {"", "0190b6f0", "0190b6f07c1e7d5a9f3e0123456789ab", "{0190b6f0-7c1e-7d5a-9f3e-0123456789ab}",
        "0190b6f0-7c1e-7d5a-9f3e-0123456789a", "0190b6f0-7c1e-7d5a-9f3e-0123456789abc", "0190b6f0-7c1e-7d5a-9f3e-0123456789ag",
        "0190b6f0x7c1e-7d5a-9f3e-0123456789ab", " 190b6f0-7c1e-7d5a-9f3e-0123456789ab", "0190b6f07-c1e-7d5a-9f3e-0123456789ab"})
    if (parse_uuid(text))
      CAF_ERROR(text);
}

CAF_TEST(the nil UUID means none) {
  CAF_CHECK(!parse_uuid("00000000-0000-0000-0000-000000000000"));
  CAF_CHECK(!message_id{});
  CAF_CHECK(static_cast<bool>(new_id<message_id>()));
}
