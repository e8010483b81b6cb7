#pragma once
// What may be seen of an answer while nobody may learn whose it is: its text and its state, and nothing that one model has and
// another hasn't. Whatever shows an answer's details takes them from here.

#include "core/message.hpp"

namespace parley {

/// What an answer tells of its model beside its text.
struct answer_details {
  std::optional<model_label> model;
  std::optional<token_usage> usage;
  std::optional<answer_latency> latency;
  /// Of a blind answer the code, and a sentence that says no more.
  std::optional<answer_error> error;
  unix_ms completed_at = 0;
};

/// All of it, or of a `blind` answer what may be seen.
answer_details shown_details(const message& of);

/// For an answer's `number`-th tool call, from 1: providers' own ids tell whose they are.
std::string blind_call_id(std::size_t number);

/// True if an object that is made of the message with `shown` tells nothing of a blind answer's model: the last word before it
/// goes out.
bool tells_no_model(const message& of, const answer_details& shown);

} // namespace parley
