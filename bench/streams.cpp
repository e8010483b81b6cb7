// Plays upstream chunks through all that a chunk passes: reactor, upstream connection, codec, model stream, coordinator, log and
// client connection, over real sockets on one event loop, with 1,000 streams that take turns. `bench/guard` counts
// instructions and data-cache misses under cachegrind.
//
//   streams SCENARIO ROUNDS FOLDER     so many chunks of each answer, after the first; FOLDER has the recordings
//   streams --list                     the scenarios' names, and the chunks of a round
//
// The upstreams and the clients are in another process (`stream_peers.hpp`), which valgrind doesn't follow. The store is the unit
// tests', in memory. No deadline is reached, neither a checkpoint's nor a request's between actors. Fails if a client misses a
// chunk.

#include "actors/watching/api.hpp"
#include "bench/stream_peers.hpp"
#include "net/api/api_routes.hpp"
#include "net/server/listener.hpp"
#include "net/upstream/upstream_client.hpp"
#include "tests/support/fake_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sys/resource.h>

/// Stands in for the C library's in this whole program: a clock that goes on by a microsecond each time that somebody looks at
/// it. So what is due when doesn't depend on how busy the machine is, and the rounds are over before any deadline.
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static std::atomic<std::int64_t> looks{0};
  constexpr std::time_t begin_of_time = 1'700'000'000;
  constexpr std::int64_t per_second = 1'000'000;
  auto microseconds = looks.fetch_add(1, std::memory_order_relaxed);
  now->tv_sec = (clock == CLOCK_REALTIME ? begin_of_time : 1'000) + microseconds / per_second;
  now->tv_nsec = microseconds % per_second * 1'000;
  return 0;
}

using namespace parley;
using namespace parley::bench;

namespace {

using namespace std::chrono_literals;

/// The caches that `bench/guard` simulates don't have room for the data of so many: a chunk finds that of its own stream evicted,
/// as on a busy server.
constexpr std::size_t stream_count = 1'000;

/// For every deadline that the settings allow: longer than any run.
constexpr auto hours = 24h;

const std::vector<stream_plan> scenarios{
  {"v1-1000", {"openai"}, true},
  {"direct-1000", {"openai"}},
  {"compare-1000", {"openai", "anthropic"}},
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "streams: %s\n", why.c_str());
  std::_Exit(1);
}

/// A stream has a socket for its client and one for each participant: thousands in all, where 1,024 files are the usual limit.
void raise_open_file_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

/// Where the upstreams are reached. The peers' process inherits it.
struct upstream_listener {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  std::uint16_t port = 0;

  upstream_listener() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    socklen_t size = sizeof at;
    if (::bind(fd, address, size) != 0 || ::listen(fd, 16) != 0 || ::getsockname(fd, address, &size) != 0)
      fail("no port for the upstreams");
    port = ntohs(at.sin_port);
  }
};

/// A node as `main.cpp` wires it, with one event loop, and without disk, leaderboard and WebSockets.
class node {
public:
  node(const stream_plan& plan, std::uint16_t upstream_port) {
    net::load_loops(config_, 1, [](net::reactor& on) { return std::make_unique<net::upstream_client>(on); });
    sys_.emplace(config_);
    auto context = std::make_shared<node_context>();
    context->models = models_of(plan, upstream_port);
    context->bounds.checkpoint_interval = context->bounds.heartbeat = context->bounds.session_idle = hours;
    context->bounds.checkpoint_bytes = context->bounds.max_answer_bytes;
    context->wall = [] { return unix_ms{1'700'000'000'000}; };
    auto api = std::make_shared<net::api_context>();
    api->node = context;
    api->store = test::spawn_fake_store(*sys_, std::make_shared<test::fake_store_book>());
    api->sessions = spawn_sessions(*sys_, context, api->store);
    api->completions = spawn_completions(*sys_, context);
    api->draining = std::make_shared<std::atomic<bool>>(false);
    net::http_settings http;
    http.port = 0;
    http.header_timeout = http.body_timeout = http.idle_timeout = http.write_timeout = hours;
    auto opened = net::listener::open(*sys_, http, [routes = net::make_routes(api)](net::exchange& ex) { routes.serve(ex); });
    if (!opened)
      fail(opened.error().message);
    clients_ = std::move(*opened);
  }

  std::uint16_t port() const { return clients_->port(); }

private:
  static catalogue models_of(const stream_plan& plan, std::uint16_t upstream_port) {
    std::vector<std::shared_ptr<const model>> made;
    for (auto name : plan.providers) {
      auto at = std::make_shared<upstream>();
      at->kind = name == "anthropic" ? provider_kind::anthropic : provider_kind::openai;
      at->base_url = "http://127.0.0.1:" + std::to_string(upstream_port);
      at->clocks = {hours, hours, hours, hours};
      model entry;
      entry.id = entry.display_name = entry.upstream_name = name;
      entry.at = std::move(at);
      made.push_back(std::make_shared<const model>(entry));
    }
    return catalogue{std::move(made)};
  }

  caf::actor_system_config config_;
  std::optional<caf::actor_system> sys_;
  std::unique_ptr<net::listener> clients_;
};

/// The peers' process: `--peers SCENARIO ROUNDS FOLDER LISTENER CONTROL`, the last two as file descriptors. By CONTROL comes the
/// node's port, and goes a byte once all has been played.
int play(const stream_plan& plan, std::size_t rounds, const std::string& folder, int listener, int control) {
  std::uint16_t port = 0;
  if (::read(control, &port, sizeof port) != sizeof port)
    return 1;
  try {
    stream_peers peers{plan, listener, port, folder};
    peers.begin(stream_count);
    for (std::size_t i = 1; i <= rounds; ++i)
      peers.round(i);
    char done = 1;
    // Connections stay open until the node has gone: to close them would give it something to do.
    if (::write(control, &done, sizeof done) == sizeof done)
      while (::read(control, &done, sizeof done) > 0)
        continue;
  } catch (const std::exception& why) {
    fail(why.what());
  }
  return 0;
}

/// Starts the peers' process: this program again, by exec, because valgrind follows a fork but not an exec. Closes `own_end`,
/// which is the node's, in that process.
void begin_peers(std::array<std::string, 6> arguments, int own_end) {
  // Read here: under valgrind, the kernel would take /proc/self/exe for valgrind itself.
  std::array<char, 4096> program{};
  if (::readlink("/proc/self/exe", program.data(), program.size() - 1) <= 0)
    fail("which program this is can't be read");
  if (::fork() != 0)
    return;
  ::close(own_end);
  std::vector<char*> words{program.data()};
  for (auto& word : arguments)
    words.push_back(word.data());
  words.push_back(nullptr);
  ::execv(program.data(), words.data());
  fail("the peers can't be started");
}

[[noreturn]] void measure(const stream_plan& plan, const std::string& rounds, const std::string& folder) {
  spdlog::set_level(spdlog::level::warn);
  raise_open_file_limit();
  upstream_listener upstreams;
  int control[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, control) != 0)
    fail("no way to talk to the peers");
  begin_peers({"--peers", std::string{plan.name}, rounds, folder, std::to_string(upstreams.fd), std::to_string(control[1])},
              control[0]);
  ::close(control[1]);
  node serving{plan, upstreams.port};
  auto port = serving.port();
  char done = 0;
  if (::write(control[0], &port, sizeof port) != sizeof port || ::read(control[0], &done, sizeof done) != sizeof done)
    fail("not all was played");
  // The streams are still under way: their end is not what is measured.
  std::_Exit(0);
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (words.size() == 1 && words[0] == "--list") {
    for (auto& one : scenarios)
      std::printf("%.*s %zu\n", static_cast<int>(one.name.size()), one.name.data(), stream_count * one.providers.size());
    return 0;
  }
  for (auto& one : scenarios) {
    if (words.size() == 3 && one.name == words[0])
      measure(one, words[1], words[2]);
    if (words.size() == 6 && words[0] == "--peers" && one.name == words[1])
      return play(one, std::stoul(words[2]), words[3], std::stoi(words[4]), std::stoi(words[5]));
  }
  std::fprintf(stderr, "usage: streams SCENARIO ROUNDS FOLDER, or streams --list\n");
  return 2;
}
