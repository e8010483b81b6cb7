#pragma once
// A provider made of raw bytes, on real loopback sockets, and a handler that remembers what it heard. Client and provider
// share one loop: a test runs it until what it waits for has happened, at most for a while.

#include "net/loop/reactor.hpp"
#include "net/stream/byte_stream.hpp"
#include "net/stream/tls.hpp"
#include "net/upstream/upstream_client.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace parley::net {

/// True if it happened. The limit is far beyond what is needed, for loaded machines under sanitizers.
template <class Done>
bool run_until(reactor& loop, Done done, std::chrono::seconds limit = std::chrono::seconds{20}) {
  auto deadline = steady::now() + limit;
  while (!done() && steady::now() < deadline)
    loop.run_once(deadline);
  return done();
}

/// Lets everything happen that is ready to.
inline void settle(reactor& loop) {
  for (int i = 0; i < 50; ++i)
    loop.run_once({});
}

/// Listens on a free port of 127.0.0.1, and gives away what connects.
class loopback_acceptor final : private socket_watcher {
public:
  loopback_acceptor(reactor& loop, std::function<void(int socket)> take)
    : loop_(loop), take_(std::move(take)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    auto* generic = reinterpret_cast<sockaddr*>(&address_);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 64) != 0 || ::getsockname(socket_, generic, &size) != 0
        || !loop_.watch(socket_, *this))
      throw std::runtime_error("can't listen on the loopback device");
  }

  ~loopback_acceptor() { close(); }
  loopback_acceptor(const loopback_acceptor&) = delete;
  loopback_acceptor& operator=(const loopback_acceptor&) = delete;

  std::uint16_t port() const { return ntohs(address_.sin_port); }

  sockaddr_storage address() const {
    sockaddr_storage result{};
    reinterpret_cast<sockaddr_in&>(result) = address_;
    return result;
  }

  void close() {
    if (socket_ == -1)
      return;
    loop_.forget(socket_, *this);
    ::close(std::exchange(socket_, -1));
  }

private:
  void socket_changed(std::uint32_t) override {
    for (int client = 0; (client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) != -1;)
      take_(client);
  }

  reactor& loop_;
  std::function<void(int)> take_;
  int socket_;
  sockaddr_in address_{};
};

class raw_provider {
public:
  struct connection final : byte_stream_handler {
    raw_provider* owner = nullptr;
    /// From 1.
    int number = 0;
    byte_stream_ptr stream;
    std::string input;
    std::string last_request;
    int requests = 0;
    bool gone = false;

    void send(std::string_view bytes) { stream->write(bytes); }

    /// In parts, each when the loop had time for what the one before causes.
    void send_parts(std::vector<std::string> parts) {
      if (parts.empty() || gone)
        return;
      send(parts.front());
      parts.erase(parts.begin());
      owner->loop_.post([this, rest = std::move(parts)] { owner->loop_.post([this, rest] { send_parts(rest); }); });
    }

    void close() {
      gone = true;
      stream->close();
    }

    void opened() override {}

    void received(std::string_view bytes) override {
      input.append(bytes);
      auto end = input.find("\r\n\r\n");
      if (end == input.npos)
        return;
      auto length = input.find("Content-Length: ");
      auto size = end + 4 + std::stoul(input.substr(length + 16));
      if (input.size() < size)
        return;
      last_request = input.substr(0, size);
      input.erase(0, size);
      ++requests;
      ++owner->requests;
      owner->answer(*this);
    }

    void peer_closed() override { gone = true; }
    void broken(std::string_view) override { gone = true; }
  };

  explicit raw_provider(reactor& loop, std::shared_ptr<const tls_context> tls = nullptr)
    : loop_(loop), tls_(std::move(tls)), acceptor_(loop, [this](int client) { take(client); }) {}

  reactor& loop() { return loop_; }

  std::uint16_t port() const { return acceptor_.port(); }

  /// What it does when a request is there.
  std::function<void(connection&)> answer;
  std::vector<std::unique_ptr<connection>> connections;
  int requests = 0;

private:
  void take(int client) {
    auto& made = *connections.emplace_back(std::make_unique<connection>());
    made.owner = this;
    made.number = static_cast<int>(connections.size());
    made.stream = byte_stream::accepted(loop_, client, tls_.get(), made);
  }

  reactor& loop_;
  std::shared_ptr<const tls_context> tls_;
  loopback_acceptor acceptor_;
};

/// What a call reported, in order: `connected`, `200`, `body`, `ended`, or `failed`.
class call_record final : public upstream_handler {
public:
  void connected() override { note("connected"); }

  void responded(int status, int retry) override {
    retry_after = retry;
    note(std::to_string(status));
  }

  void received(std::string_view bytes) override {
    ++pieces;
    body.append(bytes);
    if (events.empty() || events.back() != "body")
      events.push_back("body");
    if (on_event)
      on_event("body");
  }

  void ended() override { note("ended"); }

  void failed(failure why) override {
    error = std::move(why);
    note("failed");
  }

  bool over() const { return !events.empty() && (events.back() == "ended" || events.back() == "failed"); }

  std::string all_events() const {
    std::string sum;
    for (auto& event : events)
      sum.append(sum.empty() ? "" : " ").append(event);
    return sum;
  }

  std::vector<std::string> events;
  std::function<void(const std::string&)> on_event;
  std::string body;
  int pieces = 0;
  int retry_after = -1;
  failure error;

private:
  void note(const std::string& event) {
    events.push_back(event);
    if (on_event)
      on_event(event);
  }
};

inline std::shared_ptr<upstream> upstream_at(const std::string& base_url) {
  auto made = std::make_shared<upstream>();
  made->kind = provider_kind::openai;
  made->provider = "test";
  made->base_url = base_url;
  made->api_key = "sk-secret";
  return made;
}

inline wire::upstream_request small_request() {
  return {"/chat/completions", {{"Authorization", "Bearer sk-secret"}, {"Accept", "text/event-stream"}}, R"({"stream":true})"};
}

} // namespace parley::net
