#pragma once
// What a provider says about an error, made fit for a client's eyes.

#include <string>
#include <string_view>

namespace parley::wire {

/// At most 300 characters on one line, without control characters, `secret`, addresses, or anything that looks like a key.
/// `secret` may be empty.
std::string quotable(std::string_view message, std::string_view secret);

/// The sentence for an error that came in mid-stream. `message` is the provider's own, or empty if it can't be told.
std::string describe_error_event(std::string_view message);

} // namespace parley::wire
