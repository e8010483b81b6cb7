#include "core/check.hpp"

namespace parley {

namespace {

/// The path below the folder of the sources. The compiler's path of this very file says which folder that is.
std::string_view within_sources(std::string_view file) {
  constexpr std::string_view here = __FILE__;
  constexpr auto root = here.substr(0, here.size() - std::string_view{"core/check.cpp"}.size());
  if (file.starts_with(root))
    file.remove_prefix(root.size());
  return file;
}

} // namespace

broken_invariant::broken_invariant(std::string_view expectation, const char* file, int line)
  : std::logic_error("broken invariant: " + std::string{expectation} + " (" + std::string{within_sources(file)} + ":"
                     + std::to_string(line) + ")") {}

void detail::invariant_broken(std::string_view expectation, const char* file, int line) {
  throw broken_invariant{expectation, file, line};
}

} // namespace parley
