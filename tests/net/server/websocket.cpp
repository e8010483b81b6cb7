#define CAF_SUITE net.server.websocket

#include "tests/net/server/websocket_fixture.hpp"
#include "tests/support/seen_log.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

constexpr auto cursor_text = "0190b6f0-7c1e-7d5a-9f3e-000000000005:17";

/// Sends until the socket takes no more, so that something of it is unsent.
void stall(websocket_fixture& server, const std::shared_ptr<subscriber>& who) {
  auto frame = server.text_frame(std::string(32 * 1024, 'x'));
  server.on_loop([&] {
    for (int i = 0; i < 200 && who->unread() == 0; ++i)
      who->deliver(frame);
  });
}

std::size_t unread(websocket_fixture& server, const std::shared_ptr<subscriber>& who) {
  std::size_t result = 0;
  server.on_loop([&] { result = who->unread(); });
  return result;
}

} // namespace

CAF_TEST(subscribers of a session share its feed until the last one leaves) {
  websocket_fixture server;
  auto first = server.subscribed();
  auto second = server.subscribed(0, watched_path + "?from="s + cursor_text);
  CAF_CHECK(server.recorded([](auto& r) { return r.sessions == std::vector{*parse_id<session_id>(watched_text)}; }));
  server.recorded([](auto& r) {
    CAF_REQUIRE_EQUAL(r.joins.size(), 2u);
    CAF_CHECK(!r.joins[0].from);
    CAF_REQUIRE(r.joins[1].from);
    CAF_CHECK_EQUAL(wire::to_cursor(r.joins[1].from->run, r.joins[1].from->offset), cursor_text);
    CAF_CHECK(r.joins[0].who->number() != r.joins[1].who->number());
    return 0;
  });
  first.close();
  CAF_CHECK(test::eventually([&] { return server.recorded([](auto& r) { return r.left.size(); }) == 1; }));
  CAF_CHECK_EQUAL(server.recorded([](auto& r) { return r.ended; }), 0);
  second.close();
  CAF_CHECK(test::eventually([&] { return server.recorded([](auto& r) { return r.ended; }) == 1; }));
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
  // The next one gets a new feed.
  auto third = server.subscribed();
  CAF_CHECK_EQUAL(server.recorded([](auto& r) { return r.sessions.size(); }), 2u);
}

CAF_TEST(an id that is none is closed as a session that is not there) {
  websocket_fixture server;
  auto client = server.connect();
  CAF_CHECK_EQUAL(client.upgrade("/ws/chat/session/nonsense/"), 101);
  CAF_CHECK_EQUAL(client.read_close(), 4404);
  CAF_CHECK(server.recorded([](auto& r) { return r.sessions.empty(); }));
}

CAF_TEST(a cursor that is none is an error) {
  websocket_fixture server;
  for (auto from : {"x", "17", "0190b6f0-7c1e-7d5a-9f3e-000000000005:", "0190b6f0-7c1e-7d5a-9f3e-000000000005:-1"}) {
    auto client = server.connect();
    CAF_CHECK_EQUAL(client.upgrade(watched_path + "?from=" + from), 101);
    auto said = client.read_json();
    CAF_CHECK_EQUAL(said["type"], "error");
    CAF_CHECK_EQUAL(said["code"], "invalid_request");
    CAF_CHECK_EQUAL(client.read_close(), 1008);
  }
  // An empty one is none at all.
  server.subscribed(0, watched_path + "?from=");
}

CAF_TEST(what clients say reaches the feed) {
  websocket_fixture server;
  auto client = server.subscribed();
  client.send(text_message(R"({"type":"request_state"})"));
  CAF_CHECK_EQUAL(client.read_text(), R"({"type":"state"})");
  client.send(text_message(R"({"type":"typing_indicator","is_typing":true})"));
  client.send(text_message(R"({"type":"typing_indicator","is_typing":false})"));
  CAF_CHECK(test::eventually([&] { return server.recorded([](auto& r) { return r.typing.size(); }) == 2; }));
  auto other = server.subscribed();
  other.send(text_message(R"({"type":"typing_indicator","is_typing":true})"));
  CAF_CHECK(test::eventually([&] { return server.recorded([](auto& r) { return r.typing.size(); }) == 3; }));
  server.recorded([](auto& r) {
    CAF_CHECK(r.typing[0].is_typing && !r.typing[1].is_typing && r.typing[2].is_typing);
    CAF_CHECK_EQUAL(r.typing[0].subscriber, r.joins[0].who->number());
    CAF_CHECK(parse_uuid(r.typing[0].user_id));
    CAF_CHECK_EQUAL(r.typing[0].user_id, r.typing[1].user_id);
    CAF_CHECK(r.typing[0].user_id != r.typing[2].user_id);
    return 0;
  });
}

CAF_TEST(pings are answered with their own timestamp) {
  websocket_fixture server;
  auto client = server.subscribed();
  for (auto stamp : {"0", "1763860000000", "1.5", "\"2026-11-23\"", "null", "\"\\u0000 \\\" \\\\ é\""}) {
    client.send(text_message(R"({"type":"ping","timestamp":)"s + stamp + "}"));
    auto said = client.read_json();
    CAF_CHECK_EQUAL(said["type"], "pong");
    CAF_CHECK(said["timestamp"] == nlohmann::json::parse(stamp));
  }
  client.send(text_message(R"({"type":"ping"})"));
  CAF_CHECK(client.read_json()["timestamp"].is_null());
}

CAF_TEST(what makes no sense is said so and the connection goes on) {
  websocket_fixture server;
  auto client = server.subscribed();
  for (auto& wrong : {""s, "{"s, "[]"s, "null"s, "\"ping\""s, "{}"s, R"({"type":1})"s, R"({"type":"shout"})"s,
                      R"({"type":"typing_indicator"})"s, R"({"type":"typing_indicator","is_typing":"yes"})"s,
                      R"({"type":"ping","timestamp":{}})"s, "{\"type\":\"ping\"}\0"s, R"({"type":"ping","timestamp":"\ud800"})"s,
                      std::string(60'000, '[')}) {
    client.send(text_message(wrong));
    auto said = client.read_json();
    CAF_CHECK_EQUAL(said["type"], "error");
    CAF_CHECK_EQUAL(said["code"], "invalid_request");
  }
  client.send(text_message(R"({"type":"ping","timestamp":"still here"})"));
  CAF_CHECK_EQUAL(client.read_json().value("timestamp", ""), "still here");
}

CAF_TEST(a feed closes with its own code and nothing follows) {
  websocket_fixture server;
  auto client = server.subscribed();
  auto who = server.last_joined();
  server.on_loop([&] {
    who->deliver(server.text_frame("last"));
    who->close(4404, "The session was deleted.");
    who->deliver(server.text_frame("too late"));
    who->close(4408, "again");
  });
  CAF_CHECK_EQUAL(client.read_text(), "last");
  auto end = client.read_frame();
  CAF_CHECK(end.payload == close_payload(4404, "The session was deleted."));
  CAF_CHECK(test::eventually([&] { return server.recorded([](auto& r) { return r.left.size(); }) == 1; }));
  client.send(masked(fin | opcode::close, close_payload(4404)));
  CAF_CHECK(client.at_end());
  client.close();
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
  // Who keeps a subscriber for longer does no harm.
  server.on_loop([&] {
    who->deliver(server.text_frame("gone"));
    who->close(1000, "gone");
    CAF_CHECK_EQUAL(who->unread(), 0u);
  });
}

CAF_TEST(a client that leaves a close frame unanswered is cut off) {
  auto settings = websocket_test_settings();
  settings.close_timeout = 50ms;
  websocket_fixture server{settings};
  auto client = server.subscribed();
  auto who = server.last_joined();
  server.on_loop([&] { who->close(4404, ""); });
  CAF_CHECK_EQUAL(client.read_close(), 4404);
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
}

CAF_TEST(a feed that dies sends its subscribers away) {
  websocket_fixture server;
  auto client = server.subscribed();
  caf::anon_send_exit(server.record->feeds.back(), caf::exit_reason::kill);
  CAF_CHECK_EQUAL(client.read_close(), 1001);
}

CAF_TEST(a silent client is pinged and given up if it stays silent) {
  auto settings = websocket_test_settings();
  settings.ping_interval = 40ms;
  settings.pong_timeout = 200ms;
  websocket_fixture server{settings};
  auto lively = server.subscribed();
  auto silent = server.subscribed();
  for (int i = 0; i < 10; ++i) {
    auto ping = lively.read_frame();
    CAF_REQUIRE_EQUAL(static_cast<int>(ping.first), fin | opcode::ping);
    lively.send(masked(fin | opcode::pong, ping.payload));
  }
  CAF_CHECK_EQUAL(silent.read_to_end(), "\x89\0"s);
  CAF_CHECK_EQUAL(server.clients->connections(), 1u);
}

CAF_TEST(a message that comes too slowly is given up) {
  auto settings = websocket_test_settings();
  settings.message_timeout = 100ms;
  websocket_fixture server{settings};
  auto client = server.subscribed();
  std::atomic<bool> closed{false};
  std::thread trickle{[&] {
    client.send(masked(opcode::text, "{"));
    for (int i = 0; i < 2000 && !closed; ++i) {
      client.send(masked(opcode::continuation, " "));
      std::this_thread::sleep_for(5ms);
    }
  }};
  CAF_CHECK_EQUAL(client.read_close(), 1008);
  closed = true;
  trickle.join();
}

CAF_TEST(what can not be inflated is answered with a close frame) {
  auto settings = websocket_test_settings();
  settings.deflate = true;
  websocket_fixture server{settings};
  auto client = server.connect();
  CAF_REQUIRE_EQUAL(client.upgrade(watched_path, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"),
                    101);
  CAF_CHECK(client.handshake.field("Sec-WebSocket-Extensions").starts_with("permessage-deflate"));
  constexpr std::uint8_t compressed = 0x40;
  CAF_CHECK_EQUAL(static_cast<int>(client.read_frame().first & compressed), compressed);
  client.send(masked(fin | compressed | opcode::text, "\xff\xff\xff\xff"));
  CAF_CHECK_EQUAL(client.read_close(), 1007);
}

CAF_TEST(too many messages in a second are refused) {
  auto settings = websocket_test_settings();
  settings.max_messages_per_second = 20;
  websocket_fixture server{settings};
  for (auto& message : {text_message(R"({"type":"ping"})"), masked(fin | opcode::ping, ""), masked(fin | opcode::pong, "")}) {
    auto client = server.subscribed();
    std::string flood;
    for (int i = 0; i < 60; ++i)
      flood += message;
    client.send(flood);
    CAF_CHECK_EQUAL(client.read_close(), 1008);
  }
  auto modest = server.subscribed();
  for (int i = 0; i < 20; ++i)
    modest.send(text_message(R"({"type":"ping"})"));
  for (int i = 0; i < 20; ++i)
    CAF_CHECK_EQUAL(modest.read_json().value("type", ""), "pong");
}

CAF_TEST(a slow client is told of by what it left unread) {
  websocket_fixture server;
  auto client = server.subscribed(4096);
  auto who = server.last_joined();
  CAF_CHECK_EQUAL(unread(server, who), 0u);
  stall(server, who);
  CAF_CHECK_GREATER(unread(server, who), 0u);
  CAF_CHECK_EQUAL(server.recorded([](auto& r) { return r.drained.size(); }), 0u);
  CAF_CHECK_EQUAL(client.read_text(), std::string(32 * 1024, 'x'));
  while (unread(server, who) > 0)
    client.read_text();
  CAF_CHECK(test::eventually([&] { return server.recorded([](auto& r) { return r.drained.size(); }) == 1; }));
  CAF_CHECK_EQUAL(server.recorded([](auto& r) { return r.drained[0]; }), who->number());
}

CAF_TEST(the kernel holds little for a client that stalls) {
  websocket_fixture server;
  auto client = server.subscribed(4096);
  auto who = server.last_joined();
  auto frame = server.text_frame(std::string(4096, 'x'));
  std::size_t delivered = 0;
  server.on_loop([&] {
    for (; who->unread() == 0 && delivered < (16U << 20); delivered += frame->size())
      who->deliver(frame);
  });
  CAF_CHECK_LESS(delivered, 512u * 1024);
}

CAF_TEST(a client that takes nothing is too slow) {
  auto settings = websocket_test_settings();
  settings.write_timeout = 100ms;
  settings.close_timeout = 300ms;
  test::seen_log seen;
  websocket_fixture server{settings};
  auto client = server.subscribed(4096);
  stall(server, server.last_joined());
  CAF_CHECK(test::eventually([&] { return server.recorded([](auto& r) { return r.left.size(); }) == 1; }));
  CAF_CHECK_EQUAL(client.read_close(), 4408);
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::too_slow), 1u);
  CAF_CHECK_EQUAL(seen.lines_with("info session=").size(), 1u);
  // One that doesn't read even then.
  auto stuck = server.subscribed(4096);
  stall(server, server.last_joined());
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
}

CAF_TEST(draining sends subscribers away) {
  auto settings = websocket_test_settings();
  settings.close_timeout = 100ms;
  websocket_fixture server{settings};
  auto polite = server.subscribed();
  auto deaf = server.subscribed();
  auto idle = server.connect();
  CAF_CHECK_EQUAL(idle.get("/").status, 404);
  server.clients->drain();
  CAF_CHECK_EQUAL(polite.read_close(), 1001);
  polite.send(masked(fin | opcode::close, close_payload(1001)));
  CAF_CHECK(polite.at_end());
  CAF_CHECK(idle.at_end());
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
}

CAF_TEST(a WebSocket counts towards the limit of connections) {
  auto http = websocket_fixture::any_port();
  http.max_connections = 2;
  websocket_fixture server{websocket_test_settings(), http};
  auto first = server.subscribed();
  auto second = server.subscribed();
  CAF_CHECK_EQUAL(server.connect().upgrade(), 503);
  second.close();
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 1; }));
  CAF_CHECK_EQUAL(server.connect().upgrade(), 101);
}

CAF_TEST(the system ends with subscribers) {
  auto server = std::make_unique<websocket_fixture>();
  auto idle = server->subscribed();
  auto slow = server->subscribed(4096);
  stall(*server, server->last_joined());
  auto closing = server->subscribed();
  server->on_loop([who = server->last_joined()] { who->close(4404, ""); });
  server.reset();
  CAF_CHECK(idle.at_end());
  CAF_CHECK_EQUAL(closing.read_close(), 4404);
}
