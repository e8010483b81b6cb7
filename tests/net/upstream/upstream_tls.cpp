#define CAF_SUITE net.upstream.upstream_tls

#include "tests/net/upstream/upstream_certificates.hpp"
#include "tests/net/upstream/upstream_fixture.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;

namespace {

using connection = raw_provider::connection;

const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

struct fixture {
  certificate_folder certificates;
  reactor loop;
  upstream_client client{loop};

  std::shared_ptr<const tls_context> serving(const std::string& names, int days = 1) {
    auto files = certificates.certify("server", names, days);
    auto made = tls_context::for_server(files.certificate_file, files.key_file);
    CAF_REQUIRE(made);
    return *made;
  }

  call_record ask(raw_provider& provider, const std::string& host, const std::string& ca_file) {
    auto at = upstream_at("https://" + host + ":" + std::to_string(provider.port()));
    at->ca_file = ca_file;
    call_record heard;
    auto call = client.call(at, small_request(), heard);
    CAF_REQUIRE(run_until(loop, [&] { return heard.over(); }));
    settle(loop);
    return heard;
  }

  void refused(raw_provider& provider, const std::string& host, const std::string& ca_file, const std::string& reason) {
    provider.answer = [](connection& to) { to.send(answer); };
    auto heard = ask(provider, host, ca_file);
    CAF_CHECK_EQUAL(heard.all_events(), "failed");
    CAF_CHECK(heard.error.code == ec::upstream_unreachable);
    if (heard.error.message.find(reason) == std::string::npos)
      CAF_ERROR("another reason: " << heard.error.message);
    CAF_CHECK_EQUAL(provider.requests, 0);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(upstream_tls_tests, fixture)

CAF_TEST(a name and an address that the certificate has are served and the connection is kept) {
  raw_provider provider{loop, serving("DNS:localhost,IP:127.0.0.1")};
  provider.answer = [](connection& to) { to.send(answer); };
  for (std::string host : {"localhost", "127.0.0.1"}) {
    for (int i = 0; i < 3; ++i) {
      auto heard = ask(provider, host, certificates.ca_file());
      CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body ended");
      CAF_CHECK_EQUAL(heard.body, "hello");
    }
  }
  CAF_CHECK_EQUAL(provider.connections.size(), 2u);
}

CAF_TEST(a certificate of an unknown authority is refused) {
  raw_provider provider{loop, serving("IP:127.0.0.1")};
  refused(provider, "127.0.0.1", "", "unable to get local issuer certificate");
  certificate_folder others;
  refused(provider, "127.0.0.1", others.ca_file(), "certificate verify failed");
}

CAF_TEST(a certificate for another host is refused) {
  raw_provider provider{loop, serving("DNS:example.test,IP:127.0.0.9")};
  refused(provider, "localhost", certificates.ca_file(), "hostname mismatch");
  refused(provider, "127.0.0.1", certificates.ca_file(), "IP address mismatch");
}

CAF_TEST(a certificate that has run out is refused) {
  raw_provider provider{loop, serving("IP:127.0.0.1", -1)};
  refused(provider, "127.0.0.1", certificates.ca_file(), "certificate has expired");
}

CAF_TEST(a server without TLS and a missing file of authorities are refused) {
  raw_provider plain{loop};
  plain.answer = [](connection&) {};
  auto at = upstream_at("https://127.0.0.1:" + std::to_string(plain.port()));
  call_record heard;
  auto call = client.call(at, small_request(), heard);
  CAF_REQUIRE(run_until(loop, [&] { return !plain.connections.empty() && !plain.connections[0]->input.empty(); }));
  CAF_CHECK_EQUAL(plain.connections[0]->input.front(), '\x16'); // a ClientHello, and nothing of the request
  CAF_CHECK(plain.connections[0]->input.find("sk-secret") == std::string::npos);
  plain.connections[0]->send("HTTP/1.1 400 Bad Request\r\n\r\n");
  CAF_REQUIRE(run_until(loop, [&] { return heard.over(); }));
  CAF_CHECK(heard.error.code == ec::upstream_unreachable);
  refused(plain, "127.0.0.1", "/no/such/file.pem", "ca_file");
}

CAF_TEST(a stream that ends without close notify is truncated) {
  raw_provider provider{loop, serving("IP:127.0.0.1")};
  provider.answer = [](connection& to) {
    to.send("HTTP/1.1 200 OK\r\n\r\nsome");
    to.owner->loop().post([&to] { to.close(); });
  };
  auto cut = ask(provider, "127.0.0.1", certificates.ca_file());
  CAF_CHECK_EQUAL(cut.all_events(), "connected 200 body failed");
  CAF_CHECK(cut.error.code == ec::upstream_truncated);
  provider.answer = [](connection& to) {
    to.send("HTTP/1.1 200 OK\r\n\r\nall");
    to.stream->finish();
  };
  auto whole = ask(provider, "127.0.0.1", certificates.ca_file());
  CAF_CHECK_EQUAL(whole.all_events(), "connected 200 body ended");
  CAF_CHECK_EQUAL(whole.body, "all");
}

CAF_TEST(large bodies go both ways) {
  raw_provider provider{loop, serving("IP:127.0.0.1")};
  std::string body;
  for (int i = 0; body.size() < 2'000'000; ++i)
    body += std::to_string(i) + " ";
  provider.answer = [&](connection& to) {
    auto all = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    to.send(all);
  };
  auto at = upstream_at("https://127.0.0.1:" + std::to_string(provider.port()));
  at->ca_file = certificates.ca_file();
  auto request = small_request();
  request.body = body;
  call_record heard;
  auto call = client.call(at, std::move(request), heard);
  CAF_REQUIRE(run_until(loop, [&] { return heard.over(); }));
  CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body ended");
  CAF_CHECK(heard.body == body);
  CAF_CHECK(provider.connections[0]->last_request.ends_with(body));
}

CAF_TEST_FIXTURE_SCOPE_END()
