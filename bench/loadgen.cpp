// Clients that cost next to nothing: one thread, epoll, N streams at once; measures each chunk's way from the fast upstream
// through a server, checks each stream's text by its hash, and prints one JSON object.
//
//   loadgen --port P --mode parley|openai [--path /v1/chat/completions] [--model bench-20-50000] [--header 'Name: value']...
//           [--models bench[,bench2]] [--streams 1000] [--ramp-ms 1000] [--timeout-s 120] [--connect before|late]
//           [--observers 0]
//
// `parley` makes a session for each stream, then posts a turn and reads lines; `openai` posts a chat completion. All are
// connected before the first stream begins, unless they connect late: then each connects when it is its turn, and the time
// to its first token has that in it. Observers, in mode `parley`, watch a session each by WebSocket, and must see its answers
// whole and stored. Before the first stream begins, {"ready":1000} is printed as a line of its own; {"all_run":50000} once each
// has its first chunk, with the number of chunks until then; {"first_over":170000} when the first one ends.

#include "bench/answer_text.hpp"
#include "bench/histogram.hpp"
#include "bench/http_response.hpp"
#include "bench/load_options.hpp"
#include "bench/observer.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace parley::bench;

namespace {

enum class state { connecting, making_session, ready, streaming, done, failed };

struct client {
  int fd = -1;
  state at = state::connecting;
  std::uint64_t start_at = 0;
  std::uint64_t asked_at = 0;
  bool first_seen = false;
  std::string session;
  http_response response;
  /// Lines that aren't whole yet.
  std::string line;
  std::array<answer_text, 8> answers;
};

struct results {
  histogram latency;
  histogram first;
  std::uint64_t chunks = 0;
  std::uint64_t events = 0;
  std::uint64_t finished = 0;
  std::uint64_t failed = 0;
  std::map<std::string, int> reasons;
  std::uint64_t first_chunk_at = 0;
  std::uint64_t last_chunk_at = 0;
};

class generator {
public:
  explicit generator(load_options o)
    : options_(std::move(o)), clients_(options_.streams), observers_(options_.observers), epoll_(epoll_create1(0)) {}

  results run() {
    prepare_all();
    auto deadline = now_ns() + options_.timeout_s * 1'000'000'000ULL;
    // All are connected and have their sessions before the first turn is posted.
    while (ready_ + over_ < clients_.size() + observers_.size() && now_ns() < deadline)
      poll(100);
    tell("ready", ready_);
    auto begin = now_ns() + 50'000'000;
    for (std::size_t i = 0; i < clients_.size(); ++i)
      clients_[i].start_at = begin + options_.ramp_ms * 1'000'000 * i / clients_.size();
    std::size_t next = 0;
    while (over_ < clients_.size() + observers_.size() && now_ns() < deadline) {
      while (next < clients_.size() && clients_[next].start_at <= now_ns())
        start(clients_[next++]);
      poll(next < clients_.size()
             ? static_cast<int>((clients_[next].start_at - std::min(now_ns(), clients_[next].start_at)) / 1'000'000)
             : 1000);
    }
    for (auto& c : clients_)
      if (c.at != state::done && c.at != state::failed)
        fail(c, "not finished in time");
    for (auto& o : observers_)
      if (!o.over)
        fail(o, "an observer didn't see all");
    return result_;
  }

private:
  static void tell(const char* what, std::uint64_t count) {
    std::printf("{\"%s\":%lu}\n", what, count);
    std::fflush(stdout);
  }

  void prepare_all() {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (options_.late && !options_.parley)
        become_ready(clients_[i]);
      else
        connect(clients_[i]);
      if (i % 64 == 63)
        poll(1);
    }
  }

  void connect(client& c) {
    c.at = state::connecting;
    c.fd = connected_socket(static_cast<std::uint64_t>(&c - clients_.data()));
    if (c.fd < 0)
      fail(c, "no connection");
  }

  /// It may still be connecting; -1 if that can't be. `number` comes with its events.
  int connected_socket(std::uint64_t number) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
      close(fd);
      return -1;
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = number;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    return fd;
  }

  void poll(int millis) {
    epoll_event events[512];
    auto count = epoll_wait(epoll_, events, 512, millis);
    for (int i = 0; i < count; ++i) {
      auto number = events[i].data.u64;
      if (number >= clients_.size()) {
        observe(observers_[number - clients_.size()], clients_[number - clients_.size()]);
        continue;
      }
      auto& c = clients_[number];
      if (c.at == state::connecting && (events[i].events & EPOLLOUT))
        connected(c);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        readable(c);
    }
  }

  void connected(client& c) {
    if (c.asked_at > 0)
      return ask(c);
    if (!options_.parley)
      return become_ready(c);
    c.at = state::making_session;
    std::string body = std::string{R"({"mode":")"} + (options_.models.size() > 1 ? "compare" : "direct") + R"(","models":[)";
    for (auto& model : options_.models)
      body += (body.back() == '[' ? "\"" : ",\"") + model + '"';
    post(c, "/api/sessions/", body + "]}");
  }

  void become_ready(client& c) {
    c.at = state::ready;
    ++ready_;
  }

  void post(client& c, const std::string& path, const std::string& body) {
    c.response.expect();
    auto request = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options_.port)
                   + "\r\nContent-Type: application/json\r\nAuthorization: Bearer bench\r\n" + options_.headers
                   + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      fail(c, "request not taken");
  }

  void start(client& c) {
    if (c.at != state::ready)
      return;
    c.asked_at = now_ns();
    if (options_.late)
      connect(c);
    else
      ask(c);
  }

  void ask(client& c) {
    c.at = state::streaming;
    if (options_.parley)
      post(c, "/api/messages/stream/", R"({"session_id":")" + c.session + R"(","messages":[{"role":"user","content":"Hello"}]})");
    else
      post(c, options_.path,
           R"({"model":")" + options_.model
             + R"(","stream":true,"max_tokens":1000,"messages":[{"role":"user","content":"Hello"}]})");
  }

  void readable(client& c) {
    for (;;) {
      char buffer[65536];
      auto got = recv(c.fd, buffer, sizeof buffer, 0);
      if (got < 0 && errno == EAGAIN)
        return;
      if (got <= 0)
        return c.at == state::done || c.at == state::failed ? void() : fail(c, "connection closed");
      if (c.at == state::done || c.at == state::failed)
        return;
      decode(c, {buffer, static_cast<std::size_t>(got)});
      if (static_cast<std::size_t>(got) < sizeof buffer)
        return;
    }
  }

  void decode(client& c, std::string_view bytes) {
    c.response.feed(bytes, [&](std::string_view body) { take(c, body); });
    auto& status = c.response.status();
    if (!status.empty() && status != "200" && status != "201")
      fail(c, "status " + status);
    else if (c.response.ended() && c.at != state::failed)
      response_ended(c);
  }

  void take(client& c, std::string_view bytes) {
    c.line += bytes;
    if (c.at == state::making_session)
      return;
    std::size_t at = 0;
    for (auto eol = c.line.find('\n'); eol != std::string::npos; eol = c.line.find('\n', at)) {
      read_line(c, std::string_view{c.line}.substr(at, eol - at));
      at = eol + 1;
    }
    c.line.erase(0, at);
  }

  void read_line(client& c, std::string_view line) {
    // How OpenAI and Parley, Anthropic, and the AI SDK name the text.
    constexpr std::array<std::string_view, 3> marks{"\"content\":\"", "\"text\":\"", "\"delta\":\""};
    auto at = std::string_view::npos;
    for (auto mark = marks.begin(); mark != marks.end() && at == std::string_view::npos; ++mark)
      if (at = line.find(*mark); at != std::string_view::npos)
        at += mark->size();
    if (at == std::string_view::npos)
      return;
    ++result_.events;
    auto text = line.substr(at, line.find('"', at) - at);
    auto& a = c.answers[options_.parley && line[0] >= 'a' && line[0] <= 'h' ? static_cast<std::size_t>(line[0] - 'a') : 0];
    auto now = now_ns();
    auto* wrong = a.take(text, [&](std::uint64_t sent) {
      if (!c.first_seen) {
        c.first_seen = true;
        result_.first.add(now - c.asked_at);
        all_run_ = ++begun_ == clients_.size() && result_.finished == 0;
        if (all_run_)
          tell("all_run", result_.chunks);
      }
      result_.latency.add(now > sent ? now - sent : 0);
      ++result_.chunks;
      if (result_.first_chunk_at == 0)
        result_.first_chunk_at = now;
      result_.last_chunk_at = now;
    });
    if (wrong)
      fail(c, wrong);
  }

  void response_ended(client& c) {
    if (c.at == state::making_session) {
      auto id = c.line.find("\"id\":\"");
      if (id == std::string::npos)
        return fail(c, "a session without an id");
      c.session = c.line.substr(id + 6, 36);
      c.line.clear();
      if (auto number = static_cast<std::size_t>(&c - clients_.data()); number < observers_.size())
        watch(observers_[number], clients_.size() + number);
      if (options_.late) {
        close(c.fd);
        c.fd = -1;
      }
      return become_ready(c);
    }
    auto answers = options_.parley ? options_.models.size() : 1;
    for (std::size_t i = 0; i < answers; ++i)
      if (!c.answers[i].whole())
        return fail(c, "an answer isn't whole or its hash is wrong");
    c.at = state::done;
    ++over_;
    ++result_.finished;
    if (std::exchange(all_run_, false))
      tell("first_over", result_.chunks);
    close(c.fd);
  }

  void watch(observer& o, std::uint64_t number) {
    o.fd = connected_socket(number);
    if (o.fd < 0)
      fail(o, "no connection for an observer");
  }

  /// Its socket is connected, or has something to read.
  void observe(observer& o, const client& watched) {
    if (o.over)
      return;
    if (!o.asked) {
      o.asked = true;
      auto request = o.begin(watched.session, options_.port);
      if (send(o.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        return fail(o, "an observer's request wasn't taken");
    }
    char buffer[65536];
    for (;;) {
      auto got = recv(o.fd, buffer, sizeof buffer, 0);
      if (got < 0 && errno == EAGAIN)
        return;
      if (got <= 0)
        return fail(o, "an observer's connection was closed");
      auto joined = o.joined();
      if (auto* wrong = o.take({buffer, static_cast<std::size_t>(got)}, [](std::uint64_t) {}))
        return fail(o, std::string{"an observer: "} + wrong);
      ready_ += o.joined() && !joined;
      if (o.whole() == options_.models.size()) {
        o.over = true;
        ++over_;
        close(o.fd);
        return;
      }
    }
  }

  void fail(observer& o, const std::string& why) {
    o.over = true;
    ++over_;
    ++result_.failed;
    ++result_.reasons[why];
    if (o.fd >= 0)
      close(o.fd);
  }

  void fail(client& c, const std::string& why) {
    if (c.at == state::failed)
      return;
    c.at = state::failed;
    ++over_;
    ++result_.failed;
    ++result_.reasons[why];
    if (c.fd >= 0)
      close(c.fd);
  }

  load_options options_;
  std::vector<client> clients_;
  /// The n-th watches the n-th client's session.
  std::vector<observer> observers_;
  int epoll_;
  results result_;
  std::size_t ready_ = 0;
  /// Streams that have had a chunk.
  std::size_t begun_ = 0;
  /// All of them, and none has ended.
  bool all_run_ = false;
  std::size_t over_ = 0;
};

} // namespace

int main(int argc, char** argv) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  auto r = generator{parse(argc, argv)}.run();
  auto seconds = static_cast<double>(r.last_chunk_at - r.first_chunk_at) / 1e9;
  std::string reasons;
  for (auto& [why, count] : r.reasons)
    reasons += (reasons.empty() ? "\"" : ",\"") + why + "\":" + std::to_string(count);
  std::printf(R"({"finished":%lu,"failed":%lu,"reasons":{%s},"chunks":%lu,"events":%lu,"seconds":%.3f,"chunks_per_second":%.0f,)"
              R"("latency_ms":%s,"first_ms":%s})"
              "\n",
              r.finished, r.failed, reasons.c_str(), r.chunks, r.events, seconds,
              seconds > 0 ? static_cast<double>(r.chunks) / seconds : 0.0, r.latency.json().c_str(), r.first.json().c_str());
  return r.failed == 0 ? 0 : 1;
}
