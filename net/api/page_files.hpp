#pragma once
// Files that `cmake/EmbedPage.cmake` has built into this binary.

#include <span>
#include <string_view>

namespace parley::net {

struct page_file {
  /// `/index.html`, `/assets/index-Dax5124E.css`
  std::string_view path;
  std::string_view content_type;
  /// Of the content, without the quotes of an ETag.
  std::string_view hash;
  std::string_view bytes;
  /// The same, compressed; empty where that saves nothing.
  std::string_view gzip;
};

/// The page's (`web/`). Empty if it wasn't built when the server was.
std::span<const page_file> page_files();

/// One file, `/openapi.json`: the API in OpenAPI 3.1.
std::span<const page_file> api_description();

} // namespace parley::net
