#include "core/rating.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace parley {

namespace {

using vector = std::vector<double>;

/// Points of Elo's scale in a unit of strength.
const double points = 400 / std::log(10.0);

/// What one strength's prior weighs.
const double prior_weight = points * points / (prior_deviation * prior_deviation);

/// Strengths are found when a step changes none by more: a thousandth of a point.
constexpr double precision = 5e-6;

/// A bound for what can't happen: the steps of a concave function's search get shorter by themselves.
constexpr int max_steps = 200;

/// Half-wins of one model over another, in both directions.
struct weighed_pair {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  double for_first = 0;
  double for_second = 0;
};

/// A symmetric, positive matrix as the product of a triangle and its transpose (Cholesky), to solve equations with.
class factored_matrix {
public:
  explicit factored_matrix(std::size_t size) : size_(size), rows_(size * size) {}

  std::size_t size() const { return size_; }

  /// The matrix to be factored: only its lower triangle is looked at.
  double& at(std::size_t row, std::size_t column) { return rows_[row * size_ + column]; }

  void clear() { std::fill(rows_.begin(), rows_.end(), 0); }

  void factor() {
    for (std::size_t row = 0; row < size_; ++row) {
      auto* mine = &at(row, 0);
      for (std::size_t column = 0; column <= row; ++column) {
        auto* other = &at(column, 0);
        double rest = mine[column];
        for (std::size_t i = 0; i < column; ++i)
          rest -= mine[i] * other[i];
        mine[column] = row == column ? std::sqrt(rest) : rest / other[column];
      }
    }
  }

  /// `right` becomes the solution.
  void solve(vector& right) {
    for (std::size_t row = 0; row < size_; ++row) {
      for (std::size_t i = 0; i < row; ++i)
        right[row] -= at(row, i) * right[i];
      right[row] /= at(row, row);
    }
    for (std::size_t row = size_; row-- > 0;) {
      right[row] /= at(row, row);
      for (std::size_t i = 0; i < row; ++i)
        right[i] -= at(row, i) * right[row];
    }
  }

private:
  std::size_t size_;
  vector rows_;
};

/// log(1 + exp(x)), for large x too.
double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

/// The search for the most probable strengths: Newton's, whose matrix of second derivatives is factored anew only where the
/// one that it has leads too slowly. For resampled votes, the one of all votes nearly always serves.
class strength_search {
public:
  explicit strength_search(std::size_t models) : curvature_(models), step_(models), tried_(models), centres_(models) {}

  /// Finds the strengths for these votes, beginning at `strengths`. A prior lies around each of `centres`.
  void run(std::span<const weighed_pair> votes, const vector& centres, vector& strengths) {
    votes_ = votes;
    centres_ = centres;
    double plausible = plausibility(strengths);
    double before = 0;
    for (int i = 0; i < max_steps; ++i) {
      if (!factored_)
        factor_at(strengths);
      auto length = aim(strengths);
      if (length < precision)
        return;
      // A step that is hardly shorter than the one before it comes of an outdated matrix, or is far from the end.
      auto slow = before != 0 && length > before / 4;
      before = length;
      plausible = take_step(strengths, plausible, slow);
    }
  }

private:
  /// The logarithm of the strengths' posterior density, but for a constant.
  double plausibility(const vector& strengths) const {
    double sum = 0;
    for (auto& pair : votes_) {
      auto lead = strengths[pair.first] - strengths[pair.second];
      sum -= pair.for_first * softplus(-lead) + pair.for_second * softplus(lead);
    }
    for (std::size_t i = 0; i < strengths.size(); ++i)
      sum -= prior_weight / 2 * (strengths[i] - centres_[i]) * (strengths[i] - centres_[i]);
    return sum;
  }

  void factor_at(const vector& strengths) {
    curvature_.clear();
    for (std::size_t i = 0; i < strengths.size(); ++i)
      curvature_.at(i, i) = prior_weight;
    for (auto& pair : votes_) {
      auto expected = 1 / (1 + std::exp(strengths[pair.second] - strengths[pair.first]));
      auto weight = (pair.for_first + pair.for_second) * expected * (1 - expected);
      curvature_.at(pair.first, pair.first) += weight;
      curvature_.at(pair.second, pair.second) += weight;
      curvature_.at(std::max(pair.first, pair.second), std::min(pair.first, pair.second)) -= weight;
    }
    curvature_.factor();
    factored_ = true;
  }

  /// The step from here, and the largest change in it.
  double aim(const vector& strengths) {
    for (std::size_t i = 0; i < strengths.size(); ++i)
      step_[i] = prior_weight * (centres_[i] - strengths[i]);
    for (auto& pair : votes_) {
      auto expected = 1 / (1 + std::exp(strengths[pair.second] - strengths[pair.first]));
      auto surplus = pair.for_first - (pair.for_first + pair.for_second) * expected;
      step_[pair.first] += surplus;
      step_[pair.second] -= surplus;
    }
    curvature_.solve(step_);
    double length = 0;
    for (auto change : step_)
      length = std::max(length, std::abs(change));
    return length;
  }

  /// Goes as far along the step as makes the strengths no less plausible; how plausible they are then.
  double take_step(vector& strengths, double plausible, bool slow) {
    // Close to the end, rounding hides what a step gains.
    const auto least = plausible - 1e-12 * std::abs(plausible);
    double share = 1;
    double reached = plausible;
    for (; share > precision; share /= 2) {
      for (std::size_t i = 0; i < strengths.size(); ++i)
        tried_[i] = strengths[i] + share * step_[i];
      reached = plausibility(tried_);
      if (reached >= least)
        break;
    }
    std::swap(strengths, tried_);
    factored_ = share == 1 && !slow;
    return reached;
  }

  std::span<const weighed_pair> votes_;
  factored_matrix curvature_;
  /// `curvature_` is that of some point not far away.
  bool factored_ = false;
  vector step_;
  vector tried_;
  vector centres_;
};

weighed_pair weighed(const pair_outcomes& from) {
  auto half = static_cast<double>(from.draws) / 2;
  return {from.first, from.second, static_cast<double>(from.first_won) + half, static_cast<double>(from.second_won) + half};
}

/// As many votes as there are, drawn from them with replacement: a multinomial draw, made of a binomial one for each outcome.
class resampled_votes {
public:
  explicit resampled_votes(std::span<const pair_outcomes> votes) : votes_(votes) {
    for (auto& pair : votes)
      all_ += pair.first_won + pair.second_won + pair.draws;
  }

  void draw(std::mt19937_64& random, std::vector<weighed_pair>& into) {
    still_to_draw_ = still_there_ = all_;
    for (std::size_t i = 0; i < votes_.size(); ++i) {
      pair_outcomes drawn{votes_[i].first, votes_[i].second, 0, 0, 0};
      drawn.first_won = draw_of(random, votes_[i].first_won);
      drawn.second_won = draw_of(random, votes_[i].second_won);
      drawn.draws = draw_of(random, votes_[i].draws);
      into[i] = weighed(drawn);
    }
  }

private:
  std::uint64_t draw_of(std::mt19937_64& random, std::uint64_t there) {
    if (there == 0)
      return 0;
    auto share = static_cast<double>(there) / static_cast<double>(still_there_);
    std::binomial_distribution<std::int64_t> binomial{static_cast<std::int64_t>(still_to_draw_), share};
    auto drawn = static_cast<std::uint64_t>(binomial(random));
    still_there_ -= there;
    still_to_draw_ -= drawn;
    return drawn;
  }

  std::span<const pair_outcomes> votes_;
  std::uint64_t all_ = 0;
  std::uint64_t still_to_draw_ = 0;
  std::uint64_t still_there_ = 0;
};

void to_ratings(vector& strengths) {
  double mean = 0;
  for (auto strength : strengths)
    mean += strength / static_cast<double>(strengths.size());
  for (auto& strength : strengths)
    strength = mean_rating + points * (strength - mean);
}

/// Interpolated between the two values around it. Reorders them.
double quantile(std::span<double> values, double share) {
  auto place = share * static_cast<double>(values.size() - 1);
  auto below = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), below, values.end());
  auto above = below + 1 == values.end() ? *below : *std::min_element(below + 1, values.end());
  return *below + (place - std::floor(place)) * (above - *below);
}

} // namespace

std::vector<rating> rate(std::size_t models, std::span<const pair_outcomes> votes, const std::stop_token& stop) {
  if (models == 0)
    return {};
  std::vector<weighed_pair> weighed_votes(votes.size());
  std::transform(votes.begin(), votes.end(), weighed_votes.begin(), weighed);
  strength_search search{models};
  vector best(models);
  search.run(weighed_votes, vector(models), best);

  const std::size_t rounds = std::clamp<std::size_t>(1'000'000 / (votes.size() + 1), 200, 1000);
  // One row a model: its ratings in all rounds.
  vector drawn(models * rounds);
  std::mt19937_64 random{models};
  std::normal_distribution<double> prior{0, prior_deviation / points};
  resampled_votes resampled{votes};
  vector centres(models);
  for (std::size_t round = 0; round < rounds; ++round) {
    if (stop.stop_requested())
      return {};
    resampled.draw(random, weighed_votes);
    std::generate(centres.begin(), centres.end(), [&] { return prior(random); });
    auto strengths = best;
    search.run(weighed_votes, centres, strengths);
    to_ratings(strengths);
    for (std::size_t i = 0; i < models; ++i)
      drawn[i * rounds + round] = strengths[i];
  }

  to_ratings(best);
  std::vector<rating> result(models);
  for (std::size_t i = 0; i < models; ++i) {
    auto mine = std::span{drawn}.subspan(i * rounds, rounds);
    result[i] = {best[i], quantile(mine, 0.025), quantile(mine, 0.975)};
  }
  return result;
}

} // namespace parley
