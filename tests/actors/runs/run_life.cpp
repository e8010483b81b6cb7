#define CAF_SUITE actors.runs.run_life

#include "actors/runs/run_life.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace std::chrono_literals;

namespace {

constexpr auto never = steady::time_point::max();
const steady::time_point begin{1h};

} // namespace

CAF_TEST(without a grace a run is never abandoned) {
  auto life = run_life::outlives_readers(std::nullopt, begin);
  CAF_CHECK(life.due() == never);
  life.reader_came();
  life.readers_left(begin + 1s);
  CAF_CHECK(life.due() == never);
  CAF_CHECK(!life.take_abandoned(begin + 1h));
}

CAF_TEST(the grace begins with the run and again whenever nobody reads) {
  auto life = run_life::outlives_readers(5s, begin);
  CAF_CHECK(life.due() == begin + 5s);
  life.reader_came();
  CAF_CHECK(life.due() == never);
  life.readers_left(begin + 10s);
  life.readers_left(begin + 12s); // still nobody
  CAF_CHECK(life.due() == begin + 15s);
}

CAF_TEST(a run is abandoned once) {
  auto life = run_life::outlives_readers(5s, begin);
  CAF_CHECK(!life.take_abandoned(begin + 5s - 1ms));
  CAF_CHECK(life.take_abandoned(begin + 5s));
  CAF_CHECK(!life.take_abandoned(begin + 6s));
}

CAF_TEST(only a run that ends with its client has one) {
  CAF_CHECK(!run_life::outlives_readers(5s, begin).has_client());
  CAF_CHECK(!run_life::outlives_readers(5s, begin).is_client({}));
}
