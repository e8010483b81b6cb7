#pragma once
// `parley chat`: a conversation in the terminal with a server that runs.

#include "config/command_line.hpp"

namespace parley::commands::chat {

/// Returns the process's exit status: 0 if all went well (of a dialogue: if the person left it), 1 if not, 130 after Ctrl-C.
int run(const config::chat_options& options);

} // namespace parley::commands::chat
