#pragma once
// Text is passed on unaltered, code point for code point; what is no text becomes U+FFFD.

#include <string>
#include <string_view>

namespace parley {

/// True if `bytes` is well-formed UTF-8 without NUL: the common case, nothing to do.
bool is_clean_text(std::string_view bytes);

/// Replaces each maximal ill-formed part (Unicode 15, section 3.9, "U+FFFD Substitution of Maximal Subparts") and each
/// NUL by U+FFFD.
std::string to_clean_text(std::string_view bytes);

/// Makes JSON text safe for strict parsers without touching anything that is fine: ill-formed UTF-8, escaped lone
/// surrogates and `\u0000` become U+FFFD. Leaves the text's structure alone; a byte that is wrong elsewhere stays.
/// Returns false, and leaves `out` alone, when `json` needs no change.
bool repair_json_text(std::string_view json, std::string& out);

/// Appends `text` as the inside of a JSON string (RFC 8259, section 7): quotes, backslash and control characters
/// escaped, all else as it is. `text` must be clean.
void append_json_escaped(std::string& out, std::string_view text);

/// True if JSON escapes nothing of it: no quote, no backslash, no control character. Says nothing about UTF-8.
bool is_plain_in_json(std::string_view text);

/// The beginning of a text, at most `max_chars` code points, on one line: a session's title.
std::string title_of(std::string_view text, std::size_t max_chars = 80);

} // namespace parley
