#pragma once
// The objects of Anthropic's Messages (https://docs.anthropic.com/en/api/messages), as we answer them.

#include "core/answer_event.hpp"
#include "wire/objects/object_json.hpp"

#include <string>
#include <string_view>

namespace parley::wire {

/// `msg_` and the run's id without its dashes.
std::string anthropic_id(run_id run);

/// Of an answer that came to its end. Which of the request's stop sequences ended it is not known: that is `end_turn`, too.
std::string_view anthropic_stop_reason(finish_reason reason);

/// An error's `type` (https://docs.anthropic.com/en/api/errors).
std::string_view anthropic_error_type(ec code);

/// `{"type":"error","error":{"type","message"},"request_id"}`; without a `request_id` where there is none to tell.
json_object anthropic_error(ec code, std::string_view message, std::string_view request_id);

/// `{"input_tokens","output_tokens"}`, both 0 if nothing is known.
json_object anthropic_usage(const std::optional<token_usage>& usage);

/// A whole message.
json_object anthropic_message(run_id run, std::string_view model, const message& answer);

} // namespace parley::wire
