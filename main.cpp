// Wiring: what a node is made of, in the order in which it lives; it ends in the opposite order.

#include "actors/leaderboard/api.hpp"
#include "actors/node/faults.hpp"
#include "actors/watching/api.hpp"
#include "commands/chat/chat.hpp"
#include "commands/open_store.hpp"
#include "commands/store_commands.hpp"
#include "config/command_line.hpp"
#include "config/greeting.hpp"
#include "config/logging.hpp"
#include "config/process.hpp"
#include "config/stop_signals.hpp"
#include "net/api/api_routes.hpp"
#include "net/server/listener.hpp"
#include "net/upstream/upstream_client.hpp"
#include "persistence/persistence.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace {

using namespace parley;
using namespace std::chrono_literals;

/// After the last answer has ended: for its readers to take what is left of it.
constexpr auto readers_patience = 3s;

net::http_settings http_settings_of(const config::settings& from, std::size_t open_files) {
  net::http_settings result;
  result.address = from.address.address;
  result.port = from.address.port;
  result.certificate_file = from.tls.certificate;
  result.key_file = from.tls.key;
  result.max_connections = static_cast<std::size_t>(from.http.max_connections > 0 ? from.http.max_connections
                                                                                  : config::default_max_connections(open_files));
  result.requests.header_bytes = from.http.max_header_bytes;
  result.requests.body_bytes = from.http.max_body_bytes;
  result.header_timeout = from.http.header_timeout;
  result.body_timeout = from.http.body_timeout;
  result.idle_timeout = from.http.idle_timeout;
  result.write_timeout = from.http.write_timeout;
  result.reader_window_bytes = from.bounds.reader_window_bytes;
  return result;
}

net::websocket_settings websocket_settings_of(const config::settings& from) {
  net::websocket_settings result;
  result.max_message_bytes = from.websocket.max_message_bytes;
  result.max_messages_per_second = from.websocket.max_messages_per_second;
  result.message_timeout = from.http.body_timeout;
  result.ping_interval = from.websocket.ping_interval;
  result.pong_timeout = from.websocket.pong_timeout;
  result.close_timeout = from.websocket.close_timeout;
  result.write_timeout = from.http.write_timeout;
  result.deflate = from.websocket.deflate;
  return result;
}

unix_ms wall_clock() {
  auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

/// True once no run is left; false if that took longer.
bool drain(caf::scoped_actor& self, const sessions_actor& sessions, const completions_actor& completions,
           std::chrono::milliseconds patience, bool interrupt) {
  auto drained = 0;
  auto count = [&](const store_written&) { ++drained; };
  auto ignore = [](const caf::error&) {};
  auto with_session = self->request(sessions, patience, drain_node{interrupt});
  auto without = self->request(completions, patience, drain_node{interrupt});
  with_session.receive(count, ignore);
  without.receive(count, ignore);
  return drained == 2;
}

void end_runs(caf::actor_system& sys, const sessions_actor& sessions, const completions_actor& completions,
              std::chrono::milliseconds grace) {
  caf::scoped_actor self{sys, true};
  if (drain(self, sessions, completions, std::max(grace, 1ms), false))
    return;
  spdlog::info("interrupting the answers that are still under way");
  if (!drain(self, sessions, completions, defaults::actor_timeout, true))
    spdlog::error("some answers could not be stored; what of them was checkpointed is kept");
}

void end_connections(net::listener& clients) {
  clients.drain();
  for (auto until = steady::now() + readers_patience; clients.connections() > 0 && steady::now() < until;)
    std::this_thread::sleep_for(10ms);
  clients.close();
}

int fail_to_start(const failure& why) {
  spdlog::error("{}", why.message);
  return 1;
}

int serve(const config::loaded_settings& loaded) {
  const auto& settings = loaded.values;
  config::stop_signals signals;
  config::set_up_logging(settings.log.level, settings.log.format);
  for (auto& warning : loaded.warnings)
    spdlog::warn("{}", warning);
  auto open_files = config::raise_open_file_limit();
  auto http = http_settings_of(settings, open_files);

  const std::filesystem::path data_dir{settings.server.data_dir};
  if (auto made = config::make_private_directory(data_dir); !made)
    return fail_to_start(made.error());
  auto store = commands::open_store(settings, signals);
  if (signals.came())
    return 0;
  if (!store)
    return fail_to_start(store.error());

  caf::actor_system_config actors;
  auto processors = std::max(std::thread::hardware_concurrency(), 1U);
  net::load_loops(actors, settings.server.threads > 0 ? static_cast<std::size_t>(settings.server.threads) : processors,
                  [](net::reactor& on) { return std::make_unique<net::upstream_client>(on); });
  caf::actor_system sys{actors};

  // While the store is held by its actor, which ends later.
  auto retention = commands::start_retention(settings, wall_clock);
  // The store's actor outlives all who write: what they have sent it is carried out before it ends.
  auto persistence = persistence::spawn_persistence(sys, std::move(*store));
  auto node =
    std::make_shared<const node_context>(node_context{settings.models, settings.bounds, wall_clock, config::give_back_memory});
  auto leaderboard =
    spawn_leaderboard(sys, node, persistence, [](auto job) { return std::make_shared<std::jthread>(std::move(job)); });
  auto sessions = spawn_sessions(sys, node, persistence, leaderboard);
  auto completions = spawn_completions(sys, node);
  caf::anon_send(persistence, report_unspooled{sessions});
  auto sockets = std::make_shared<net::websockets>(
    net::loops{sys}.size(), websocket_settings_of(settings),
    [&sys, node, sessions](home_loop& home, session_id id) { return spawn_feed(sys, node, &home, sessions, id); });
  auto draining = std::make_shared<std::atomic<bool>>(false);
  auto api = std::make_shared<const net::api_context>(net::api_context{
    sessions,
    completions,
    persistence,
    leaderboard,
    node,
    PARLEY_VERSION,
    config::host_name(),
    {settings.server.allowed_origins, true, settings.server.allowed_hosts},
    draining,
    sockets,
  });
  auto status = 0;
  auto routes = std::make_shared<const net::router>(net::make_routes(api));
  if (auto clients = net::listener::open(
        sys, http, [routes](net::exchange& ex) { routes->serve(ex); },
        [routes](std::string_view path) { return routes->errors_of(path); })) {
    auto host = (http.address.find(':') == std::string::npos ? http.address : "[" + http.address + "]");
    auto origin = (http.certificate_file.empty() ? "http://" : "https://") + host + ":" + std::to_string((*clients)->port());
    spdlog::info("Parley {} on {} event loops, at most {} connections", PARLEY_VERSION, net::loops{sys}.size(),
                 http.max_connections);
    spdlog::info("store: {}", commands::place_of_store(settings));
    spdlog::info("models: {}", config::model_ids(settings.models, true));
    if (auto others = config::model_ids(settings.models, false); !others.empty())
      spdlog::info("models without their provider's key: {}", others);
    spdlog::info("listening on {}", origin);
    // For people; the log is for programs too.
    std::fputs(config::greeting(origin, settings.models).c_str(), stdout);
    std::fflush(stdout);

    signals.wait();
    spdlog::info("shutting down; a second signal ends at once");
    *draining = true;
    end_runs(sys, sessions, completions, settings.server.shutdown_grace);
    end_connections(**clients);
  } else {
    status = fail_to_start(clients.error());
    spdlog::error("choose another address with --listen ADDRESS:PORT (port 0 is any free one), or end what listens there");
  }
  retention.reset();
  caf::anon_send_exit(leaderboard, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(sessions, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(completions, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(persistence, caf::exit_reason::user_shutdown);
  sys.await_all_actors_done();
  if (status == 0)
    spdlog::info("all is stored; goodbye");
  return status;
}

int check_config(const config::loaded_settings& loaded) {
  for (auto& warning : loaded.warnings)
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  std::fputs(config::summary(loaded.values).c_str(), stdout);
  return 0;
}

int run(int argc, char** argv) {
  auto line = config::parse_command_line({argv + 1, argv + argc}, PARLEY_VERSION);
  if (line.what == config::command::say) {
    std::fputs(line.text.c_str(), line.status == 0 ? stdout : stderr);
    return line.status;
  }
  if (line.what == config::command::copy)
    return commands::copy(line.from, line.to);
  if (line.what == config::command::chat)
    return commands::chat::run(line.chat);
  auto loaded = config::load_settings(line);
  if (!loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    return 2;
  }
  switch (line.what) {
  case config::command::serve:
    return serve(*loaded);
  case config::command::check_config:
    return check_config(*loaded);
  case config::command::migrate:
    return commands::migrate(loaded->values);
  case config::command::backup:
    return commands::backup(loaded->values, line.to);
  case config::command::chat: // these two need no configuration
  case config::command::copy:
  case config::command::say:
    break;
  }
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  int status = 1;
  guarded("main", [&] { status = run(argc, argv); });
  return status;
}
