#pragma once
// The store that the configuration names, opened for a node.

#include "config/settings.hpp"
#include "config/stop_signals.hpp"
#include "persistence/postgres/postgres_store.hpp"
#include "persistence/retention.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace parley::commands {

/// The embedded store's file.
std::filesystem::path sqlite_file(const config::settings& settings);

persistence::postgres_options postgres_options_of(const config::settings& settings);

/// For people: where conversations are kept. No password.
std::string place_of_store(const config::settings& settings);

/// Waits for a PostgreSQL that isn't there, `store.connect_patience` long and no longer than until a stop signal; the log
/// says so. Fails with what to do about it.
expected<persistence::stores> open_store(const config::settings& settings, config::stop_signals& signals);

/// Deletes what has expired by `store.retention` until it is destroyed; null if all is kept. For a store that is open.
std::unique_ptr<persistence::retention> start_retention(const config::settings& settings, unix_ms (*clock)());

} // namespace parley::commands
