#define CAF_SUITE config.units

#include "config/units.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley::config;
using std::chrono::milliseconds;

CAF_TEST(durations need a whole number and a unit) {
  CAF_CHECK(parse_duration("250ms") == milliseconds{250});
  CAF_CHECK(parse_duration("10s") == milliseconds{10'000});
  CAF_CHECK(parse_duration("5min") == milliseconds{300'000});
  CAF_CHECK(parse_duration("1 h") == milliseconds{3'600'000});
  CAF_CHECK(parse_duration("90d") == milliseconds{7'776'000'000});
  CAF_CHECK(parse_duration("0s") == milliseconds{0});
  for (auto text :
       {"", "10", "s", "-1s", "1.5s", "10S", "10sec", " 10s", "10s ", "99999999999999999999s", "9223372036854775807h"})
    CAF_CHECK(!parse_duration(text));
}

CAF_TEST(sizes are bytes or have a binary unit) {
  CAF_CHECK(parse_bytes("4096") == 4096);
  CAF_CHECK(parse_bytes("16KiB") == 16 * 1024);
  CAF_CHECK(parse_bytes("2 GiB") == 2LL << 30);
  CAF_CHECK(parse_bytes("0") == 0);
  for (auto text : {"", "1KB", "1k", "-1", "KiB", "1.5MiB", "9223372036854775807", "9007199254740993GiB"})
    CAF_CHECK(!parse_bytes(text));
}

CAF_TEST(what is written can be read again) {
  for (auto value : {0LL, 1LL, 999LL, 1'000LL, 90'000LL, 300'000LL, 3'600'000LL, 3'600'001LL})
    CAF_CHECK(parse_duration(write_duration(milliseconds{value})) == milliseconds{value});
  for (auto value : {0LL, 1LL, 1'023LL, 1'024LL, 1'536LL, 1LL << 20, 3LL << 30})
    CAF_CHECK(parse_bytes(write_bytes(value)) == value);
  CAF_CHECK_EQUAL(write_duration(milliseconds{90'000}), "90s");
  CAF_CHECK_EQUAL(write_bytes(16 * 1024), "16KiB");
}
