#pragma once
// What an operator does with a store: each prints what it did, and returns the process's exit status.

#include "config/settings.hpp"

#include <string>

namespace parley::commands {

/// Brings the configured store to the newest version.
int migrate(const config::settings& settings);

/// Copies the configured embedded store, which may be in use, to a file.
int backup(const config::settings& settings, const std::string& to);

/// Moves all from one store to another, each given by its URL or its file.
int copy(const std::string& from, const std::string& to);

} // namespace parley::commands
