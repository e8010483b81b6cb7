#pragma once
// A stored answer told again: its events in a log.

#include "actors/runs/log_server.hpp"
#include "core/message.hpp"

namespace parley {

/// Introduces the answer and appends `restart`, an event for each stretch of the answer's text and reasoning and for each call of
/// a tool, in the order in which they came, and the finish. They have the numbers that they had when they came. Of an answer
/// without a known order: reasoning, text, calls.
void fill_from_stored(log_server& log, const message& answer);

} // namespace parley
