#pragma once
// Drawing the two models of a random session.

#include <cstddef>
#include <random>
#include <utility>

namespace parley {

/// Two different numbers below `count`, which is at least 2: every pair, in either order, as likely as any other.
/// `Random` is a uniform random bit generator.
template <class Random>
std::pair<std::size_t, std::size_t> draw_pair(std::size_t count, Random& random) {
  auto below = [&](std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random); };
  auto first = below(count);
  auto second = below(count - 1);
  return {first, second < first ? second : second + 1};
}

} // namespace parley
