// Subscribers that cost next to nothing: N WebSockets of one session, thousands a thread, on epoll. Each checks that it gets
// each event of all answers in order and without a gap (`seen_answers.hpp`), and how long each took from its publishing.
//
//   ws_loadgen --port P --path /ws/chat/session/ID/ [--subscribers 10000] [--answers 20] [--greeted yes]
//              [--stalled 1000] [--threads 1] [--timeout-s 120]
//
// Prints a line when all are connected, {"ready":10000}: that is the time to publish. A greeted one is connected when it has
// the session's state, others when the handshake is answered. Then a line with the results, once each has seen `answers` of
// them. `stalled` ones, more than those, stop reading when all are connected; after the results they read on, and a last line
// says what became of them.

#include "bench/histogram.hpp"
#include "bench/seen_answers.hpp"
#include "bench/ws_frames.hpp"
#include "bench/ws_options.hpp"

#include <arpa/inet.h>
#include <barrier>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace parley::bench;

namespace {

enum class state { connecting, shaking_hands, awaiting_greeting, subscribed, done, failed };

struct subscriber {
  int fd = -1;
  state at = state::connecting;
  bool stalled = false;
  /// The beginning of a frame that isn't whole yet.
  std::string in;
  /// The frames so far of a message that isn't whole yet.
  std::string message;
  seen_answers answers;
};

struct results {
  histogram latency;
  /// Events as they were published: a frame may have several pieces of text merged.
  std::uint64_t deliveries = 0;
  std::uint64_t frames = 0;
  std::uint64_t bytes = 0;
  std::uint64_t finished = 0;
  std::map<std::string, int> reasons;
  std::uint64_t first_at = ~0ULL;
  std::uint64_t last_at = 0;

  void add_all(const results& other) {
    latency.add_all(other.latency);
    deliveries += other.deliveries;
    frames += other.frames;
    bytes += other.bytes;
    finished += other.finished;
    for (auto& [why, count] : other.reasons)
      reasons[why] += count;
    first_at = std::min(first_at, other.first_at);
    last_at = std::max(last_at, other.last_at);
  }
};

/// Few at a time, so that no server's backlog overflows.
constexpr std::size_t connecting_at_most = 100;

/// Those that stop reading are as if over Ethernet, with little room: for loopback's 64 KiB segments the kernel would keep
/// megabytes for each, and the server never notice.
constexpr int stalled_receive_buffer = 8192;
constexpr int stalled_segment = 1460;

/// How long after the others those that had stopped reading may take to catch up, or to find that they were cut off.
constexpr std::uint64_t catch_up_s = 15;

/// One thread's subscribers.
class group {
public:
  group(const ws_options& options, std::size_t readers, std::size_t stalled) : options_(options), all_(readers + stalled) {
    epoll_ = epoll_create1(0);
    // Spread evenly: a server that serves them in turn has a stalled one after each reader.
    for (std::size_t i = 0; i < all_.size(); ++i)
      all_[i].stalled = (i + 1) * stalled / all_.size() > i * stalled / all_.size();
  }

  void subscribe(std::uint64_t deadline) {
    std::size_t next = 0;
    while (subscribed_ + failed_ < all_.size() && now_ns() < deadline) {
      while (next < all_.size() && next - subscribed_ - failed_ < connecting_at_most)
        connect(all_[next++]);
      poll(100);
    }
    for (auto& s : all_)
      if (s.stalled && s.fd >= 0)
        epoll_ctl(epoll_, EPOLL_CTL_DEL, s.fd, nullptr);
  }

  results read(std::uint64_t deadline) {
    // Greetings were no deliveries.
    result_.deliveries = result_.frames = result_.bytes = result_.last_at = 0;
    result_.first_at = ~0ULL;
    return poll_until_over(false, deadline);
  }

  /// Lets the stalled ones read on.
  results catch_up() {
    auto deadline = now_ns() + catch_up_s * 1'000'000'000;
    result_ = {};
    for (auto& s : all_)
      if (s.stalled && s.at == state::subscribed)
        watch(s, EPOLLIN);
    return poll_until_over(true, deadline);
  }

  std::size_t subscribed() const { return subscribed_; }
  const results& so_far() const { return result_; }

private:
  results poll_until_over(bool stalled, std::uint64_t deadline) {
    std::size_t count = 0;
    for (auto& s : all_)
      count += s.stalled == stalled;
    auto over = [&] {
      std::size_t failures = 0;
      for (auto& [why, times] : result_.reasons)
        failures += static_cast<std::size_t>(times);
      return result_.finished + failures >= count;
    };
    while (!over() && now_ns() < deadline)
      poll(100);
    for (auto& s : all_)
      if (s.stalled == stalled && s.at == state::subscribed)
        fail(s, "not all answers in time");
    return result_;
  }

  void watch(subscriber& s, std::uint32_t what) {
    epoll_event event{};
    event.events = what | EPOLLRDHUP | EPOLLET;
    event.data.u64 = static_cast<std::uint64_t>(&s - all_.data());
    epoll_ctl(epoll_, EPOLL_CTL_ADD, s.fd, &event);
  }

  void connect(subscriber& s) {
    s.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (s.fd < 0)
      return fail(s, "no file descriptor");
    int on = 1;
    setsockopt(s.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (s.stalled) {
      setsockopt(s.fd, SOL_SOCKET, SO_RCVBUF, &stalled_receive_buffer, sizeof stalled_receive_buffer);
      setsockopt(s.fd, IPPROTO_TCP, TCP_MAXSEG, &stalled_segment, sizeof stalled_segment);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(s.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS)
      return fail(s, "connection refused");
    watch(s, EPOLLIN | EPOLLOUT);
  }

  void poll(int millis) {
    epoll_event events[512];
    auto count = epoll_wait(epoll_, events, 512, millis);
    for (int i = 0; i < count; ++i) {
      auto& s = all_[events[i].data.u64];
      if (s.at == state::connecting && (events[i].events & EPOLLOUT)) {
        s.at = state::shaking_hands;
        transmit(s, ws::handshake(options_.path, options_.port));
      }
      if (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        readable(s, (events[i].events & ~(EPOLLIN | EPOLLOUT)) != 0);
    }
  }

  /// Requests and pongs are small: a socket that doesn't take one at once is broken.
  void transmit(subscriber& s, const std::string& bytes) {
    if (send(s.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
      fail(s, "bytes not taken");
  }

  /// A read that is short has emptied the socket, but for an end that came with it.
  void readable(subscriber& s, bool ends) {
    while (s.at != state::failed) {
      auto got = recv(s.fd, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EAGAIN)
        return;
      if (got <= 0)
        return fail(s, "connection closed");
      now_ = now_ns();
      result_.bytes += static_cast<std::uint64_t>(got);
      std::string_view bytes{buffer_.data(), static_cast<std::size_t>(got)};
      if (!s.in.empty())
        bytes = s.in.append(bytes);
      auto used = take(s, bytes);
      // `bytes` may be a part of `in` itself.
      if (s.in.empty())
        s.in = bytes.substr(used);
      else
        s.in.erase(0, used);
      if (static_cast<std::size_t>(got) < buffer_.size() && !ends)
        return;
    }
  }

  /// How many bytes were whole frames, or the whole answer to the handshake.
  std::size_t take(subscriber& s, std::string_view bytes) {
    std::size_t at = 0;
    if (s.at == state::shaking_hands) {
      auto end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos)
        return 0;
      if (!bytes.starts_with("HTTP/1.1 101"))
        fail(s, "status " + std::string{bytes.substr(std::min<std::size_t>(9, end), 3)});
      else if (!options_.greeted)
        become_subscribed(s);
      else
        s.at = state::awaiting_greeting;
      at = end + 4;
    }
    while (s.at != state::failed) {
      auto frame = ws::parse(bytes.substr(at));
      if (!frame)
        break;
      take(s, *frame);
      at += frame->size;
    }
    return at;
  }

  void become_subscribed(subscriber& s) {
    s.at = state::subscribed;
    ++subscribed_;
  }

  void take(subscriber& s, const ws::frame& frame) {
    if (frame.code == ws::opcode::ping)
      return transmit(s, ws::encode(ws::opcode::pong, frame.payload));
    if (frame.code == ws::opcode::close)
      return fail(s, "closed with " + std::to_string(frame.payload.size() < 2 ? 1005 : close_code(frame.payload)));
    if (frame.code != ws::opcode::text && frame.code != ws::opcode::continuation)
      return;
    if (frame.fin && s.message.empty())
      return take_message(s, frame.payload);
    s.message += frame.payload;
    if (frame.fin)
      take_message(s, std::exchange(s.message, {}));
  }

  static int close_code(std::string_view payload) {
    return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  }

  void take_message(subscriber& s, std::string_view json) {
    ++result_.frames;
    if (s.at == state::awaiting_greeting && json.starts_with(R"({"type":"session_state")"))
      return become_subscribed(s);
    std::uint64_t merged = 0;
    auto wrong = s.answers.take(json, [&](std::uint64_t sent) {
      result_.latency.add(now_ > sent ? now_ - sent : 0);
      ++merged;
    });
    result_.deliveries += std::max<std::uint64_t>(1, merged);
    result_.first_at = std::min(result_.first_at, now_);
    result_.last_at = now_;
    if (wrong)
      return fail(s, wrong);
    // It stays connected: for the others' sake the fan-out goes on.
    if (s.at == state::subscribed && s.answers.whole() == options_.answers) {
      s.at = state::done;
      ++result_.finished;
    }
  }

  void fail(subscriber& s, const std::string& why) {
    if (s.at == state::failed || s.at == state::done)
      return;
    failed_ += s.at != state::subscribed;
    s.at = state::failed;
    ++result_.reasons[why];
    if (s.fd >= 0)
      close(s.fd);
    s.fd = -1;
  }

  const ws_options& options_;
  std::vector<subscriber> all_;
  std::vector<char> buffer_ = std::vector<char>(65536);
  results result_;
  int epoll_;
  std::uint64_t now_ = 0;
  std::size_t subscribed_ = 0;
  /// Before they were subscribed.
  std::size_t failed_ = 0;
};

std::uint64_t print(const char* name, const results& r, bool with_latency) {
  auto seconds = r.last_at > r.first_at ? static_cast<double>(r.last_at - r.first_at) / 1e9 : 0.0;
  std::string reasons;
  std::uint64_t failed = 0;
  for (auto& [why, count] : r.reasons) {
    reasons += (reasons.empty() ? "\"" : ",\"") + why + "\":" + std::to_string(count);
    failed += static_cast<std::uint64_t>(count);
  }
  std::printf(R"({"%s":{"finished":%lu,"failed":%lu,"reasons":{%s},"deliveries":%lu,"frames":%lu,"bytes":%lu,"seconds":%.3f)",
              name, r.finished, failed, reasons.c_str(), r.deliveries, r.frames, r.bytes, seconds);
  if (with_latency)
    std::printf(R"(,"latency_ms":%s)", r.latency.json().c_str());
  std::printf("}}\n");
  std::fflush(stdout);
  return failed;
}

/// The part of `all` that is the n-th of `parts`.
std::size_t share(std::size_t all, std::size_t n, std::size_t parts) {
  return all * (n + 1) / parts - all * n / parts;
}

} // namespace

int main(int argc, char** argv) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  auto options = parse_ws_options(argc, argv);
  auto deadline = now_ns() + options.timeout_s * 1'000'000'000;

  // All threads and this one meet after each part.
  std::barrier meeting{static_cast<std::ptrdiff_t>(options.threads + 1)};
  struct part {
    group subscribers;
    results read;
    results caught_up;
  };
  std::vector<std::unique_ptr<part>> parts;
  for (std::size_t n = 0; n < options.threads; ++n)
    parts.emplace_back(
      new part{{options, share(options.subscribers, n, options.threads), share(options.stalled, n, options.threads)}, {}, {}});
  std::vector<std::jthread> threads;
  for (auto& part : parts)
    threads.emplace_back([&] {
      part->subscribers.subscribe(deadline);
      meeting.arrive_and_wait();
      part->read = part->subscribers.read(deadline);
      meeting.arrive_and_wait();
      if (options.stalled > 0)
        part->caught_up = part->subscribers.catch_up();
      meeting.arrive_and_wait();
    });

  meeting.arrive_and_wait();
  std::size_t subscribed = 0;
  for (auto& part : parts) {
    subscribed += part->subscribers.subscribed();
    for (auto& [why, count] : part->subscribers.so_far().reasons)
      std::fprintf(stderr, "%d couldn't subscribe: %s\n", count, why.c_str());
  }
  std::printf("{\"ready\":%zu}\n", subscribed);
  std::fflush(stdout);

  meeting.arrive_and_wait();
  results read;
  for (auto& part : parts)
    read.add_all(part->read);
  auto failed = print("readers", read, true);

  meeting.arrive_and_wait();
  results caught_up;
  for (auto& part : parts)
    caught_up.add_all(part->caught_up);
  if (options.stalled > 0)
    print("stalled", caught_up, false);
  return failed == 0 ? 0 : 1;
}
