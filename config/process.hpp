#pragma once
// What the process asks of the system it runs on.

#include "core/error.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace parley::config {

/// How many files, sockets among them, may be open: raises the soft limit to the hard one, as every server may, and says
/// what is in force then.
std::size_t raise_open_file_limit();

/// Makes the directory for its owner alone, unless it is there.
expected<void> make_private_directory(const std::filesystem::path& directory);

/// Returns freed memory to the system: malloc keeps what many threads freed in their arenas, for a next time. Milliseconds.
void give_back_memory();

/// The machine's name, for `/health/`.
std::string host_name();

} // namespace parley::config
