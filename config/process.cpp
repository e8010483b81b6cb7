#include "config/process.hpp"

#include <algorithm>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

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

expected<void> make_private_directory(const std::filesystem::path& directory) {
  std::error_code problem;
  if (std::filesystem::create_directories(directory, problem))
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, problem);
  if (problem)
    return fail(ec::store_unavailable, "Can't make the directory " + directory.string() + ": " + problem.message() + ".");
  return {};
}

void give_back_memory() {
  malloc_trim(0);
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

} // namespace parley::config
