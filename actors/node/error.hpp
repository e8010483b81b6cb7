#pragma once
// A failure as CAF's errors carry it between actors.

#include "core/error.hpp"

#include <caf/error.hpp>

namespace parley {

/// Actors answer with a `caf::error` that carries a failure.
caf::error to_error(const failure& why);

/// The failure inside; errors of CAF itself become `ec::unavailable` (a timeout, an actor that is gone) or `ec::internal`.
failure to_failure(const caf::error& why);

} // namespace parley
