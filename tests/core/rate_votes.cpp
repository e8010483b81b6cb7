// Rates the votes on its standard input, for `rating_beside_sklearn.py`: the number of models, then for each pair its two
// models' numbers, the wins of the first, those of the second, and the draws. Prints a rating, its low and its high a line.

#include "core/rating.hpp"

#include <cstdio>
#include <iostream>

int main() {
  std::size_t models = 0;
  std::cin >> models;
  std::vector<parley::pair_outcomes> votes;
  for (parley::pair_outcomes pair; std::cin >> pair.first >> pair.second >> pair.first_won >> pair.second_won >> pair.draws;)
    votes.push_back(pair);
  for (auto& each : parley::rate(models, votes))
    std::printf("%.9g %.9g %.9g\n", each.value, each.low, each.high);
}
