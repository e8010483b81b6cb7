#pragma once
// The files of the page (`web/`), as they were built into this binary by `cmake/EmbedPage.cmake`.

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

/// Empty if the page wasn't built when the server was.
std::span<const page_file> page_files();

} // namespace parley::net
