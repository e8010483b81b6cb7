#define CAF_SUITE actors.node.ask

#include "core/ask.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/test/unit_test.hpp>

#include <vector>

using namespace parley;

CAF_TEST(an ask can be sent to another node) {
  // What is marked so is left out on the wire without a word.
  static_assert(!caf::is_allowed_unsafe_message_type<ask>::value);
  static_assert(!caf::is_allowed_unsafe_message_type<principal>::value);
  caf::actor_system_config config;
  caf::actor_system sys{config};
  ask sent{{"somebody"}, "r1"};
  std::vector<char> bytes;
  caf::binary_serializer out{sys, bytes};
  CAF_REQUIRE(!out(sent));
  ask received;
  caf::binary_deserializer in{sys, bytes};
  CAF_REQUIRE(!in(received));
  CAF_CHECK(received == sent);
}
