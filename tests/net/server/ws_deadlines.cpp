#define CAF_SUITE net.server.ws_deadlines

#include "net/server/ws_deadlines.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;
using namespace std::chrono_literals;

namespace {

using due = ws_deadlines::due;

struct fixture {
  fixture() {
    settings.ping_interval = 10s;
    settings.pong_timeout = 5s;
    settings.write_timeout = 3s;
    settings.max_messages_per_second = 2;
  }

  bool is(due wanted, steady::duration at, std::size_t unread = 0, std::uint64_t sent = 0) {
    return client.look(begin + at, unread, sent, settings) == wanted;
  }

  static constexpr steady::time_point begin{1h};
  websocket_settings settings;
  ws_deadlines client{begin};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ws_deadlines_tests, fixture)

CAF_TEST(a silent client is pinged once and is gone if it stays silent) {
  CAF_CHECK(is(due::nothing, 9s));
  CAF_CHECK(is(due::ping, 10s));
  CAF_CHECK(is(due::nothing, 14s));
  CAF_CHECK(is(due::no_pong, 15s));
}

CAF_TEST(any byte answers a ping) {
  CAF_CHECK(is(due::ping, 10s));
  client.heard(begin + 12s);
  CAF_CHECK(is(due::nothing, 21s));
  CAF_CHECK(is(due::ping, 22s));
}

CAF_TEST(who takes nothing of what waits is too slow and who takes a byte has time again) {
  CAF_CHECK(is(due::nothing, 1s, 100, 7));
  CAF_CHECK(is(due::nothing, 3s, 100, 8));
  CAF_CHECK(is(due::nothing, 5s, 90, 8));
  CAF_CHECK(is(due::too_slow, 6s, 90, 8));
}

CAF_TEST(who has taken all begins anew) {
  CAF_CHECK(is(due::nothing, 1s, 100, 7));
  CAF_CHECK(is(due::nothing, 3s, 0, 7));
  CAF_CHECK(is(due::nothing, 4s, 100, 7));
  CAF_CHECK(is(due::too_slow, 7s, 100, 7));
}

CAF_TEST(messages are counted by the second) {
  client.heard(begin + 10s);
  CAF_CHECK(client.count_message(settings));
  CAF_CHECK(client.count_message(settings));
  CAF_CHECK(!client.count_message(settings));
  client.heard(begin + 11s);
  CAF_CHECK(client.count_message(settings));
}

CAF_TEST_FIXTURE_SCOPE_END()
