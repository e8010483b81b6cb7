#pragma once
// What is asked of a store, as values: the actors send them, `persistence/store/store.hpp` carries them out.

#include "core/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley {

/// Fences a session's writers: grows with each `open_session`; a write with an older one fails with `ec::fenced`.
using epoch = std::uint64_t;

// -- writes: durable when answered -----------------------------------------------------------------------------------

/// A new session, with epoch 1. `ec::id_conflict` if the id is taken; by the same session, it is no conflict.
struct create_session {
  session made;
};

/// Takes the session over: the epoch rises by one, and answers that were under way become `failed`/`interrupted` with
/// their checkpointed text. Answered by `opened_session`; `ec::not_found` if there is none.
struct open_session {
  session_id id;
};

/// Appends messages in this order (imports, the user's, the pending answers), and the session's own changes if it has any.
/// All or nothing: `ec::id_conflict` if an id is taken, or the seat's attempt; `ec::not_found` if the session was deleted.
/// The same messages once more are no conflict, and change nothing.
struct append_messages {
  session_id session_key;
  epoch held = 0;
  std::vector<message> added;
  std::optional<session> changed;
};

/// A piece of a running answer, appended to what is there; makes the message `streaming`. Pieces have whole characters, and
/// are told apart by their position: one that is repeated, perhaps grown, replaces the first. After the answer's final state
/// is stored a checkpoint has no effect.
struct append_checkpoint {
  session_id session_key;
  epoch held = 0;
  message_id answer;
  std::string content;
  std::string reasoning;
  /// Bytes of content and reasoning together in the pieces before this one.
  std::uint64_t position = 0;
  /// True if what was checkpointed before is void (`restart`).
  bool begins_again = false;
};

/// The final state of an answer, whose pieces it replaces. Repeating it with the same state is harmless; with another
/// state it changes nothing and succeeds: a message gets one final state.
struct store_answer {
  session_id session_key;
  epoch held = 0;
  message answer;
};

/// Title, system prompt, parameters, models. Not whether it is `blind`: a vote alone ends that.
struct update_session {
  session changed;
  epoch held = 0;
};

/// Whose all votes are while Parley knows no users.
inline constexpr const char* only_voter = "owner";

/// A vote on a turn; its session isn't `blind` any more. `ec::already_voted` if the voter has another on that turn; the same
/// one again is no conflict. One that is `counted` is kept for the leaderboard, too, and there it stays when the session is
/// deleted: which models, what was said of them and when, and nothing else.
struct record_vote {
  session_id session_key;
  epoch held = 0;
  vote_id id;
  turn_id turn;
  std::string voter = only_voter;
  turn_vote given;
  /// If it counts: whose answers were those of `a` and `b`.
  std::string left_model;
  std::string right_model;
};

/// With all its messages and votes. Succeeds if there is none.
struct delete_session {
  session_id id;
};

using store_write = std::variant<create_session, open_session, append_messages, append_checkpoint, store_answer, update_session,
                                 record_vote, delete_session>;

struct opened_session {
  session about;
  epoch held = 0;
  /// Oldest first.
  std::vector<message> messages;
};

/// The store is away; the answer is safe on this node's disk, and goes into the store once it is back.
struct spooled {};

/// `opened_session` for `open_session`, nothing for the others; `spooled` for a `store_answer` only, never from a store itself.
using store_written = std::variant<std::monostate, opened_session, spooled>;

// -- reads -----------------------------------------------------------------------------------------------------------

/// Newest first, by creation; `after` is the last id of the page before.
struct list_sessions {
  std::optional<session_id> after;
  int limit = 50;
};

struct session_page {
  std::vector<session> data;
  bool more = false;
};

struct find_session {
  session_id id;
};

/// A running answer has its checkpointed text.
struct find_message {
  message_id id;
};

/// Oldest first; `after` is the last id of the page before. `ec::not_found` if there is no such session,
/// `ec::invalid_request` if `after` isn't one of its messages. A page may end before its limit where texts are long.
struct list_messages {
  session_id session_key;
  std::optional<message_id> after;
  int limit = 50;
};

struct message_page {
  std::vector<message> data;
  bool more = false;
};

/// The votes that count, added up; those since `since` only, if it is given.
struct tally_votes {
  std::optional<unix_ms> since;
};

/// How often what was said of two models, the one's answer at the left (`a`) and the other's at the right.
struct pair_tally {
  std::string left;
  std::string right;
  std::int64_t left_wins = 0;
  std::int64_t right_wins = 0;
  std::int64_t ties = 0;
  std::int64_t both_bad = 0;

  friend bool operator==(const pair_tally&, const pair_tally&) = default;
};

/// One entry for each pair in that order, sorted: at most as many as there were pairs of models.
struct vote_tally {
  std::vector<pair_tally> pairs;
};

} // namespace parley
