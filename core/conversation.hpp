#pragma once
// The messages of one session as a tree, and the rules on it: branches, prompts, attempts. A value; a session actor owns
// one. Nothing here does I/O.

#include "core/message.hpp"
#include "core/prompt.hpp"

#include <span>
#include <unordered_map>
#include <vector>

namespace parley {

class conversation {
public:
  conversation() = default;
  /// Takes the messages in the order of their creation.
  explicit conversation(std::vector<message> messages);

  // -- reading ---------------------------------------------------------------------------------------------------------

  /// Null if the session has no such message. Valid until the next change.
  const message* find(message_id id) const;

  /// All messages, oldest first.
  const std::vector<message>& all() const { return messages_; }

  bool empty() const { return messages_.empty(); }

  /// True once a user's message got answers of our own: from then on nothing can be imported.
  bool has_turns() const { return has_turns_; }

  /// Bytes of all texts.
  std::size_t bytes() const { return bytes_; }

  /// The message that a new user message continues when the client names none: of the newest turn the answer of the
  /// first seat, or the last import. None in an empty session.
  std::optional<message_id> newest_leaf() const;

  /// The answers of a turn, all seats and attempts, oldest first.
  std::vector<const message*> answers_of(message_id user_message) const;

  /// True if no user message continues the turn of this user message.
  bool is_last_turn(message_id user_message) const;

  /// The user message that an answer belongs to, or the message itself if it is a user's. Null for others.
  const message* user_message_of(message_id id) const;

  /// The number for the next answer of that seat in that turn.
  int next_attempt(message_id user_message, participant seat) const;

  /// What `seat` is sent to answer `question`, a user's message that needn't be here yet, along the branch above it
  /// (`docs/protocol.md`, "Prompt"): for each earlier turn the user's text and the seat's own newest `success`, else its
  /// newest non-empty kept text; turns without either are left out whole. The oldest turns are left out until at most
  /// `history_bytes` of text remain, but never the question.
  prompt prompt_for(participant seat, const message& question, const session& about, std::size_t history_bytes) const;

  // -- changing --------------------------------------------------------------------------------------------------------

  void append(message added);

  /// Replaces a message that is there by its newer state: an answer that got its finish.
  void update(message changed);

  /// The vote on a turn, by its user message: from then on no answer is `blind`.
  void take_vote(message_id user_message, const turn_vote& given);

private:
  std::vector<message> messages_;
  std::unordered_map<message_id, std::size_t> by_id_;
  /// The children of each message, oldest first.
  std::unordered_map<message_id, std::vector<std::size_t>> by_parent_;
  std::size_t bytes_ = 0;
  bool has_turns_ = false;
};

} // namespace parley
