#pragma once
// What the PostgreSQL store says to its server: each function is a statement or a few, for as many rows as are given.

#include "core/store_request.hpp"
#include "persistence/postgres/postgres_connection.hpp"
#include "persistence/postgres/postgres_plan.hpp"
#include "persistence/store/node_identity.hpp"
#include "persistence/store/store.hpp"

#include <span>
#include <vector>

namespace parley::persistence::postgres {

/// Locks the sessions against other writers until the transaction ends, in an order that all keep to; those that exist, with
/// their epochs.
epochs_by_session lock_sessions(transaction& in, std::span<const session_id> ids);

/// What the writes' rules need to know, but for the epochs.
void read_rows(transaction& in, std::span<const store_write> writes, stored_rows& into);

/// Does what was planned. The new sessions are the node's.
void carry_out(transaction& in, const write_plan& plan, const node_id& node);

/// Raises the epochs of different sessions, ends what runs in them, and reads them whole; those that exist.
std::unordered_map<session_id, opened_session> open_sessions(transaction& in, std::span<const session_id> ids,
                                                             const node_id& node);

/// See `store::recover`.
std::vector<recovered_answer> recover_answers(transaction& in, std::span<const store_answer> answers);

void delete_sessions(transaction& in, std::span<const session_id> ids);

/// Some of the sessions that have answers under way and belong to the node, locked.
std::vector<session_id> lock_unfinished_sessions(transaction& in, const node_id& node);

/// Ends what runs in the sessions, with the text that was checkpointed.
void interrupt_answers(transaction& in, std::span<const session_id> ids);

} // namespace parley::persistence::postgres
