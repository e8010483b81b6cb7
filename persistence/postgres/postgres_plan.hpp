#pragma once
// What a batch of writes comes to, decided before any of it is written: the rules of `core/store_request.hpp`, applied to
// what is stored. So a batch takes a handful of statements, however many writes it has, and a write that is refused is
// simply not in them. No SQL here.

#include "core/store_request.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace parley::persistence {

/// Whose write it is.
session_id session_of(const store_write& what);

std::vector<session_id> sessions_of(std::span<const store_write> writes);

/// How many of the writes, from the first, can be carried out together: those that are planned; or openings of different
/// sessions; or deletions.
std::size_t length_of_segment(std::span<const store_write> writes);

using epochs_by_session = std::unordered_map<session_id, epoch>;

/// What the rules need to know, read within the transaction, its sessions locked.
struct stored_rows {
  /// Of the sessions that the writes name; those that are not here don't exist.
  epochs_by_session epochs;
  /// Those that are to be created and are there already.
  std::unordered_map<session_id, session> sessions;
  /// Those that the writes name, parents too. With the texts of users only.
  std::unordered_map<message_id, message> messages;
  /// On the turns that are voted on, by their voters.
  std::map<std::pair<turn_id, std::string>, vote_id> votes;
};

/// The checkpoints of one running answer.
struct planned_pieces {
  struct piece {
    std::string_view reasoning;
    std::string_view content;
  };

  /// Of the stored pieces those with a position in [first, second) go. Before `added` come.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> replaced;
  /// By their position.
  std::map<std::uint64_t, piece> added;
};

/// Refers to the writes and to the rows.
class write_plan {
public:
  explicit write_plan(stored_rows& rows) : rows_(rows) {}

  /// Takes the write into the plan, or says why it is refused. Not for `open_session` and `delete_session`.
  expected<store_written> add(const store_write& what);

  // What is to be done, in this order.
  std::vector<const session*> created;
  std::vector<const message*> appended;
  std::unordered_map<session_id, const session*> changed;
  std::vector<const record_vote*> votes;
  /// Answers that get their first checkpoint.
  std::vector<message_id> begun;
  std::unordered_map<message_id, planned_pieces> pieces;
  /// Their pieces go.
  std::vector<const message*> finished;

private:
  expected<store_written> apply(const create_session& what);
  expected<store_written> apply(const append_messages& what);
  expected<store_written> apply(const append_checkpoint& what);
  expected<store_written> apply(const store_answer& what);
  expected<store_written> apply(const update_session& what);
  expected<store_written> apply(const record_vote& what);
  expected<store_written> apply(const open_session&) = delete;
  expected<store_written> apply(const delete_session&) = delete;

  expected<void> check_fence(session_id id, epoch held) const;

  /// Null if it is final.
  expected<message*> running_answer(session_id session_key, message_id id);

  stored_rows& rows_;
};

} // namespace parley::persistence
