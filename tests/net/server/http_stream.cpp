#define CAF_SUITE net.server.http_stream

#include "tests/net/server/http_fixture.hpp"
#include "tests/support/seen_log.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;
using namespace std::chrono_literals;

namespace {

const std::string ask = "GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n";

} // namespace

CAF_TEST(a run is streamed in chunks and the connection goes on) {
  http_fixture server;
  auto client = server.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(ask);
    auto response = client.read_response();
    CAF_CHECK_EQUAL(response.status, 200);
    CAF_CHECK(response.whole);
    CAF_CHECK_EQUAL(response.body, whole_body(server.script));
    CAF_CHECK_EQUAL(response.field("Transfer-Encoding"), "chunked");
    CAF_CHECK_EQUAL(response.field("Content-Length"), "");
    CAF_CHECK_EQUAL(response.field("Content-Type"), "text/plain; charset=utf-8");
    CAF_CHECK_EQUAL(response.field("Cache-Control"), "no-cache, no-transform");
    CAF_CHECK_EQUAL(response.field("X-Accel-Buffering"), "no");
    CAF_CHECK_EQUAL(response.field("X-Turn-Id").size(), 36u);
    CAF_CHECK_EQUAL(response.field("X-Run-Id").size(), 36u);
    CAF_CHECK_EQUAL(response.field("X-Added"), "1");
    auto ids = response.field("X-Message-Ids");
    CAF_CHECK_EQUAL(ids.size(), 5u + 36 + 3 + 36 + 3 + 36);
    CAF_CHECK_EQUAL(ids.substr(0, 5) + ids.substr(41, 3) + ids.substr(80, 3), "user=,a=,b=");
    CAF_CHECK_EQUAL(server.record->from.load(), 7u);
  }
  CAF_CHECK_EQUAL(client.get("/echo").status, 200);
}

CAF_TEST(the head of a stream comes before its first piece) {
  http_fixture server{test_settings(), {10, 0, run_script::end::never}};
  auto client = server.connect();
  client.send(ask);
  CAF_CHECK(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

CAF_TEST(a request sent ahead is answered after the stream) {
  http_fixture server{test_settings(), {100, 1000, run_script::end::properly}};
  auto client = server.connect();
  client.send(ask + "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n" + ask);
  CAF_CHECK_EQUAL(client.read_response().body, whole_body(server.script));
  CAF_CHECK_EQUAL(client.read_response().body, "GET /echo ");
  CAF_CHECK_EQUAL(client.read_response().body, whole_body(server.script));
}

CAF_TEST(a stream for HTTP 1 point 0 ends with the connection) {
  http_fixture server;
  auto client = server.connect();
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  auto response = client.read_response();
  CAF_CHECK_EQUAL(response.field("Transfer-Encoding"), "");
  CAF_CHECK_EQUAL(response.field("Connection"), "close");
  CAF_CHECK_EQUAL(response.body, whole_body(server.script));
  CAF_CHECK(response.whole);
}

CAF_TEST(HEAD of a stream does not read the run) {
  http_fixture server;
  auto client = server.connect();
  client.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CAF_CHECK_EQUAL(client.read_response(false).field("Transfer-Encoding"), "chunked");
  CAF_CHECK_EQUAL(client.get("/echo").body, "GET /echo ");
  CAF_CHECK(!server.record->attached);
}

CAF_TEST(a slow reader is sent what its window holds and no more) {
  run_script script{1000, 8000, run_script::end::properly};
  http_fixture server{test_settings(), script};
  auto window = test_settings().reader_window_bytes;
  auto client = server.connect(4096);
  client.send(ask);
  // The run comes to a stop while the client reads nothing: the sockets are full, and so is the window.
  std::size_t seen = 0;
  CAF_CHECK(test::eventually([&] {
    auto before = std::exchange(seen, server.record->sent.load());
    if (seen == 0 || seen != before)
      return false;
    std::this_thread::sleep_for(50ms);
    return seen == server.record->sent;
  }));
  CAF_CHECK_LESS(seen, script.piece_bytes * script.pieces);
  auto response = client.read_response();
  CAF_CHECK(response.whole);
  CAF_CHECK(response.body == whole_body(script));
  CAF_CHECK_LESS_OR_EQUAL(server.record->most_outstanding.load(), window);
  // Told by the half window, not by the piece.
  CAF_CHECK_GREATER_OR_EQUAL(server.record->smallest_credit.load(), window / 2);
  CAF_CHECK_GREATER(server.record->credits.load(), 0u);
}

CAF_TEST(a run that dies leaves a body without its end) {
  http_fixture server{test_settings(), {10, 5, run_script::end::dying}};
  auto client = server.connect();
  client.send(ask);
  auto response = client.read_response();
  CAF_CHECK_EQUAL(response.status, 200);
  CAF_CHECK(!response.whole);
  // What it sent before is not lost.
  CAF_CHECK_EQUAL(response.body, whole_body(server.script));
  CAF_CHECK(client.at_end());
}

CAF_TEST(a run that was dead before leaves a body without its end) {
  http_fixture server{test_settings(), {10, 0, run_script::end::dying}};
  auto client = server.connect();
  client.send(ask);
  CAF_CHECK(!client.read_response().whole);
  CAF_CHECK(client.at_end());
}

CAF_TEST(a run whose reader closes is told at once) {
  http_fixture server{test_settings(), {10, 3, run_script::end::never}};
  {
    auto client = server.connect();
    client.send(ask);
    client.read_until("cccccccccc");
  }
  CAF_CHECK(test::eventually([&] { return server.record->reader_gone.load(); }));
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
}

CAF_TEST(a run whose reader is reset is told at once) {
  http_fixture server{test_settings(), {10, 3, run_script::end::never}};
  auto client = server.connect();
  client.send(ask);
  client.read_until("cccccccccc");
  client.reset();
  CAF_CHECK(test::eventually([&] { return server.record->reader_gone.load(); }));
}

CAF_TEST(a reader that takes nothing is given up) {
  auto settings = test_settings();
  settings.write_timeout = 50ms;
  test::seen_log seen;
  http_fixture server{settings, {1000, 8000, run_script::end::properly}};
  auto client = server.connect(4096);
  client.send(ask);
  CAF_CHECK(test::eventually([&] { return server.record->reader_gone.load(); }));
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::write_timeout), 1u);
  auto line = seen.lines_with("reader=write_timeout dropped");
  CAF_REQUIRE_EQUAL(line.size(), 1u);
  for (auto id : {"session=", "run=", "request="})
    CAF_CHECK_NOT_EQUAL(line[0].find(id), std::string::npos);
}

CAF_TEST(a stream may last longer than any of the timeouts) {
  auto settings = test_settings();
  settings.header_timeout = settings.body_timeout = settings.idle_timeout = settings.write_timeout = 20ms;
  http_fixture server{settings, {10, 3, run_script::end::never}};
  auto client = server.connect();
  client.send(ask);
  client.read_until("cccccccccc");
  std::this_thread::sleep_for(100ms);
  CAF_CHECK(!server.record->reader_gone);
  CAF_CHECK_EQUAL(server.clients->connections(), 1u);
}

CAF_TEST(draining lets a stream finish and then closes) {
  http_fixture server{test_settings(), {1000, 2000, run_script::end::properly}};
  auto client = server.connect(4096);
  client.send(ask);
  client.read_until("\r\n\r\n");
  server.clients->drain();
  auto rest = client.read_to_end();
  CAF_CHECK(rest.ends_with("\r\n0\r\n\r\n"));
}

CAF_TEST(the system ends in the middle of streams) {
  auto server = std::make_unique<http_fixture>(test_settings(), run_script{10, 3, run_script::end::never});
  std::vector<raw_client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(server->connect());
    clients.back().send(ask);
    clients.back().read_until("cccccccccc\r\n");
  }
  server.reset();
  for (auto& client : clients)
    CAF_CHECK(client.at_end());
}
