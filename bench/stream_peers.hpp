#pragma once
// Both ends of a node that is being measured, its upstreams and its clients. They have a process of their own, so that only the
// node's work is counted. Their sockets are blocking, and they go in lockstep: the next chunk is sent to the node once a client
// has the one before. The node therefore does the same work in the same order, however busy the machine is.
//
// Checks that each client gets each chunk's text. Throws `std::runtime_error` if anything goes wrong.

#include "bench/recording.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace parley::bench {

/// A connected TCP socket of a peer. A call fails after 30 s without progress.
class peer_socket {
public:
  /// Takes over `fd`.
  explicit peer_socket(int fd) : fd_(fd) {
    if (fd_ == -1)
      throw std::runtime_error{"a socket can't be opened: errno " + std::to_string(errno)};
    int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    timeval patience{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  peer_socket(peer_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  peer_socket& operator=(peer_socket&&) = delete;
  ~peer_socket() {
    if (fd_ != -1)
      ::close(fd_);
  }

  static peer_socket connect(std::uint16_t port) {
    peer_socket made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made.fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error{"the node takes no connection"};
    return made;
  }

  static peer_socket accept(int listener) { return peer_socket{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)}; }

  void send(std::string_view bytes) const {
    if (::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error{"the node doesn't read"};
  }

  /// Reads until `wanted` has come, and returns all that came.
  std::string receive(std::string_view wanted) const {
    std::string came;
    while (came.find(wanted) == std::string::npos)
      receive_more(came);
    return came;
  }

  /// Reads a whole HTTP message; its header must have a Content-Length if there is a body.
  std::string receive_message() const {
    auto came = receive("\r\n\r\n");
    auto body = came.find("\r\n\r\n") + 4;
    auto field = came.find("Content-Length: ");
    auto size = field < body ? std::stoul(came.substr(field + 16)) : 0;
    while (came.size() < body + size)
      receive_more(came);
    return came;
  }

private:
  void receive_more(std::string& came) const {
    char buffer[16 * 1024];
    auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0)
      throw std::runtime_error{"what is awaited doesn't come; instead: '" + came + "'"};
    came.append(buffer, static_cast<std::size_t>(got));
  }

  int fd_;
};

/// What the clients ask for.
struct stream_plan {
  std::string_view name;
  /// For each participant the name of its recording, which is also its model's.
  std::vector<std::string_view> providers;
  /// Asked by `/v1/chat/completions`; else by a session and its `/api/messages/stream/`.
  bool stateless = false;
};

class stream_peers {
public:
  stream_peers(const stream_plan& plan, int upstream_listener, std::uint16_t node_port, const std::string& recordings)
    : plan_(plan), listener_(upstream_listener), port_(node_port) {
    for (auto name : plan.providers)
      said_.push_back(read_recording(recordings + "/" + std::string{name} + ".sse"));
  }

  /// Starts that many streams, one after the other. On return each participant's first chunk has reached its client.
  void begin(std::size_t streams) {
    for (std::size_t i = 0; i < streams; ++i) {
      auto& made = streams_.emplace_back(open_stream{peer_socket::connect(port_), {}});
      ask(made.client);
      while (made.upstreams.size() < plan_.providers.size()) {
        auto upstream = peer_socket::accept(listener_);
        upstream.receive_message();
        made.upstreams.push_back(std::move(upstream));
      }
      for (std::size_t who = 0; who < plan_.providers.size(); ++who) {
        made.upstreams[who].send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        if (!said_[who].head.empty())
          made.upstreams[who].send(framed(said_[who].head));
        play(made, who, 0);
      }
    }
  }

  /// Sends one chunk for each participant of each stream. Between two chunks of a run, every other stream has had one: so it is
  /// on a busy server, where the participants of a run each have a pace of their own.
  void round(std::size_t number) {
    for (std::size_t who = 0; who < plan_.providers.size(); ++who)
      for (auto& one : streams_)
        play(one, who, number);
  }

private:
  struct open_stream {
    peer_socket client;
    std::vector<peer_socket> upstreams;
  };

  /// A chunk of HTTP's chunked coding (RFC 9112, section 7.1).
  static std::string framed(std::string_view bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + std::string{bytes} + "\r\n";
  }

  void play(const open_stream& in, std::size_t who, std::size_t number) const {
    auto& delta = said_[who].deltas[number % said_[who].deltas.size()];
    in.upstreams[who].send(framed(delta.event));
    auto text = nlohmann::json(delta.text).dump();
    in.client.receive(text);
  }

  void post(const peer_socket& client, const std::string& path, const std::string& body) const {
    client.send("POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_)
                + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  void ask(const peer_socket& client) const {
    const std::string messages = R"("messages":[{"role":"user","content":"What does this do?"}])";
    if (plan_.stateless)
      return post(client, "/v1/chat/completions",
                  R"({"model":")" + std::string{plan_.providers.front()} + R"(","stream":true,)" + messages + '}');
    auto models = nlohmann::json(plan_.providers).dump();
    post(client, "/api/sessions/",
         R"({"mode":")" + std::string{plan_.providers.size() > 1 ? "compare" : "direct"} + R"(","models":)" + models + '}');
    auto made = client.receive_message();
    auto id = made.find(R"("id":")");
    if (id == std::string::npos)
      throw std::runtime_error{"no session: " + made};
    post(client, "/api/messages/stream/", R"({"session_id":")" + made.substr(id + 6, 36) + R"(",)" + messages + '}');
  }

  stream_plan plan_;
  int listener_;
  std::uint16_t port_;
  /// By participant.
  std::vector<recording> said_;
  std::vector<open_stream> streams_;
};

} // namespace parley::bench
