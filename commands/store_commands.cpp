#include "commands/store_commands.hpp"

#include "commands/open_store.hpp"
#include "config/process.hpp"
#include "persistence/copy_store.hpp"
#include "persistence/sqlite/sqlite_backup.hpp"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>

namespace parley::commands {

namespace {

int complain(const failure& why) {
  fmt::print(stderr, "{}\n", why.message);
  return 1;
}

/// What takes longer than a moment says how far it is.
class progress_report {
public:
  void operator()(std::string_view table, std::int64_t done, std::int64_t of) {
    auto now = std::chrono::steady_clock::now();
    if (now < next_)
      return;
    next_ = now + pause;
    fmt::print(stderr, "{} of {} {}\n", done, of, table);
  }

private:
  static constexpr std::chrono::seconds pause{2};

  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + pause;
};

} // namespace

int migrate(const config::settings& settings) {
  if (settings.store.url.empty())
    if (auto made = config::make_private_directory(settings.server.data_dir); !made)
      return complain(made.error());
  auto version = settings.store.url.empty() ? persistence::migrate_sqlite(sqlite_file(settings))
                                            : persistence::migrate_postgres(postgres_options_of(settings));
  if (!version)
    return complain(version.error());
  fmt::print("{} has schema {}, the newest that Parley {} knows.\n", place_of_store(settings), *version, PARLEY_VERSION);
  return 0;
}

int backup(const config::settings& settings, const std::string& to) {
  if (!settings.store.url.empty())
    return complain({ec::invalid_request,
                     "Conversations are in PostgreSQL; its own tool makes a backup of them, also while Parley runs:\n"
                     "  pg_dump --format=custom --file="
                       + to + " \"$DATABASE_URL\"",
                     {}});
  auto made = persistence::back_up_sqlite(sqlite_file(settings), to);
  if (!made)
    return complain(made.error());
  fmt::print("{}: {} sessions with {} messages, {:.1f} MiB. To restore it, put it in the place of {} while no Parley runs.\n", to,
             made->sessions, made->messages, static_cast<double>(made->bytes) / (1024 * 1024), sqlite_file(settings).string());
  return 0;
}

int copy(const std::string& from, const std::string& to) {
  auto copied = persistence::copy_store(from, to, progress_report{});
  if (!copied)
    return complain(copied.error());
  fmt::print("Copied {} sessions with {} messages ({} checkpoints of unfinished answers) and {} votes ({} count); the counts of "
             "both stores agree.\n",
             copied->sessions, copied->messages, copied->pieces, copied->votes, copied->comparisons);
  return 0;
}

} // namespace parley::commands
