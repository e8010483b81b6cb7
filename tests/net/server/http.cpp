#define CAF_SUITE net.server.http

#include "tests/net/server/http_fixture.hpp"
#include "tests/net/upstream/upstream_certificates.hpp"

#include <caf/test/unit_test.hpp>

#include <openssl/ssl.h>
#include <sys/resource.h>

using namespace parley;
using namespace parley::net;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const std::string host = "Host: localhost\r\n";

/// What a server says to bytes that aren't a request, and that it ends the connection then.
int refusal(const http_fixture& server, const std::string& bytes) {
  auto client = server.connect();
  client.send(bytes);
  auto response = client.read_response();
  CAF_CHECK_EQUAL(response.field("Connection"), "close");
  CAF_CHECK(client.at_end());
  return response.status;
}

} // namespace

CAF_TEST(a connection is kept for the next request) {
  http_fixture server;
  auto client = server.connect();
  for (int i = 0; i < 3; ++i) {
    auto response = client.get("/echo");
    CAF_CHECK_EQUAL(response.status, 200);
    CAF_CHECK_EQUAL(response.body, "GET /echo ");
    CAF_CHECK_EQUAL(response.field("Connection"), "");
    CAF_CHECK_EQUAL(response.field("Server"), "parley");
    CAF_CHECK_EQUAL(response.field("Content-Type"), "text/plain");
    CAF_CHECK_EQUAL(response.field("Date").size(), "Sun, 06 Nov 1994 08:49:37 GMT"s.size());
  }
  CAF_CHECK_EQUAL(server.clients->connections(), 1u);
  client.close();
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
}

CAF_TEST(requests sent ahead are answered in their order) {
  http_fixture server;
  auto client = server.connect();
  std::string requests;
  // The first and others take longer than those after them.
  for (int i = 0; i < 50; ++i) {
    auto body = std::to_string(i);
    requests += "POST "s + (i % 3 == 0 ? "/later" : "/echo") + " HTTP/1.1\r\n" + host
                + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  client.send(requests);
  for (int i = 0; i < 50; ++i)
    CAF_CHECK_EQUAL(client.read_response().body, (i % 3 == 0 ? "POST /later " : "POST /echo ") + std::to_string(i));
}

CAF_TEST(far more sent ahead than is read does not pile up) {
  http_fixture server;
  auto client = server.connect(4096);
  constexpr int count = 40;
  std::thread sender{[&] {
    for (int i = 0; i < count; ++i)
      client.send("GET /big HTTP/1.1\r\n" + host + "\r\n");
  }};
  sender.join();
  // Two at most are under way: one in the socket's hands, and one behind it.
  CAF_CHECK(test::eventually([&] { return server.served > 0; }));
  CAF_CHECK_LESS(server.served.load(), 10);
  for (int i = 0; i < count; ++i)
    CAF_CHECK_EQUAL(client.read_response().body.size(), 1024u * 1024);
}

CAF_TEST(a body comes by length or in chunks) {
  http_fixture server;
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello");
  CAF_CHECK_EQUAL(client.read_response().body, "POST /echo hello");
  client.send("POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
  CAF_CHECK_EQUAL(client.read_response().body, "POST /echo hello");
}

CAF_TEST(a client that expects it is told to go on) {
  http_fixture server;
  auto client = server.connect();
  client.send("POST /echo HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  CAF_CHECK_EQUAL(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  CAF_CHECK_EQUAL(client.read_response().body, "POST /echo hello");
  // A body that would be refused isn't asked for.
  client.send("POST /echo HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
  CAF_CHECK_EQUAL(client.read_response().status, 413);
  CAF_CHECK(client.at_end());
}

CAF_TEST(HEAD is answered without the body) {
  http_fixture server;
  auto client = server.connect();
  client.send("HEAD /echo HTTP/1.1\r\n" + host + "\r\n");
  auto response = client.read_response(false);
  CAF_CHECK_EQUAL(response.status, 200);
  CAF_CHECK_EQUAL(response.field("Content-Length"), "11");
  CAF_CHECK_EQUAL(client.get("/echo").body, "GET /echo ");
}

CAF_TEST(HTTP 1 point 0 ends with the connection unless asked otherwise) {
  http_fixture server;
  {
    auto client = server.connect();
    client.send("GET /echo HTTP/1.0\r\n\r\n");
    auto response = client.read_response();
    CAF_CHECK_EQUAL(response.body, "GET /echo ");
    CAF_CHECK_EQUAL(response.field("Connection"), "close");
    CAF_CHECK(client.at_end());
  }
  auto client = server.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    auto response = client.read_response();
    CAF_CHECK_EQUAL(response.body, "GET /echo ");
    CAF_CHECK_EQUAL(response.field("Connection"), "keep-alive");
  }
}

CAF_TEST(a client that says close is closed) {
  http_fixture server;
  auto client = server.connect();
  client.send("GET /echo HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
  CAF_CHECK_EQUAL(client.read_response().field("Connection"), "close");
  CAF_CHECK(client.at_end());
}

CAF_TEST(a client that ends its direction still gets its answers) {
  http_fixture server;
  auto client = server.connect();
  client.send("GET /later HTTP/1.1\r\n" + host + "\r\nGET /echo HTTP/1.1\r\n" + host + "\r\n");
  client.end_sending();
  CAF_CHECK_EQUAL(client.read_response().body, "GET /later ");
  CAF_CHECK_EQUAL(client.read_response().body, "GET /echo ");
  CAF_CHECK(client.at_end());
}

CAF_TEST(each response has a request id) {
  http_fixture server;
  auto client = server.connect();
  auto first = client.get("/echo").field("X-Request-Id");
  CAF_CHECK_EQUAL(first.size(), 36u);
  CAF_CHECK_NOT_EQUAL(client.get("/nowhere").field("X-Request-Id"), first);
  auto sent = [&](const std::string& id) {
    client.send("GET /echo HTTP/1.1\r\n" + host + "X-Request-Id: " + id + "\r\n\r\n");
    return client.read_response().field("X-Request-Id");
  };
  CAF_CHECK_EQUAL(sent("abc-1_2.3"), "abc-1_2.3");
  CAF_CHECK_EQUAL(sent("with space").size(), 36u);
  CAF_CHECK_EQUAL(sent(std::string(65, 'a')).size(), 36u);
}

CAF_TEST(errors are the object of the contract) {
  http_fixture server;
  auto client = server.connect();
  client.send("GET /nowhere HTTP/1.1\r\n" + host + "X-Request-Id: r7\r\n\r\n");
  auto response = client.read_response();
  CAF_CHECK_EQUAL(response.status, 404);
  CAF_CHECK_EQUAL(response.field("Content-Type"), "application/json");
  CAF_CHECK_EQUAL(
    response.body,
    "{\"error\":{\"code\":\"not_found\",\"message\":\"There is no such path.\",\"request_id\":\"r7\",\"param\":null,"
    "\"type\":\"invalid_request_error\"}}\n");
}

CAF_TEST(a defect in a handler is answered and tells nothing) {
  http_fixture server;
  auto client = server.connect();
  auto response = client.get("/throw");
  CAF_CHECK_EQUAL(response.status, 500);
  CAF_CHECK(response.body.find("secret") == std::string::npos);
  CAF_CHECK_EQUAL(client.get("/echo").status, 200);
}

CAF_TEST(requests that could be read differently elsewhere end the connection) {
  http_fixture server;
  auto post = "POST /echo HTTP/1.1\r\n" + host;
  CAF_CHECK_EQUAL(refusal(server, post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "Content-Length: 4, 4\r\n\r\nabcd"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, "GET /echo HTTP/1.1\nHost: localhost\n\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "X: a\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + "X: a\r\n b\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, post + host + "\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, "GET /echo HTTP/1.1\r\n\r\n"), 400);
  CAF_CHECK_EQUAL(refusal(server, "\x16\x03\x01\x02\n"), 400);
  CAF_CHECK_EQUAL(server.served.load(), 0);
}

CAF_TEST(what is too large is refused) {
  http_fixture server;
  CAF_CHECK_EQUAL(refusal(server, "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\n" + host + "\r\n"), 431);
  CAF_CHECK_EQUAL(refusal(server, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 4097\r\n\r\n" + std::string(4097, 'a')),
                  413);
  CAF_CHECK_EQUAL(refusal(server, "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1001\r\n"), 413);
  // The client is still sending when it is refused: it must be able to read the answer all the same.
  CAF_CHECK_EQUAL(refusal(server, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 900000\r\n\r\n" + std::string(900000, 'a')),
                  413);
  CAF_CHECK_EQUAL(server.served.load(), 0);
}

CAF_TEST(a client that is too slow is told so) {
  auto settings = test_settings();
  settings.header_timeout = 30ms;
  settings.body_timeout = 30ms;
  http_fixture server{settings};
  CAF_CHECK_EQUAL(refusal(server, "GET /echo HTTP/1.1\r\nHo"), 408);
  CAF_CHECK_EQUAL(refusal(server, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhel"), 408);
  // Who says nothing at all has nobody who waits for an answer.
  auto client = server.connect();
  CAF_CHECK(client.at_end());
}

CAF_TEST(bytes that trickle in gain no time) {
  auto settings = test_settings();
  settings.header_timeout = 100ms;
  http_fixture server{settings};
  auto client = server.connect();
  auto began = steady::now();
  std::atomic<bool> answered{false};
  std::thread trickle{[&] {
    for (int i = 0; i < 300 && !answered; ++i) {
      client.send("G");
      std::this_thread::sleep_for(10ms);
    }
  }};
  CAF_CHECK_EQUAL(client.read_response().status, 408);
  answered = true;
  CAF_CHECK(steady::now() - began < 2s);
  trickle.join();
}

CAF_TEST(an idle connection is closed after its time) {
  auto settings = test_settings();
  settings.idle_timeout = 50ms;
  http_fixture server{settings};
  auto client = server.connect();
  for (int i = 0; i < 3; ++i)
    CAF_CHECK_EQUAL(client.get("/echo").status, 200);
  auto began = steady::now();
  CAF_CHECK(client.at_end());
  CAF_CHECK(steady::now() - began >= 45ms);
}

CAF_TEST(a handler may take longer than any of the timeouts) {
  auto settings = test_settings();
  settings.header_timeout = settings.body_timeout = settings.idle_timeout = 20ms;
  http_fixture server{settings};
  auto client = server.connect();
  client.send("GET /silent HTTP/1.1\r\n" + host + "\r\n");
  CAF_CHECK(test::eventually([&] { return server.served == 1; }));
  std::this_thread::sleep_for(100ms);
  CAF_CHECK_EQUAL(server.clients->connections(), 1u);
}

CAF_TEST(a client that takes nothing is given up) {
  auto settings = test_settings();
  settings.write_timeout = 50ms;
  http_fixture server{settings};
  auto client = server.connect(4096);
  for (int i = 0; i < 8; ++i)
    client.send("GET /big HTTP/1.1\r\n" + host + "\r\n");
  CAF_CHECK(test::eventually([&] { return server.served > 0; }));
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
}

CAF_TEST(beyond the limit of connections clients are told to come later) {
  auto settings = test_settings();
  settings.max_connections = 2;
  http_fixture server{settings};
  auto first = server.connect();
  auto second = server.connect();
  CAF_CHECK_EQUAL(first.get("/echo").status, 200);
  CAF_CHECK_EQUAL(second.get("/echo").status, 200);
  {
    auto third = server.connect();
    auto response = third.get("/echo");
    CAF_CHECK_EQUAL(response.status, 503);
    CAF_CHECK_EQUAL(response.field("Connection"), "close");
    CAF_CHECK_EQUAL(response.field("Retry-After"), "1");
    CAF_CHECK(response.body.find("\"unavailable\"") != std::string::npos);
    CAF_CHECK(third.at_end());
  }
  // Those who are in stay in, and a place that is given up is there for the next.
  CAF_CHECK_EQUAL(first.get("/echo").status, 200);
  second.close();
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 1; }));
  CAF_CHECK_EQUAL(server.connect().get("/echo").status, 200);
}

CAF_TEST(draining lets answers finish and closes who is idle) {
  http_fixture server;
  auto idle = server.connect();
  CAF_CHECK_EQUAL(idle.get("/echo").status, 200);
  auto busy = server.connect();
  busy.send("POST /echo HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\na");
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 2; }));
  // A later request was seen on each loop, so the half of this one was.
  for (int i = 0; i < 2; ++i)
    CAF_CHECK_EQUAL(server.connect().get("/echo").status, 200);
  server.clients->drain();
  CAF_CHECK(idle.at_end());
  busy.send("b");
  auto response = busy.read_response();
  CAF_CHECK_EQUAL(response.body, "POST /echo ab");
  CAF_CHECK_EQUAL(response.field("Connection"), "close");
  CAF_CHECK(busy.at_end());
  busy.close();
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 0; }));
}

CAF_TEST(without file descriptors the listener waits and goes on) {
  http_fixture server;
  auto before = server.connect();
  CAF_CHECK_EQUAL(before.get("/echo").status, 200);
  rlimit allowed{};
  getrlimit(RLIMIT_NOFILE, &allowed);
  auto waiting = server.connect(); // the client's end needs one, too
  CAF_CHECK_EQUAL(waiting.get("/echo").status, 200);
  auto late = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  rlimit none = allowed;
  none.rlim_cur = 1;
  setrlimit(RLIMIT_NOFILE, &none);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server.clients->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // The kernel connects it; nobody can accept it.
  auto connected = ::connect(late, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto began =
    used.ru_utime.tv_sec * 1'000'000 + used.ru_utime.tv_usec + used.ru_stime.tv_sec * 1'000'000 + used.ru_stime.tv_usec;
  std::this_thread::sleep_for(250ms);
  getrusage(RUSAGE_SELF, &used);
  auto spent =
    used.ru_utime.tv_sec * 1'000'000 + used.ru_utime.tv_usec + used.ru_stime.tv_sec * 1'000'000 + used.ru_stime.tv_usec - began;
  auto still_served = before.get("/echo").status;
  setrlimit(RLIMIT_NOFILE, &allowed);
  CAF_CHECK_EQUAL(connected, 0);
  CAF_CHECK_LESS(spent, 50'000);
  CAF_CHECK_EQUAL(still_served, 200);
  CAF_CHECK(test::eventually([&] { return server.clients->connections() == 3; }));
  ::close(late);
}

CAF_TEST(a request is refused in the format of its path as soon as that is known) {
  auto settings = test_settings();
  settings.body_timeout = 100ms;
  http_fixture server{settings};
  auto refused = [&server](const std::string& bytes) {
    auto client = server.connect();
    client.send(bytes);
    return client.read_response().body;
  };
  auto begun = "POST /plain HTTP/1.1\r\n" + host;
  CAF_CHECK_EQUAL(refused("GET /plain HTTP/1.1\r\n" + host + "\r\n"), "not_found");
  CAF_CHECK_EQUAL(refused(begun + "Content-Length: 4097\r\n\r\n"), "too_large");
  CAF_CHECK_EQUAL(refused(begun + "Transfer-Encoding: chunked\r\n\r\n1001\r\n"), "too_large");
  CAF_CHECK_EQUAL(refused(begun + "Content-Length: 5\r\n\r\nhel"), "request_timeout");
  CAF_CHECK(refused("GET /other HTTP/1.1\r\n" + host + "\r\n").starts_with("{\"error\":"));
  CAF_CHECK(refused("GET /plain HTTP/1.1\r\nbad line\r\n\r\n").starts_with("{\"error\":"));
}

CAF_TEST(an address that is taken is refused in words) {
  http_fixture server;
  caf::actor_system_config config;
  load_loops(config, 1, {});
  caf::actor_system sys{config};
  auto settings = test_settings();
  settings.port = server.clients->port();
  auto taken = listener::open(sys, settings, [](exchange&) {});
  CAF_REQUIRE(!taken);
  CAF_CHECK(taken.error().message.find(std::to_string(settings.port)) != std::string::npos);
  settings.address = "localhost";
  CAF_CHECK(!listener::open(sys, settings, [](exchange&) {}));
  settings.address = "127.0.0.1";
  settings.port = 0;
  settings.certificate_file = settings.key_file = "/nonexistent.pem";
  CAF_CHECK(!listener::open(sys, settings, [](exchange&) {}));
}

CAF_TEST(with a certificate the listener speaks TLS) {
  certificate_folder certificates;
  auto pair = certificates.certify("server", "DNS:localhost");
  auto settings = test_settings();
  settings.certificate_file = pair.certificate_file;
  settings.key_file = pair.key_file;
  settings.header_timeout = 300ms;
  http_fixture server{settings};

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  CAF_REQUIRE_EQUAL(SSL_CTX_load_verify_locations(context.get(), certificates.ca_file().c_str(), nullptr), 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  std::unique_ptr<SSL, decltype(&SSL_free)> tls{SSL_new(context.get()), SSL_free};
  SSL_set1_host(tls.get(), "localhost");
  auto client = server.connect();
  SSL_set_fd(tls.get(), client.native());
  CAF_REQUIRE_EQUAL(SSL_connect(tls.get()), 1);
  for (int i = 0; i < 2; ++i) {
    auto request = "GET /echo HTTP/1.1\r\n" + host + (i == 1 ? "Connection: close\r\n\r\n" : "\r\n");
    CAF_CHECK_EQUAL(SSL_write(tls.get(), request.data(), static_cast<int>(request.size())), static_cast<int>(request.size()));
    std::string response;
    char buffer[4096];
    while (response.find("GET /echo ") == std::string::npos) {
      auto count = SSL_read(tls.get(), buffer, sizeof buffer);
      CAF_REQUIRE(count > 0);
      response.append(buffer, static_cast<std::size_t>(count));
    }
    CAF_CHECK(response.starts_with("HTTP/1.1 200 OK\r\n"));
  }
  // It says goodbye properly: what came is all there is.
  char more;
  CAF_CHECK_EQUAL(SSL_read(tls.get(), &more, 1), 0);
  CAF_CHECK_EQUAL(SSL_get_error(tls.get(), 0), SSL_ERROR_ZERO_RETURN);

  // Neither garbage nor silence is kept.
  auto plain = server.connect();
  plain.send("GET /echo HTTP/1.1\r\n" + host + "\r\n");
  CAF_CHECK(plain.read_to_end().find("HTTP/1.1") == std::string::npos);
  auto silent = server.connect();
  CAF_CHECK(silent.at_end());
}

CAF_TEST(the system ends with connections open) {
  auto server = std::make_unique<http_fixture>();
  auto idle = server->connect();
  CAF_CHECK_EQUAL(idle.get("/echo").status, 200);
  auto half = server->connect();
  half.send("GET /ec");
  auto waiting = server->connect();
  waiting.send("GET /silent HTTP/1.1\r\n" + host + "\r\n");
  CAF_CHECK(test::eventually([&] { return server->served == 2; }));
  server.reset();
  CAF_CHECK(idle.at_end());
  CAF_CHECK(half.at_end());
  CAF_CHECK(waiting.at_end());
}
