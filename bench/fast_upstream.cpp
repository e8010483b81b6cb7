// A provider that costs next to nothing: one thread, epoll, chat completions (OpenAI) and messages (Anthropic) as they are
// streamed, each chunk stamped with the time it was sent (`stamped_text.hpp`).
//
//   fast_upstream PORT
//
// The model's name in the request says what to stream: `bench-<chunks>-<microseconds between chunks>`; 0 µs is as fast as
// the reader takes it.

#include "bench/stamped_text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/tcp.h>
#include <queue>
#include <string>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <vector>

using namespace parley::bench;

namespace {

constexpr std::string_view openai_head =
  R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,)"
  R"("model":"bench","system_fingerprint":"fp_bench","choices":[{"index":0,"delta":{"content":")";
constexpr std::string_view openai_tail = "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
constexpr std::string_view openai_end =
  R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
  "\n\n"
  R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":400,"total_tokens":409}})"
  "\n\ndata: [DONE]\n\n";
constexpr std::string_view anthropic_begin =
  "event: message_start\n"
  R"(data: {"type":"message_start","message":{"id":"msg_bench","type":"message","role":"assistant","content":[],"model":"bench","stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}})"
  "\n\nevent: content_block_start\n"
  R"(data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
  "\n\n";
constexpr std::string_view anthropic_head =
  "event: content_block_delta\ndata: "
  "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"";
constexpr std::string_view anthropic_tail = "\"}}\n\n";
constexpr std::string_view anthropic_end =
  "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: message_delta\n"
  R"(data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":400}})"
  "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

struct stream {
  int fd = -1;
  std::string in;
  /// What the socket didn't take.
  std::string out;
  bool anthropic = false;
  std::uint64_t chunks_left = 0;
  std::uint64_t number = 0;
  std::uint64_t pause_ns = 0;
  std::uint64_t hash = hash_seed;
  bool streaming = false;
  /// Told from an earlier one with the same descriptor.
  std::uint64_t generation = 0;
};

struct due {
  std::uint64_t at;
  int fd;
  std::uint64_t generation;
  bool operator>(const due& other) const { return at > other.at; }
};

class server {
public:
  explicit server(std::uint16_t port) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 16384) != 0) {
      std::perror("fast_upstream");
      std::exit(1);
    }
    watch(listener_, EPOLLIN);
    watch(timer_, EPOLLIN);
  }

  [[noreturn]] void run() {
    epoll_event events[512];
    for (;;) {
      auto count = epoll_wait(epoll_, events, 512, -1);
      for (int i = 0; i < count; ++i) {
        int fd = events[i].data.fd;
        if (fd == listener_)
          accept_all();
        else if (fd == timer_)
          on_timer();
        else
          on_stream(fd, events[i].events);
      }
      send_due();
    }
  }

private:
  void watch(int fd, std::uint32_t what, int how = EPOLL_CTL_ADD) {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    epoll_ctl(epoll_, how, fd, &event);
  }

  void accept_all() {
    for (int fd = 0; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (streams_.size() <= static_cast<std::size_t>(fd))
        streams_.resize(static_cast<std::size_t>(fd) + 1);
      streams_[static_cast<std::size_t>(fd)] = std::make_unique<stream>();
      auto& s = *streams_[static_cast<std::size_t>(fd)];
      s.fd = fd;
      s.generation = ++generation_;
      watch(fd, EPOLLIN);
    }
  }

  void on_stream(int fd, std::uint32_t what) {
    auto& owner = streams_[static_cast<std::size_t>(fd)];
    if (!owner)
      return;
    auto& s = *owner;
    if (what & EPOLLOUT) {
      if (!flush(s))
        return drop(fd);
      if (s.out.empty()) {
        watch(fd, EPOLLIN, EPOLL_CTL_MOD);
        if (s.streaming && s.pause_ns == 0)
          pour(s);
      }
    }
    if (what & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
      char buffer[16384];
      auto got = recv(fd, buffer, sizeof buffer, 0);
      if (got == 0 || (got < 0 && errno != EAGAIN))
        return drop(fd);
      if (got > 0) {
        s.in.append(buffer, static_cast<std::size_t>(got));
        read_request(s);
      }
    }
  }

  void read_request(stream& s) {
    auto head = s.in.find("\r\n\r\n");
    if (head == std::string::npos)
      return;
    auto lower = s.in.substr(0, head);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    auto length_at = lower.find("content-length:");
    auto length = length_at == std::string::npos ? 0 : std::strtoul(lower.c_str() + length_at + 15, nullptr, 10);
    if (s.in.size() < head + 4 + length)
      return;
    auto body = s.in.substr(head + 4, length);
    s.anthropic = lower.find("/messages") < lower.find("http/1.");
    s.in.erase(0, head + 4 + length);
    auto model = body.find("bench-");
    std::uint64_t chunks = 10;
    std::uint64_t micros = 0;
    if (model != std::string::npos)
      std::sscanf(body.c_str() + model, "bench-%lu-%lu", &chunks, &micros);
    s.chunks_left = chunks;
    s.number = 0;
    s.pause_ns = micros * 1000;
    s.hash = hash_seed;
    s.streaming = true;
    s.out += "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    if (s.anthropic)
      append_http_chunk(s.out, anthropic_begin);
    if (s.pause_ns == 0)
      return pour(s);
    step(s);
    schedule(s, now_ns());
  }

  static void append_http_chunk(std::string& out, std::string_view bytes) {
    char size[16];
    out.append(size, static_cast<std::size_t>(std::snprintf(size, sizeof size, "%zx\r\n", bytes.size())));
    out += bytes;
    out += "\r\n";
  }

  /// Appends the next event; the end after the last.
  void append_next(stream& s) {
    char text[chunk_chars];
    std::size_t length = chunk_chars;
    if (s.chunks_left > 0) {
      write_chunk(text, now_ns(), s.number++);
      s.hash = hash_more(s.hash, {text, chunk_chars});
      --s.chunks_left;
    } else {
      text[0] = '#';
      write_hex(text + 1, s.hash, stamp_digits);
      length = last_chars;
    }
    scratch_.assign(s.anthropic ? anthropic_head : openai_head);
    scratch_.append(text, length);
    scratch_ += s.anthropic ? anthropic_tail : openai_tail;
    if (length == last_chars) {
      scratch_ += s.anthropic ? anthropic_end : openai_end;
      s.streaming = false;
    }
    append_http_chunk(s.out, scratch_);
    if (!s.streaming)
      s.out += "0\r\n\r\n";
  }

  void step(stream& s) {
    append_next(s);
    if (!flush(s))
      drop(s.fd);
  }

  /// Unpaced: until the socket is full.
  void pour(stream& s) {
    if (!flush(s))
      return drop(s.fd);
    while (s.streaming && s.out.empty()) {
      append_next(s); // an event a write, as providers do
      if (!flush(s))
        return drop(s.fd);
    }
  }

  bool flush(stream& s) {
    while (!s.out.empty()) {
      auto sent = send(s.fd, s.out.data(), s.out.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno != EAGAIN)
          return false;
        watch(s.fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        return true;
      }
      s.out.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
  }

  void schedule(stream& s, std::uint64_t from) {
    if (s.streaming)
      queue_.push({from + s.pause_ns, s.fd, s.generation});
  }

  void send_due() {
    auto now = now_ns();
    while (!queue_.empty() && queue_.top().at <= now) {
      auto next = queue_.top();
      queue_.pop();
      auto& owner = streams_[static_cast<std::size_t>(next.fd)];
      if (!owner || owner->generation != next.generation || !owner->streaming)
        continue;
      step(*owner);
      if (owner)
        schedule(*owner, next.at);
    }
    if (queue_.empty() || queue_.top().at == armed_)
      return;
    armed_ = queue_.top().at;
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(armed_ / 1'000'000'000);
    when.it_value.tv_nsec = static_cast<long>(armed_ % 1'000'000'000);
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
  }

  void on_timer() {
    std::uint64_t expirations = 0;
    [[maybe_unused]] auto got = read(timer_, &expirations, sizeof expirations);
    armed_ = 0;
  }

  void drop(int fd) {
    close(fd);
    streams_[static_cast<std::size_t>(fd)].reset();
  }

  int epoll_;
  int timer_;
  int listener_;
  std::vector<std::unique_ptr<stream>> streams_;
  std::priority_queue<due, std::vector<due>, std::greater<>> queue_;
  std::uint64_t armed_ = 0;
  std::uint64_t generation_ = 0;
  std::string scratch_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fast_upstream PORT\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  server{static_cast<std::uint16_t>(std::atoi(argv[1]))}.run();
}
