#pragma once
// Status line and header fields of responses.

#include <string>
#include <string_view>

namespace parley::net {

/// `Not Found`; empty for a status without a name.
std::string_view reason_phrase(int status);

/// Appends the status line, `Date` and `Server`. Made once a second and thread.
void append_status(std::string& out, int status);

/// Appends one field. A value with a line break in it, which would begin a field of its own, is cut off there.
void append_field(std::string& out, std::string_view name, std::string_view value);

} // namespace parley::net
