#pragma once
// How responses are written: status line, header fields, chunks.

#include <string>
#include <string_view>

namespace parley {
struct run_opened;
}

namespace parley::net {

/// `Not Found`; empty for a status without a name.
std::string_view reason_phrase(int status);

/// Appends the status line, `Date` and `Server`. Made once a second and thread.
void append_status(std::string& out, int status);

/// Appends one field. A value with a line break in it, which would begin a field of its own, is cut off there.
void append_field(std::string& out, std::string_view name, std::string_view value);

/// Appends the fields that name a turn and its messages.
void append_turn(std::string& out, const run_opened& run);

/// Appends a chunk of a body that comes in chunks (RFC 9112, section 7.1). `bytes` isn't empty: that would be the body's end.
void append_chunk(std::string& out, std::string_view bytes);

} // namespace parley::net
