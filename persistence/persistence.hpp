#pragma once
// The persistence actor: the node's way to its store, whose calls block.

#include "actors/node/store_api.hpp"
#include "persistence/store/store.hpp"

#include <chrono>
#include <cstddef>

namespace parley::persistence {

struct persistence_options {
  /// Bytes of the writes that were accepted and are not yet durable. Beyond it a write is answered `store_unavailable`.
  std::size_t write_queue_bytes = 64 * 1024 * 1024;
  /// Reads that wait, for each reader. Beyond it a read is answered `store_unavailable`.
  std::size_t read_queue = 4'096;
  /// Of a store that can be away: how often it is looked whether it is still there, and whether it is there again.
  std::chrono::milliseconds watch_interval{250};
  std::chrono::milliseconds return_interval{500};
};

/// Each store gets a thread of its own; a read is for the reader that has the fewest. Writes are carried out in their order, all
/// that wait as one batch; a session's read sees what was answered as written before.
///
/// A store that comes with a spool may be away: then finished answers go into the spool and are answered `spooled`, other writes
/// are refused as `store_unavailable` at once. It is away after a batch that failed as a whole, or when neither its sentinel
/// nor its writer gets a word from it. When it is back, first the spool is emptied into it, then writes go on.
///
/// Ends by an exit message (`user_shutdown`): first it carries out and answers all that was sent to it before, and refuses
/// what comes later as `unavailable`. It lives until then, whoever holds its handle: send it last, when nobody is left who
/// writes.
persistence_actor spawn_persistence(caf::actor_system& sys, stores opened, const persistence_options& options = {});

} // namespace parley::persistence
