#pragma once
// From the spool into the store that is back.

#include "persistence/store/store.hpp"

#include <functional>

namespace parley::persistence {

/// Stores all that waits in the spool, in its order, and removes it from there once it is committed; `stored` hears of each
/// answer as it is in the store now. Fails when the store, or the spool, fails: what is left waits on, and nothing that was
/// done is done twice. Blocks.
expected<void> replay_all(spool& from, store& into, const std::function<void(message&&)>& stored);

} // namespace parley::persistence
