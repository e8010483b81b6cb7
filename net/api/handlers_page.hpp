#pragma once
// The page for people: built from `web/`, a part of the binary.

#include "net/api/page_files.hpp"
#include "net/server/router.hpp"

namespace parley::net {

/// `/`, the page's other addresses, which it tells apart by itself, `/docs/` (the API for people to read), and `/assets/`.
/// `files` must stay, and so must what they point at. Without files, `/` says how to build them.
void add_page_routes(router& to, std::span<const page_file> files);

/// `/openapi.json`: the API for programs. `files` as above.
void add_description_route(router& to, std::span<const page_file> files);

/// True if `Accept-Encoding` (RFC 9110, section 12.5.3) takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

} // namespace parley::net
