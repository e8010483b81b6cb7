#define CAF_SUITE net.stream.byte_stream

#include "net/stream/byte_stream.hpp"

#include "tests/net/upstream/upstream_certificates.hpp"
#include "tests/net/upstream/upstream_fixture.hpp"
#include "tests/support/seen_log.hpp"

#include <caf/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

using namespace parley;
using namespace parley::net;

namespace {

class listener_record final : public byte_stream_handler {
public:
  void opened() override { note("opened"); }
  void received(std::string_view bytes) override {
    largest = std::max(largest, bytes.size());
    input.append(bytes);
    if (events.empty() || events.back() != "received")
      events.push_back("received");
    if (on_event)
      on_event("received");
  }
  void peer_closed() override { note("peer_closed"); }
  void drained() override { note("drained"); }
  void broken(std::string_view text) override {
    why = text;
    note("broken");
  }

  bool heard(const std::string& event) const { return std::find(events.begin(), events.end(), event) != events.end(); }

  std::vector<std::string> events;
  std::function<void(const std::string&)> on_event;
  std::string input;
  std::string why;
  std::size_t largest = 0;

private:
  void note(const std::string& event) {
    events.push_back(event);
    if (on_event)
      on_event(event);
  }
};

/// A connected pair of TCP sockets; the second is non-blocking.
struct tcp_pair {
  int ours = -1;
  int theirs = -1;

  tcp_pair() {
    int acceptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    CAF_REQUIRE_EQUAL(::bind(acceptor, generic, size), 0);
    CAF_REQUIRE_EQUAL(::listen(acceptor, 1), 0);
    CAF_REQUIRE_EQUAL(::getsockname(acceptor, generic, &size), 0);
    theirs = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CAF_REQUIRE_EQUAL(::connect(theirs, generic, size), 0);
    ours = ::accept(acceptor, nullptr, nullptr);
    CAF_REQUIRE(ours >= 0);
    ::fcntl(theirs, F_SETFL, O_NONBLOCK);
    ::close(acceptor);
  }

  ~tcp_pair() { hang_up(); }
  tcp_pair(const tcp_pair&) = delete;
  tcp_pair& operator=(const tcp_pair&) = delete;

  void say(std::string_view bytes) const {
    CAF_REQUIRE_EQUAL(::write(theirs, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  /// What is there to read; `ended` becomes true at the end.
  std::string hear() {
    std::string result;
    char buffer[65536];
    for (;;) {
      auto got = ::read(theirs, buffer, sizeof(buffer));
      if (got <= 0) {
        ended = ended || got == 0;
        return result;
      }
      result.append(buffer, static_cast<std::size_t>(got));
    }
  }

  void hang_up() {
    if (theirs >= 0)
      ::close(theirs);
    theirs = -1;
  }

  /// Closing with data unread or without lingering resets the connection.
  void reset() {
    linger at_once{1, 0};
    ::setsockopt(theirs, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    hang_up();
  }

  bool ended = false;
};

struct fixture {
  reactor loop;
  tcp_pair peer;
  listener_record heard;
  byte_stream_ptr stream;

  void open() {
    stream = byte_stream::accepted(loop, peer.ours, nullptr, heard);
    CAF_REQUIRE(heard.events.empty());
    CAF_REQUIRE(run_until(loop, [&] { return heard.heard("opened"); }));
  }
};

/// Client and server, TLS between them.
struct tls_fixture {
  reactor loop;
  certificate_folder certificates;
  certificate_folder::pair files = certificates.certify("server", "IP:127.0.0.1");
  std::shared_ptr<const tls_context> serving = *tls_context::for_server(files.certificate_file, files.key_file);
  std::shared_ptr<const tls_context> trusting = *tls_context::for_client(certificates.ca_file());
  listener_record server;
  listener_record client;
  byte_stream_ptr server_stream;
  byte_stream_ptr client_stream;
  loopback_acceptor acceptor{loop,
                             [this](int socket) { server_stream = byte_stream::accepted(loop, socket, serving.get(), server); }};

  void connect() { client_stream = byte_stream::connect(loop, acceptor.address(), trusting.get(), "127.0.0.1", client); }

  void open() {
    connect();
    CAF_REQUIRE(run_until(loop, [&] { return server.heard("opened") && client.heard("opened"); }));
  }
};

/// Text in which nothing can be missing or in another order unnoticed.
std::string numbers(std::size_t size) {
  static const std::string all = [] {
    std::string text;
    for (int i = 0; text.size() < 10'000'000; ++i)
      text.append(std::to_string(i)).append(" ");
    return text;
  }();
  return all.substr(0, size);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(byte_stream_tests, fixture)

CAF_TEST(a stream opens before it tells what came and knows its peer) {
  peer.say("early");
  stream = byte_stream::accepted(loop, peer.ours, nullptr, heard);
  CAF_CHECK(heard.events.empty());
  CAF_REQUIRE(run_until(loop, [&] { return heard.input == "early"; }));
  CAF_CHECK_EQUAL(heard.events.front(), "opened");
  CAF_CHECK_EQUAL(stream->peer_address().rfind("127.0.0.1:", 0), 0u);
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  ::getsockopt(peer.ours, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  CAF_CHECK_EQUAL(no_delay, 1);
}

CAF_TEST(an exception in a callback ends the connection and is told) {
  test::seen_log seen;
  heard.on_event = [](const std::string& event) {
    if (event == "received")
      throw std::length_error{"too long"};
  };
  open();
  peer.say("some");
  CAF_REQUIRE(run_until(loop, [&] { return heard.heard("broken"); }));
  peer.hear();
  CAF_CHECK(peer.ended);
  CAF_CHECK_EQUAL(seen.lines(), std::vector<std::string>{"error callback=byte_stream threw: too long"});
}

CAF_TEST(what is written is sent at once and in order) {
  open();
  std::vector<std::string> parts;
  for (int i = 0; i < 40; ++i) // more than one system call takes
    parts.push_back(std::to_string(i) + ",");
  std::vector<std::string_view> views{parts.begin(), parts.end()};
  std::string all;
  for (auto& part : parts)
    all += part;
  CAF_CHECK_EQUAL(stream->write(views), 0u);
  CAF_CHECK_EQUAL(stream->write("end"), 0u);
  CAF_CHECK_EQUAL(peer.hear(), all + "end"); // the loop has not turned
  CAF_CHECK_EQUAL(stream->sent(), all.size() + 3);
  CAF_CHECK(!heard.heard("drained"));
}

CAF_TEST(what a slow reader does not take waits and comes whole) {
  open();
  auto text = numbers(10'000'000);
  auto half = text.size() / 2;
  std::string_view begin[] = {std::string_view{text}.substr(0, 10), std::string_view{text}.substr(10, half - 20),
                              std::string_view{text}.substr(half - 10, 10)};
  auto waiting = stream->write(begin);
  CAF_CHECK(waiting > 0);
  CAF_CHECK_EQUAL(stream->unsent(), waiting);
  std::string_view pieces[] = {std::string_view{text}.substr(half, 10), std::string_view{text}.substr(half + 10)};
  CAF_CHECK_EQUAL(stream->write(pieces), waiting + text.size() - half);
  std::string got;
  CAF_REQUIRE(run_until(loop, [&] {
    got += peer.hear();
    return got.size() >= text.size();
  }));
  CAF_CHECK(got == text);
  settle(loop);
  CAF_CHECK_EQUAL(stream->unsent(), 0u);
  CAF_CHECK_EQUAL(stream->sent(), text.size());
  CAF_CHECK_EQUAL(heard.events.back(), "drained");
}

CAF_TEST(much that came at once is read at once) {
  open();
  auto text = numbers(1'000'000);
  std::size_t said = 0;
  CAF_REQUIRE(run_until(loop, [&] {
    auto took = ::write(peer.theirs, text.data() + said, text.size() - said);
    said += took > 0 ? static_cast<std::size_t>(took) : 0;
    settle(loop);
    return heard.input.size() == text.size();
  }));
  CAF_CHECK(heard.input == text);
  CAF_CHECK(heard.largest <= 64u * 1024u);
}

CAF_TEST(a paused stream tells nothing until it is resumed) {
  open();
  stream->pause_reading();
  peer.say("one");
  settle(loop);
  CAF_CHECK_EQUAL(heard.input, "");
  stream->resume_reading();
  stream->resume_reading();
  CAF_REQUIRE(run_until(loop, [&] { return heard.input == "one"; }));
  heard.on_event = [&](const std::string&) { stream->pause_reading(); };
  peer.say("two");
  CAF_REQUIRE(run_until(loop, [&] { return heard.input == "onetwo"; }));
  peer.say("three");
  peer.hang_up();
  settle(loop);
  CAF_CHECK_EQUAL(heard.input, "onetwo");
  heard.on_event = nullptr;
  stream->resume_reading();
  CAF_REQUIRE(run_until(loop, [&] { return heard.heard("peer_closed"); }));
  CAF_CHECK_EQUAL(heard.input, "onetwothree");
}

CAF_TEST(a peer that closed its direction can still be written to) {
  open();
  peer.say("bye");
  ::shutdown(peer.theirs, SHUT_WR);
  CAF_REQUIRE(run_until(loop, [&] { return heard.heard("peer_closed"); }));
  CAF_CHECK_EQUAL(heard.input, "bye");
  stream->write("and you");
  CAF_CHECK_EQUAL(peer.hear(), "and you");
  settle(loop);
  CAF_CHECK(!heard.heard("broken"));
}

CAF_TEST(finish sends what waits and then ends) {
  open();
  auto text = numbers(8'000'000);
  CAF_CHECK(stream->write(text) > 0);
  stream->finish();
  stream->write("too late");
  std::string got;
  CAF_REQUIRE(run_until(loop, [&] {
    got += peer.hear();
    return peer.ended;
  }));
  CAF_CHECK(got == text);
  peer.say("still heard");
  CAF_CHECK(run_until(loop, [&] { return heard.input == "still heard"; }));
}

CAF_TEST(a reset is told once and not from within a call) {
  open();
  peer.reset();
  CAF_REQUIRE(run_until(loop, [&] { return heard.heard("broken"); }));
  CAF_CHECK_EQUAL(heard.events.back(), "broken");
  CAF_CHECK(!heard.why.empty());
  auto count = heard.events.size();
  stream->write("x");
  stream->finish();
  stream->resume_reading();
  settle(loop);
  CAF_CHECK_EQUAL(heard.events.size(), count);
}

CAF_TEST(writing to a peer that is gone is told later) {
  open();
  stream->pause_reading();
  peer.reset();
  settle(loop);
  stream->write("x");
  stream->write("y");
  CAF_CHECK(!heard.heard("broken"));
  CAF_CHECK(run_until(loop, [&] { return heard.heard("broken"); }));
}

CAF_TEST(closing is silent and immediate) {
  open();
  peer.say("unheard");
  stream.reset();
  peer.hear();
  settle(loop);
  peer.hear();
  CAF_CHECK_EQUAL(heard.events.size(), 1u); // opened
}

CAF_TEST(each callback may destroy its stream) {
  for (std::string last : {"opened", "received", "peer_closed", "drained", "broken"}) {
    tcp_pair other;
    listener_record record;
    byte_stream_ptr mine;
    record.on_event = [&](const std::string& event) {
      if (event == last)
        mine.reset();
    };
    mine = byte_stream::accepted(loop, std::exchange(other.ours, -1), nullptr, record);
    other.say("hello");
    auto text = numbers(8'000'000);
    settle(loop);
    if (last == "drained")
      mine->write(text);
    if (last == "peer_closed")
      other.hang_up();
    if (last == "broken")
      other.reset();
    CAF_CHECK(run_until(loop, [&] {
      if (other.theirs >= 0)
        other.hear();
      return !mine;
    }));
    settle(loop);
    CAF_CHECK_EQUAL(record.events.back(), last);
  }
}

CAF_TEST(a stream changes hands) {
  open();
  listener_record second;
  heard.on_event = [&](const std::string&) { stream->set_handler(second); };
  peer.say("first");
  CAF_REQUIRE(run_until(loop, [&] { return heard.input == "first"; }));
  peer.say("second");
  CAF_REQUIRE(run_until(loop, [&] { return second.input == "second"; }));
  CAF_CHECK_EQUAL(heard.input, "first");
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(byte_stream_tls_tests, tls_fixture)

CAF_TEST(TLS carries bytes both ways whole and in order) {
  open();
  auto text = numbers(3'000'000);
  std::string_view pieces[] = {std::string_view{text}.substr(0, 7), std::string_view{text}.substr(7)};
  client_stream->write(pieces);
  server_stream->write(text);
  CAF_REQUIRE(run_until(loop, [&] { return server.input.size() >= text.size() && client.input.size() >= text.size(); }));
  CAF_CHECK(server.input == text);
  CAF_CHECK(client.input == text);
}

CAF_TEST(TLS tells nothing while paused and all of it afterwards) {
  open();
  client.on_event = [&](const std::string& event) {
    if (event == "received")
      client_stream->pause_reading();
  };
  auto text = numbers(1'000'000);
  server_stream->write(text);
  settle(loop);
  CAF_CHECK(client.largest < text.size());
  CAF_CHECK_EQUAL(client.input.size(), client.largest); // one call, and then the pause
  for (int i = 0; i < 1000 && client.input.size() < text.size(); ++i) {
    client_stream->resume_reading();
    settle(loop);
  }
  CAF_CHECK(client.input == text);
}

CAF_TEST(bytes that came with the handshake outlast a pause) {
  server.on_event = [&](const std::string& event) {
    if (event == "opened")
      server_stream->pause_reading();
  };
  client.on_event = [&](const std::string& event) {
    if (event == "opened") // goes out together with the client's last message of the handshake
      client_stream->write("early");
  };
  open();
  settle(loop);
  CAF_CHECK_EQUAL(server.input, "");
  server_stream->resume_reading();
  CAF_CHECK(server.input.empty());
  CAF_CHECK(run_until(loop, [&] { return server.input == "early"; }));
}

CAF_TEST(TLS says goodbye and notices when the peer does not ) {
  open();
  server_stream->write("last words");
  server_stream->finish();
  CAF_REQUIRE(run_until(loop, [&] { return client.heard("peer_closed"); }));
  CAF_CHECK_EQUAL(client.input, "last words");
  client_stream->finish();
  CAF_REQUIRE(run_until(loop, [&] { return server.heard("peer_closed"); }));
  CAF_CHECK(!client.heard("broken"));

  server = {};
  client = {};
  open();
  server_stream->close();
  CAF_REQUIRE(run_until(loop, [&] { return client.heard("broken"); }));
  CAF_CHECK(!client.heard("peer_closed"));
}

CAF_TEST(TLS callbacks may destroy their stream) {
  for (std::string last : {"opened", "received", "peer_closed", "broken"}) {
    server = {};
    client = {};
    client.on_event = [&](const std::string& event) {
      if (event == last)
        client_stream.reset();
    };
    server.on_event = [&](const std::string& event) {
      if (event == "opened") {
        server_stream->write("hello");
        if (last == "broken")
          loop.post([&] { server_stream->close(); });
        else
          server_stream->finish();
      }
    };
    connect();
    CAF_CHECK(run_until(loop, [&] { return !client_stream; }));
    settle(loop);
    CAF_CHECK_EQUAL(client.events.back(), last);
  }
}

CAF_TEST(garbage instead of a handshake is broken before anything opens) {
  tcp_pair peer;
  listener_record heard;
  auto stream = byte_stream::accepted(loop, peer.ours, serving.get(), heard);
  peer.say("GET / HTTP/1.1\r\n\r\n");
  CAF_REQUIRE(run_until(loop, [&] { return heard.heard("broken"); }));
  CAF_CHECK_EQUAL(heard.events.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
