#pragma once
// What a write counts for against the bound of a queue: about the bytes that it takes in memory.

#include "core/store_request.hpp"

namespace parley::persistence {

std::size_t weight(const create_session& what);
std::size_t weight(const open_session& what);
std::size_t weight(const append_messages& what);
std::size_t weight(const append_checkpoint& what);
std::size_t weight(const store_answer& what);
std::size_t weight(const update_session& what);
std::size_t weight(const record_vote& what);
std::size_t weight(const delete_session& what);

} // namespace parley::persistence
