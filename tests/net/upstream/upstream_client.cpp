#define CAF_SUITE net.upstream.upstream_client

#include "net/upstream/upstream_client.hpp"

#include "tests/net/upstream/upstream_fixture.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;

namespace {

using connection = raw_provider::connection;

const std::string chunked_answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "6;x=y\r\ndata: \r\n3\r\nhi\n\r\n0\r\nX-Trailer: 1\r\n\r\n";

std::string answer_of(const std::string& body, const std::string& fields = {}) {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct fixture {
  reactor loop;
  raw_provider provider{loop};
  std::optional<upstream_client> client{std::in_place, loop};

  std::shared_ptr<upstream> here() const { return upstream_at("http://127.0.0.1:" + std::to_string(provider.port()) + "/v1"); }

  /// One call to its end.
  call_record ask() { return ask(here()); }

  call_record ask(const std::shared_ptr<upstream>& at) {
    call_record heard;
    auto call = client->call(at, small_request(), heard);
    CAF_REQUIRE(heard.events.empty());
    CAF_REQUIRE(run_until(loop, [&] { return heard.over(); }));
    settle(loop);
    return heard;
  }

  bool gone(std::size_t which) {
    return run_until(loop, [&] { return provider.connections.size() > which && provider.connections[which]->gone; });
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(upstream_tests, fixture)

CAF_TEST(the request arrives as the upstream wants it and the response is reported in order) {
  provider.answer = [](connection& to) { to.send(chunked_answer); };
  auto heard = ask();
  CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body ended");
  CAF_CHECK_EQUAL(heard.body, "data: hi\n");
  CAF_CHECK_EQUAL(heard.retry_after, 0);
  auto request = provider.connections[0]->last_request;
  auto agent = request.find("User-Agent: parley/");
  CAF_REQUIRE(agent != request.npos);
  request.erase(agent, request.find("\r\n", agent) + 2 - agent);
  CAF_CHECK_EQUAL(request, "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(provider.port())
                             + "\r\nConnection: keep-alive\r\nContent-Length: 15\r\nAuthorization: Bearer sk-secret\r\n"
                               "Accept: text/event-stream\r\n\r\n{\"stream\":true}");
}

CAF_TEST(a response may be split anywhere) {
  for (std::size_t at = 1; at < chunked_answer.size(); ++at) {
    provider.answer = [at](connection& to) { to.send_parts({chunked_answer.substr(0, at), chunked_answer.substr(at)}); };
    auto heard = ask();
    CAF_REQUIRE_EQUAL(heard.all_events(), "connected 200 body ended");
    CAF_REQUIRE_EQUAL(heard.body, "data: hi\n");
  }
  CAF_CHECK_EQUAL(provider.connections.size(), 1u);
}

CAF_TEST(a body larger than any buffer comes whole) {
  std::string body;
  for (int i = 0; body.size() < 5'000'000; ++i)
    body += std::to_string(i) + " ";
  provider.answer = [&](connection& to) { to.send(answer_of(body)); };
  auto heard = ask();
  CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body ended");
  CAF_CHECK(heard.body == body);
  // And a large request goes out whole.
  provider.answer = [](connection& to) { to.send(answer_of(std::to_string(to.last_request.size()))); };
  call_record large;
  auto request = small_request();
  request.body = body;
  auto call = client->call(here(), std::move(request), large);
  CAF_REQUIRE(run_until(loop, [&] { return large.over(); }));
  CAF_CHECK(provider.connections[0]->last_request.ends_with(body));
}

CAF_TEST(an empty answer and the statuses of a refusal are reported as they are) {
  for (std::string status : {"204 No Content", "302 Found", "401 Unauthorized", "500 Internal Server Error"}) {
    provider.answer = [&](connection& to) {
      to.send("HTTP/1.1 " + status + "\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    };
    CAF_CHECK_EQUAL(ask().all_events(), "connected " + status.substr(0, 3) + " ended");
  }
  provider.answer = [&](connection& to) {
    to.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno");
  };
  auto heard = ask();
  CAF_CHECK_EQUAL(heard.all_events(), "connected 429 body ended");
  CAF_CHECK_EQUAL(heard.retry_after, 7);
}

// -- keeping connections ---------------------------------------------------------------------------------------------

CAF_TEST(a connection serves one request after the other) {
  provider.answer = [](connection& to) { to.send(chunked_answer); };
  for (int i = 0; i < 10; ++i)
    CAF_REQUIRE_EQUAL(ask().all_events(), "connected 200 body ended");
  CAF_CHECK_EQUAL(provider.connections.size(), 1u);
  CAF_CHECK_EQUAL(provider.connections[0]->requests, 10);
  CAF_CHECK_EQUAL(client->idle_connections(), 1u);
}

CAF_TEST(a connection whose state is in doubt is not kept) {
  int round = 0;
  provider.answer = [&](connection& to) {
    switch (round++) {
    case 0:
      return to.send(answer_of("x", "Connection: close\r\n"));
    case 1:
      return to.send(answer_of("x") + "more");
    case 2:
      return to.send("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx");
    default:
      to.send("HTTP/1.1 200 OK\r\n\r\nx");
      to.stream->finish();
    }
  };
  for (std::size_t i = 0; i < 4; ++i) {
    CAF_CHECK_EQUAL(ask().all_events(), "connected 200 body ended");
    CAF_CHECK_EQUAL(client->idle_connections(), 0u);
    CAF_CHECK(gone(i));
  }
}

CAF_TEST(an upstream with other trust gets a connection of its own) {
  provider.answer = [](connection& to) { to.send(chunked_answer); };
  auto other = here();
  other->ca_file = "/another/file.pem";
  ask();
  ask(other);
  CAF_CHECK_EQUAL(provider.connections.size(), 2u);
}

CAF_TEST(a kept connection that turns out to be closed is replaced without a word) {
  provider.answer = [&](connection& to) {
    if (to.requests == 1)
      to.send(answer_of("x"));
    else
      to.close(); // as if its close had crossed the request
  };
  CAF_CHECK_EQUAL(ask().all_events(), "connected 200 body ended");
  CAF_CHECK_EQUAL(ask().all_events(), "connected 200 body ended");
  CAF_CHECK_EQUAL(provider.connections.size(), 2u);
  CAF_CHECK_EQUAL(provider.requests, 3);
}

CAF_TEST(a fresh connection that is closed without a response is a failure) {
  provider.answer = [&](connection& to) { to.close(); };
  auto heard = ask();
  CAF_CHECK_EQUAL(heard.all_events(), "connected failed");
  CAF_CHECK(heard.error.code == ec::upstream_unreachable);
  CAF_CHECK_EQUAL(provider.requests, 1);
  // Also when it replaces a kept one.
  provider.answer = [&](connection& to) { to.send(answer_of("x")); };
  ask();
  provider.answer = [&](connection& to) { to.close(); };
  CAF_CHECK_EQUAL(ask().all_events(), "connected failed");
  CAF_CHECK_EQUAL(provider.requests, 4);
}

CAF_TEST(a kept connection that breaks within a response is not tried again) {
  provider.answer = [&](connection& to) {
    if (to.requests == 1)
      return to.send(answer_of("x"));
    to.send("HTTP/1.1 200");
    to.close();
  };
  ask();
  auto heard = ask();
  CAF_CHECK_EQUAL(heard.all_events(), "connected failed");
  CAF_CHECK(heard.error.code == ec::upstream_truncated);
  CAF_CHECK_EQUAL(provider.requests, 2);
}

CAF_TEST(an idle connection is dropped when the provider closes it or says something unasked) {
  provider.answer = [](connection& to) { to.send(answer_of("x")); };
  ask();
  CAF_CHECK_EQUAL(client->idle_connections(), 1u);
  provider.connections[0]->close();
  CAF_CHECK(run_until(loop, [&] { return client->idle_connections() == 0; }));
  ask();
  provider.connections[1]->send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  CAF_CHECK(run_until(loop, [&] { return client->idle_connections() == 0; }));
  CAF_CHECK(gone(1));
}

CAF_TEST(connections are kept for a while and up to a number) {
  client.emplace(loop, upstream_client_settings{.idle_per_upstream = 2, .idle_time = std::chrono::milliseconds{30}});
  provider.answer = [&](connection&) {
    if (provider.requests == 3)
      for (auto& each : provider.connections)
        each->send(answer_of("x"));
  };
  call_record heard[3];
  std::unique_ptr<upstream_call> calls[3];
  for (int i = 0; i < 3; ++i)
    calls[i] = client->call(here(), small_request(), heard[i]);
  CAF_REQUIRE(run_until(loop, [&] { return heard[0].over() && heard[1].over() && heard[2].over(); }));
  CAF_CHECK_EQUAL(provider.connections.size(), 3u);
  CAF_CHECK_EQUAL(client->idle_connections(), 2u);
  CAF_CHECK(run_until(loop, [&] { return client->idle_connections() == 0; }));
  CAF_CHECK(gone(0) && gone(1) && gone(2));
}

CAF_TEST(the end of a client closes what is idle and leaves what is under way) {
  provider.answer = [&](connection& to) {
    if (to.number == 1)
      to.send(answer_of("x"));
  };
  ask();
  call_record first;
  call_record second;
  provider.answer = [](connection&) {};
  auto one = client->call(here(), small_request(), first);
  auto two = client->call(here(), small_request(), second);
  CAF_REQUIRE(run_until(loop, [&] { return provider.requests == 3; }));
  client.reset();
  for (auto& each : provider.connections)
    each->send(answer_of("x"));
  CAF_CHECK(run_until(loop, [&] { return first.over() && second.over(); }));
  CAF_CHECK_EQUAL(first.all_events(), "connected 200 body ended");
  CAF_CHECK(gone(0) && gone(1));
}

// -- failures --------------------------------------------------------------------------------------------------------

CAF_TEST(a body that is cut is truncated and what came is reported) {
  for (auto& answer : {std::string{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
                       std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}}) {
    provider.answer = [&](connection& to) {
      to.send(answer);
      to.stream->finish();
    };
    auto heard = ask();
    CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body failed");
    CAF_CHECK_EQUAL(heard.body, "abc");
    CAF_CHECK(heard.error.code == ec::upstream_truncated);
  }
}

CAF_TEST(what is not HTTP and what is too large a header is malformed) {
  for (auto& answer : {std::string{"SSH-2.0\r\n\r\n"}, "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
                       std::string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}}) {
    provider.answer = [&](connection& to) { to.send(answer); };
    auto heard = ask();
    CAF_CHECK_EQUAL(heard.events.back(), "failed");
    CAF_CHECK(heard.error.code == ec::upstream_malformed);
  }
}

CAF_TEST(who cannot be reached is unreachable and no text names the address or the key) {
  auto free_port = [this] {
    raw_provider closes_at_once{loop};
    return std::to_string(closes_at_once.port());
  }();
  for (auto& url : {"http://127.0.0.1:" + free_port + "/v1", "http://[::1]:" + free_port, std::string{"http://no..name/"},
                    std::string{"ftp://127.0.0.1"}, std::string{"http://"}, std::string{"http://user@127.0.0.1"},
                    std::string{"http://127.0.0.1:99999"}, std::string{"http://127.0.0.1:x"}, std::string{"http://[::1"}}) {
    auto heard = ask(upstream_at(url));
    CAF_CHECK_EQUAL(heard.all_events(), "failed");
    CAF_CHECK(heard.error.code == ec::upstream_unreachable);
    CAF_CHECK(heard.error.message.find("127.0.0.1") == std::string::npos);
    CAF_CHECK(heard.error.message.find("sk-secret") == std::string::npos);
  }
}

CAF_TEST(a header that would be two is not sent) {
  call_record heard;
  auto request = small_request();
  request.headers.emplace_back("X-Injected", "a\r\nContent-Length: 0");
  auto call = client->call(here(), std::move(request), heard);
  CAF_REQUIRE(run_until(loop, [&] { return heard.over(); }));
  CAF_CHECK(heard.error.code == ec::upstream_rejected);
  CAF_CHECK(provider.connections.empty());
}

CAF_TEST(a name is resolved once for many) {
  provider.answer = [](connection& to) { to.send(chunked_answer); };
  auto at = upstream_at("http://localhost:" + std::to_string(provider.port()));
  call_record heard[3];
  std::unique_ptr<upstream_call> calls[3];
  for (int i = 0; i < 3; ++i)
    calls[i] = client->call(at, small_request(), heard[i]);
  CAF_REQUIRE(run_until(loop, [&] { return heard[0].over() && heard[1].over() && heard[2].over(); }));
  for (auto& each : heard)
    CAF_CHECK_EQUAL(each.all_events(), "connected 200 body ended");
  CAF_CHECK_EQUAL(ask(at).all_events(), "connected 200 body ended");
  CAF_CHECK(provider.connections[0]->last_request.find("\r\nHost: localhost:") != std::string::npos);
}

// -- cancelling ------------------------------------------------------------------------------------------------------

CAF_TEST(destroying a call closes its connection at once) {
  provider.answer = [](connection& to) { to.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"); };
  call_record heard;
  auto call = client->call(here(), small_request(), heard);
  CAF_REQUIRE(run_until(loop, [&] { return heard.body == "x"; }));
  call.reset();
  CAF_CHECK(gone(0));
  CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body");
  CAF_CHECK_EQUAL(client->idle_connections(), 0u);
}

CAF_TEST(a call may be destroyed at any moment) {
  provider.answer = [](connection& to) { to.send(chunked_answer); };
  auto by_name = upstream_at("http://localhost:" + std::to_string(provider.port()));
  for (auto& at : {here(), by_name}) {
    for (int turns = 0; turns < 12; ++turns) {
      client.emplace(loop);
      call_record heard;
      auto call = client->call(at, small_request(), heard);
      for (int i = 0; i < turns; ++i)
        loop.run_once({});
      auto before = heard.events.size();
      call.reset();
      settle(loop);
      CAF_REQUIRE_EQUAL(heard.events.size(), before);
    }
  }
}

CAF_TEST(a callback may destroy its call and nothing comes after it) {
  for (std::string last : {"connected", "200", "body", "ended", "failed"}) {
    provider.answer = [&](connection& to) { to.send(last == "failed" ? "nonsense\r\n\r\n" : chunked_answer); };
    for (int kept = 0; kept < 2; ++kept) { // on a fresh connection, and on a kept one
      client.emplace(loop);
      if (kept == 1 && last != "failed")
        ask();
      call_record heard;
      std::unique_ptr<upstream_call> call;
      heard.on_event = [&](const std::string& event) {
        if (event == last)
          call.reset();
      };
      call = client->call(here(), small_request(), heard);
      CAF_REQUIRE(run_until(loop, [&] { return !call; }));
      settle(loop);
      CAF_CHECK_EQUAL(heard.events.back(), last);
    }
  }
}

CAF_TEST(a callback may make the next call) {
  provider.answer = [](connection& to) { to.send(chunked_answer); };
  call_record first;
  call_record second;
  std::unique_ptr<upstream_call> call;
  first.on_event = [&](const std::string& event) {
    if (event == "ended")
      call = client->call(here(), small_request(), second);
  };
  call = client->call(here(), small_request(), first);
  CAF_REQUIRE(run_until(loop, [&] { return second.over(); }));
  CAF_CHECK_EQUAL(second.all_events(), "connected 200 body ended");
  CAF_CHECK_EQUAL(provider.connections.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
