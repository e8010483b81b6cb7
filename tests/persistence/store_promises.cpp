#define CAF_SUITE persistence.store_promises

#include "persistence/store_promises.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::persistence;

CAF_TEST(a request is answered once) {
  store_promises waiting;
  auto number = waiting.next_number();
  CAF_CHECK(!waiting.contains(number));
  waiting.add(number, {});
  CAF_CHECK(waiting.contains(number));
  waiting.deliver(number, store_written{});
  CAF_CHECK(waiting.empty());
  CAF_CHECK(test::breaks("a request to the store is answered once", [&] { waiting.deliver(number, store_written{}); }));
}
