#include "config/open_files.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace parley::config {

std::size_t raise_open_file_limit() {
  // Enough for anybody where the limit is "none": tables of descriptors grow with it in some libraries.
  constexpr rlim_t most = 1 << 20;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1'024;
  auto wanted = std::min(limit.rlim_max, most);
  if (limit.rlim_cur < wanted) {
    rlimit raised{wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
      limit.rlim_cur = wanted;
  }
  return std::min(limit.rlim_cur, most);
}

} // namespace parley::config
