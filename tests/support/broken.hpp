#pragma once
// Provoking an invariant.

#include "core/check.hpp"

#include <string>

namespace parley::test {

/// What the invariant says that `what` breaks; `-` if it breaks none.
template <class F>
std::string broken_by(F what) {
  try {
    what();
  } catch (const broken_invariant& broken) {
    return broken.what();
  }
  return "-";
}

/// True if `what` breaks the invariant whose expectation is `expectation`.
template <class F>
bool breaks(std::string_view expectation, F what) {
  return broken_by(what).starts_with("broken invariant: " + std::string{expectation} + " (");
}

} // namespace parley::test
