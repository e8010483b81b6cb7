#pragma once
// How many files, sockets among them, this process may have open.

#include <cstddef>

namespace parley::config {

/// Raises the soft limit to the hard one, as every server may; says what is in force then.
std::size_t raise_open_file_limit();

} // namespace parley::config
