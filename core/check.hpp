#pragma once
// Invariants that speak. `check` stands where something is relied on, and is on in every build: it costs one branch.

#include <stdexcept>
#include <string>
#include <string_view>

namespace parley {

/// What `check` throws. `what()` has the expectation and its place. Nothing may catch it and go on as if nothing were: it ends
/// the actor, the connection or the job in which it was thrown, and whoever ends that logs it (`actors/node/faults.hpp`).
class broken_invariant : public std::logic_error {
public:
  /// `file` as the compiler names it.
  broken_invariant(std::string_view expectation, const char* file, int line);
};

namespace detail {

[[noreturn, gnu::cold]] void invariant_broken(std::string_view expectation, const char* file, int line);

} // namespace detail

/// Throws `broken_invariant` unless `holds`. `expectation` says in words what must be true. The place is the caller's:
/// clang 14 has no `std::source_location`.
inline void check(bool holds, std::string_view expectation, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!holds) [[unlikely]]
    detail::invariant_broken(expectation, file, line);
}

/// What `pointer` points to, which must not be null.
template <class T>
T& checked(T* pointer, std::string_view expectation, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  check(pointer != nullptr, expectation, file, line);
  return *pointer;
}

} // namespace parley
