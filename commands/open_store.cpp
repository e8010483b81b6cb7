#include "commands/open_store.hpp"

#include "persistence/sqlite/sqlite_store.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

namespace parley::commands {

namespace {

using steady = std::chrono::steady_clock;

/// Short, so that a node is there soon after its database, as when both are started at once …
constexpr std::chrono::milliseconds pause_between_tries{500};
/// … and said that often.
constexpr std::chrono::seconds pause_between_reports{5};

std::int64_t whole_seconds(std::chrono::milliseconds time) {
  return std::chrono::ceil<std::chrono::seconds>(time).count();
}

expected<persistence::stores> wait_for_postgres(const config::settings& settings, config::stop_signals& signals) {
  const auto options = postgres_options_of(settings);
  const auto patience = settings.store.connect_patience;
  const auto begun = steady::now();
  auto next_report = begun;
  while (true) {
    auto opened = persistence::open_postgres(options);
    // Waiting helps against nothing else.
    if (opened || opened.error().code != ec::store_unavailable)
      return opened;
    auto& why = opened.error().message;
    auto now = steady::now();
    if (now + pause_between_tries > begun + patience)
      return fail(ec::store_unavailable, why + " It was waited for for " + std::to_string(whole_seconds(patience))
                                           + " s ([store] connect_patience). Start it, or correct [store] url.");
    if (now >= next_report) {
      auto left = whole_seconds(std::chrono::duration_cast<std::chrono::milliseconds>(begun + patience - now));
      spdlog::warn("{} Waiting for it, for {} s at most.", why, left);
      next_report = now + pause_between_reports;
    }
    if (signals.wait_for(pause_between_tries))
      return opened;
  }
}

} // namespace

std::filesystem::path sqlite_file(const config::settings& settings) {
  return std::filesystem::path{settings.server.data_dir} / "parley.db";
}

persistence::postgres_options postgres_options_of(const config::settings& settings) {
  persistence::postgres_options options;
  options.url = settings.store.url;
  options.data_dir = settings.server.data_dir;
  options.readers = settings.store.readers;
  options.migrate = settings.store.migrate;
  options.spool_bytes = static_cast<std::int64_t>(settings.store.spool_bytes);
  return options;
}

std::string place_of_store(const config::settings& settings) {
  return settings.store.url.empty() ? sqlite_file(settings).string()
                                    : "PostgreSQL at " + persistence::postgres_place(settings.store.url);
}

expected<persistence::stores> open_store(const config::settings& settings, config::stop_signals& signals) {
  if (!settings.store.url.empty())
    return wait_for_postgres(settings, signals);
  persistence::sqlite_options options;
  options.readers = settings.store.readers;
  return persistence::open_sqlite(sqlite_file(settings), options);
}

std::unique_ptr<persistence::retention> start_retention(const config::settings& settings, unix_ms (*clock)()) {
  if (settings.store.retention.count() == 0)
    return nullptr;
  persistence::retention_options options;
  options.keep = settings.store.retention;
  options.now = clock;
  return std::make_unique<persistence::retention>(settings.store.url.empty()
                                                    ? persistence::expired_in_sqlite(sqlite_file(settings))
                                                    : persistence::expired_in_postgres(postgres_options_of(settings)),
                                                  options);
}

} // namespace parley::commands
