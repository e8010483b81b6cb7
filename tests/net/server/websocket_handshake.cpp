#define CAF_SUITE net.server.websocket_handshake

// RFC 6455, sections 4.2 and 11.3: which requests become a WebSocket, and what the others are told.

#include "tests/net/server/websocket_fixture.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;
using namespace std::string_literals;

namespace {

const std::string host = "Host: localhost\r\n";
const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
const std::string key = "Sec-WebSocket-Key: "s + sample_key + "\r\n";
const std::string version = "Sec-WebSocket-Version: 13\r\n";

raw_response asked(const websocket_fixture& server, const std::string& fields,
                   const std::string& begin = "GET " + watched_path + " HTTP/1.1\r\n") {
  auto client = server.connect();
  client.send(begin + fields + "\r\n");
  return client.read_response();
}

} // namespace

CAF_TEST(the handshake is answered as RFC 6455 says) {
  websocket_fixture server;
  auto client = server.connect();
  CAF_CHECK_EQUAL(client.upgrade(watched_path, "X-Request-Id: mine\r\n"), 101);
  auto& answer = client.handshake;
  CAF_CHECK(answer.head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CAF_CHECK_EQUAL(answer.field("Upgrade"), "websocket");
  CAF_CHECK_EQUAL(answer.field("Connection"), "upgrade");
  CAF_CHECK_EQUAL(answer.field("Sec-WebSocket-Accept"), sample_accept);
  CAF_CHECK_EQUAL(answer.field("Sec-WebSocket-Protocol"), "");
  CAF_CHECK_EQUAL(answer.field("Sec-WebSocket-Extensions"), "");
  CAF_CHECK_EQUAL(answer.field("X-Request-Id"), "mine");
  CAF_CHECK_EQUAL(answer.field("Server"), "parley");
}

CAF_TEST(fields may be written in any way that HTTP allows) {
  websocket_fixture server;
  auto begin = "GET " + watched_path.substr(0, watched_path.size() - 1) + " HTTP/1.1\r\n";
  for (auto& fields : {
         host + "upgrade: WebSocket\r\nconnection: keep-alive, upgrade\r\n" + key + version,
         host + "Upgrade: other/1, websocket\r\nConnection: Upgrade\r\n" + key + version,
         host + "UPGRADE: websocket\r\nCONNECTION: close , UPGRADE\r\n" + key + version,
       }) {
    auto client = server.connect();
    client.send(begin + fields + "\r\n");
    CAF_CHECK_EQUAL(client.read_response(false).status, 101);
    CAF_CHECK_EQUAL(client.read_text(), R"({"type":"hello"})");
  }
}

CAF_TEST(what is no upgrade is told to upgrade) {
  websocket_fixture server;
  for (auto& fields : {host, host + "Connection: Upgrade\r\n" + key + version, host + "Upgrade: websocket\r\n" + key + version,
                       host + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + key + version,
                       host + "Upgrade: websocket\r\nConnection: close\r\n" + key + version}) {
    auto response = asked(server, fields);
    CAF_CHECK_EQUAL(response.status, 426);
    CAF_CHECK_EQUAL(response.field("Upgrade"), "websocket");
    CAF_CHECK(response.body.find("\"invalid_request\"") != std::string::npos);
  }
  CAF_CHECK_EQUAL(asked(server, host + upgrade + key + version, "GET " + watched_path + " HTTP/1.0\r\n").status, 426);
  CAF_CHECK_EQUAL(asked(server, host + upgrade + key + version, "POST " + watched_path + " HTTP/1.1\r\n").status, 405);
}

CAF_TEST(other versions are told ours) {
  websocket_fixture server;
  for (auto& other : {""s, "Sec-WebSocket-Version: 8\r\n"s, "Sec-WebSocket-Version: 14\r\n"s, "Sec-WebSocket-Version: x\r\n"s,
                      "Sec-WebSocket-Version: 13, 8\r\n"s, version + version}) {
    auto response = asked(server, host + upgrade + key + other);
    CAF_CHECK_EQUAL(response.status, 426);
    CAF_CHECK_EQUAL(response.field("Sec-WebSocket-Version"), "13");
  }
}

CAF_TEST(keys are sixteen bytes) {
  websocket_fixture server;
  for (auto& wrong : {""s, "Sec-WebSocket-Key: \r\n"s, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n"s,
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n"s, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n"s,
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==AAAA\r\n"s, key + key})
    CAF_CHECK_EQUAL(asked(server, host + upgrade + wrong + version).status, 400);
}

CAF_TEST(a connection goes on with HTTP after a refusal) {
  websocket_fixture server;
  auto client = server.connect();
  CAF_CHECK_EQUAL(client.get(watched_path).status, 426);
  CAF_CHECK_EQUAL(client.upgrade(), 101);
  CAF_CHECK_EQUAL(client.read_text(), R"({"type":"hello"})");
}

CAF_TEST(frames may come together with the request) {
  websocket_fixture server;
  auto client = server.connect();
  client.send("GET /nothing HTTP/1.1\r\n" + host + "\r\nGET " + watched_path + " HTTP/1.1\r\n" + host + upgrade + key + version
              + "\r\n" + text_message(R"({"type":"ping","timestamp":1})") + masked(fin | opcode::ping, "hi"));
  CAF_CHECK_EQUAL(client.read_response().status, 404);
  CAF_CHECK_EQUAL(client.read_response(false).status, 101);
  int pongs = 0;
  for (int i = 0; i < 3; ++i) {
    auto next = client.read_frame();
    pongs += next.payload == R"({"type":"pong","timestamp":1})" || next.payload == "hi" ? 1 : 0;
  }
  CAF_CHECK_EQUAL(pongs, 2);
}

CAF_TEST(pages of other origins are refused) {
  origin_policy policy;
  policy.allowed_origins = {"https://chat.example.org"};
  websocket_fixture server{websocket_test_settings(), websocket_fixture::any_port(), policy};
  auto from = [&](const std::string& origin) { return server.connect().upgrade(watched_path, "Origin: " + origin + "\r\n"); };
  CAF_CHECK_EQUAL(from("https://chat.example.org"), 101);
  CAF_CHECK_EQUAL(from("http://localhost"), 101);
  CAF_CHECK_EQUAL(from("https://evil.example.org"), 403);
  CAF_CHECK_EQUAL(from("https://chat.example.org.evil.example.org"), 403);
  CAF_CHECK_EQUAL(from("null"), 403);
  CAF_CHECK_EQUAL(server.connect().upgrade(), 101);
}

CAF_TEST(a bearer token is taken as a subprotocol and never repeated) {
  websocket_fixture server;
  auto client = server.connect();
  CAF_CHECK_EQUAL(client.upgrade(watched_path + "?ticket=tk-secret", "Sec-WebSocket-Protocol: bearer, sk-secret\r\n"), 101);
  CAF_CHECK_EQUAL(client.handshake.field("Sec-WebSocket-Protocol"), "bearer");
  CAF_CHECK(client.handshake.head.find("secret") == std::string::npos);
  auto unknown = server.connect();
  CAF_CHECK_EQUAL(unknown.upgrade(watched_path, "Sec-WebSocket-Protocol: chat\r\n"), 101);
  CAF_CHECK_EQUAL(unknown.handshake.field("Sec-WebSocket-Protocol"), "");
}

CAF_TEST(compression is declined unless it is configured) {
  websocket_fixture server;
  auto client = server.connect();
  CAF_CHECK_EQUAL(client.upgrade(watched_path, "Sec-WebSocket-Extensions: permessage-deflate\r\n"), 101);
  CAF_CHECK_EQUAL(client.handshake.field("Sec-WebSocket-Extensions"), "");
  CAF_CHECK_EQUAL(client.read_text(), R"({"type":"hello"})");
}
