// Turns without end: clients that each keep one connection and take turn after turn, over sessions in rotation. One thread,
// epoll. Each answer's text is checked by its hash (`answer_text.hpp`).
//
//   turns --port P --model first [--turns 1000000] [--seconds 0] [--clients 64] [--sessions 1000] [--visits 4] [--in-a-row 5]
//         [--rate 1000]
//
// A session is asked 5 times in a row, then rests while all others have theirs; after 4 such visits it is deleted, and a new
// one takes its place, so that no history grows without bound. The first ones are deleted after 1 to 4 visits, so that at any
// time all ages are there. `--seconds`: no new turn after that long. Prints
// {"turns":1000} after each thousand, and at the end what it was.

#include "bench/answer_text.hpp"
#include "bench/histogram.hpp"
#include "bench/http_response.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace parley::bench;

namespace {

struct turns_options {
  std::uint16_t port = 0;
  std::string model;
  std::uint64_t turns = 1'000'000;
  std::uint64_t seconds = 0;
  std::size_t clients = 64;
  std::size_t sessions = 1000;
  int visits = 4;
  int in_a_row = 5;
  std::uint64_t rate = 1000;
};

/// A place in the rotation: the session that is there now.
struct place {
  std::string session;
  int visits = 0;
};

enum class state { connecting, making_session, waiting, asking, deleting, done };

struct client {
  int fd = -1;
  state at = state::connecting;
  std::vector<place> places;
  std::size_t current = 0;
  /// Of the current visit.
  int asked = 0;
  std::uint64_t asked_at = 0;
  bool first_seen = false;
  http_response response;
  /// What of a body isn't a whole line yet; all of it while a session is made.
  std::string line;
  answer_text answer;
};

class rotation {
public:
  explicit rotation(turns_options o) : options_(std::move(o)), clients_(options_.clients), epoll_(epoll_create1(0)) {
    for (std::size_t i = 0; i < options_.sessions; ++i) {
      auto& places = clients_[i % clients_.size()].places;
      places.push_back({{}, static_cast<int>(places.size()) % options_.visits});
    }
  }

  int run() {
    begun_ = now_ns();
    for (auto& c : clients_)
      connect(c);
    while (running_ > 0 && now_ns() - progress_at_ < patience_ns) {
      epoll_event events[256];
      auto count = epoll_wait(epoll_, events, 256, waiting_.empty() ? 1000 : 1);
      for (int i = 0; i < count; ++i)
        ready(clients_[events[i].data.u64], events[i].events);
      while (!waiting_.empty() && may_begin()) {
        auto& c = *waiting_.front();
        waiting_.pop_front();
        if (c.at == state::waiting)
          ask(c);
      }
    }
    if (running_ > 0)
      ++reasons_["nothing came for 30 s"];
    report();
    return reasons_.empty() ? 0 : 1;
  }

private:
  static constexpr std::uint64_t patience_ns = 30'000'000'000;

  void connect(client& c) {
    c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ++running_;
    if (::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
      return fail(c, "connection refused");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.u64 = static_cast<std::uint64_t>(&c - clients_.data());
    epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  }

  void ready(client& c, std::uint32_t what) {
    if (c.at == state::connecting && (what & EPOLLOUT) && !(what & EPOLLERR))
      next(c);
    char buffer[65536];
    while (c.at != state::done) {
      auto got = recv(c.fd, buffer, sizeof buffer, 0);
      if (got < 0 && errno == EAGAIN)
        return;
      if (got <= 0)
        return fail(c, "connection closed");
      progress_at_ = now_ns();
      c.response.feed({buffer, static_cast<std::size_t>(got)}, [&](std::string_view body) { take(c, body); });
      if (c.at != state::done && c.response.ended())
        answered(c);
    }
  }

  /// What the client does now that its last response is whole.
  void next(client& c) {
    auto* p = &c.places[c.current];
    if (c.asked == options_.in_a_row) {
      c.asked = 0;
      if (++p->visits == options_.visits)
        return send(c, state::deleting, "DELETE /api/sessions/" + p->session + "/", "");
      c.current = (c.current + 1) % c.places.size();
      p = &c.places[c.current];
    }
    if (begun_turns_ == options_.turns || (options_.seconds > 0 && now_ns() - begun_ > options_.seconds * 1'000'000'000))
      return finish(c);
    if (p->session.empty())
      return send(c, state::making_session, "POST /api/sessions/", R"({"mode":"direct","models":[")" + options_.model + "\"]}");
    ++begun_turns_;
    c.at = state::waiting;
    waiting_.push_back(&c);
  }

  /// Is it time for another turn? Then it is taken. One that was missed isn't made up for.
  bool may_begin() {
    if (options_.rate == 0)
      return true;
    auto now = now_ns();
    if (now < next_at_)
      return false;
    constexpr std::uint64_t made_up_for = 20'000'000;
    next_at_ = std::max(next_at_, now - made_up_for) + 1'000'000'000 / options_.rate;
    return true;
  }

  void ask(client& c) {
    ++c.asked;
    c.asked_at = now_ns();
    c.first_seen = false;
    c.answer = {};
    send(c, state::asking, "POST /api/messages/stream/",
         R"({"session_id":")" + c.places[c.current].session + R"(","messages":[{"role":"user","content":"And then?"}]})");
  }

  void send(client& c, state at, const std::string& what, const std::string& body) {
    c.at = at;
    c.line.clear();
    c.response.expect();
    auto request = what + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(options_.port)
                   + "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    if (::send(c.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      fail(c, "request not taken");
  }

  void take(client& c, std::string_view bytes) {
    c.line += bytes;
    if (c.at != state::asking)
      return;
    std::size_t at = 0;
    for (auto eol = c.line.find('\n'); eol != std::string::npos; eol = c.line.find('\n', at)) {
      read_line(c, std::string_view{c.line}.substr(at, eol - at));
      at = eol + 1;
    }
    c.line.erase(0, at);
  }

  void read_line(client& c, std::string_view line) {
    constexpr std::string_view begin = R"(a0:{"content":")";
    if (!line.starts_with(begin))
      return;
    auto text = line.substr(begin.size(), line.find('"', begin.size()) - begin.size());
    auto* wrong = c.answer.take(text, [&](std::uint64_t) {
      ++chunks_;
      if (!std::exchange(c.first_seen, true))
        first_.add(now_ns() - c.asked_at);
    });
    if (wrong)
      fail(c, wrong);
  }

  void answered(client& c) {
    auto& status = c.response.status();
    auto& p = c.places[c.current];
    if (c.at == state::making_session) {
      auto id = c.line.find(R"("id":")");
      if (status != "201" || id == std::string::npos)
        return fail(c, "no session: status " + status);
      p.session = c.line.substr(id + 6, 36);
    } else if (c.at == state::deleting) {
      if (status != "204")
        return fail(c, "not deleted: status " + status);
      p = {};
      c.current = (c.current + 1) % c.places.size();
    } else {
      if (status != "200" || !c.answer.whole())
        return fail(c, status == "200" ? "an answer isn't whole or its hash is wrong" : "no answer: status " + status);
      if (++turns_ % 1000 == 0) {
        std::printf("{\"turns\":%lu}\n", turns_);
        std::fflush(stdout);
      }
    }
    next(c);
  }

  void finish(client& c) {
    c.at = state::done;
    close(c.fd);
    --running_;
  }

  void fail(client& c, const std::string& why) {
    if (c.at == state::done)
      return;
    ++reasons_[why];
    finish(c);
  }

  void report() {
    auto seconds = static_cast<double>(now_ns() - begun_) / 1e9;
    std::string reasons;
    for (auto& [why, count] : reasons_)
      reasons += (reasons.empty() ? "\"" : ",\"") + why + "\":" + std::to_string(count);
    std::printf(R"({"turns":%lu,"chunks":%lu,"seconds":%.1f,"turns_per_second":%.0f,"first_ms":%s,"reasons":{%s}})"
                "\n",
                turns_, chunks_, seconds, static_cast<double>(turns_) / seconds, first_.json().c_str(), reasons.c_str());
  }

  turns_options options_;
  std::vector<client> clients_;
  int epoll_;
  std::size_t running_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t progress_at_ = now_ns();
  std::uint64_t begun_turns_ = 0;
  /// Those whose turn is next, and when the first of them may begin.
  std::deque<client*> waiting_;
  std::uint64_t next_at_ = 0;
  /// Whole ones.
  std::uint64_t turns_ = 0;
  std::uint64_t chunks_ = 0;
  histogram first_;
  /// What failed, and how often. A client takes no further turn after it.
  std::map<std::string, int> reasons_;
};

turns_options parse(int argc, char** argv) {
  turns_options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i];
    std::string value = argv[i + 1];
    if (name == "--port")
      o.port = static_cast<std::uint16_t>(std::stoul(value));
    else if (name == "--model")
      o.model = value;
    else if (name == "--turns")
      o.turns = std::stoull(value);
    else if (name == "--seconds")
      o.seconds = std::stoull(value);
    else if (name == "--clients")
      o.clients = std::stoul(value);
    else if (name == "--sessions")
      o.sessions = std::stoul(value);
    else if (name == "--visits")
      o.visits = std::stoi(value);
    else if (name == "--rate")
      o.rate = std::stoull(value);
    else if (name == "--in-a-row")
      o.in_a_row = std::stoi(value);
    else {
      std::fprintf(stderr, "turns: unknown option %s\n", name.c_str());
      std::exit(2);
    }
  }
  if (o.port == 0 || o.model.empty() || o.clients == 0 || o.sessions < o.clients) {
    std::fprintf(stderr,
                 "usage: turns --port P --model NAME … (see the head of turns.cpp), with no more clients than sessions\n");
    std::exit(2);
  }
  return o;
}

} // namespace

int main(int argc, char** argv) {
  return rotation{parse(argc, argv)}.run();
}
