#define CAF_SUITE core.rating

#include "core/rating.hpp"

#include <caf/test/unit_test.hpp>

#include <cmath>
#include <random>
#include <vector>

using namespace parley;

namespace {

double width(const rating& of) {
  return of.high - of.low;
}

/// How much better the first is, as the ratings have it, in odds.
double odds(const rating& first, const rating& second) {
  return std::pow(10, (first.value - second.value) / 400);
}

double mean(const std::vector<rating>& ratings) {
  double sum = 0;
  for (auto& each : ratings)
    sum += each.value;
  return sum / static_cast<double>(ratings.size());
}

bool is_sane(const rating& of) {
  return std::isfinite(of.value) && std::isfinite(of.low) && std::isfinite(of.high) && of.low < of.value && of.value < of.high;
}

} // namespace

CAF_TEST(two models differ by the odds of their votes) {
  std::vector<pair_outcomes> votes{{0, 1, 75'000, 25'000, 0}};
  auto ratings = rate(2, votes);
  CAF_REQUIRE_EQUAL(ratings.size(), 2u);
  CAF_CHECK(std::abs(odds(ratings[0], ratings[1]) - 3) < 0.01);
  CAF_CHECK(std::abs(mean(ratings) - mean_rating) < 1e-6);
}

CAF_TEST(a draw counts half a win for each) {
  auto drawn = rate(2, std::vector<pair_outcomes>{{0, 1, 30, 10, 40}});
  auto halved = rate(2, std::vector<pair_outcomes>{{0, 1, 50, 30, 0}});
  CAF_CHECK(std::abs(drawn[0].value - halved[0].value) < 0.01);
  CAF_CHECK(drawn[0].value > drawn[1].value);
  // But draws say it more surely than wins and losses that cancel out.
  CAF_CHECK(width(drawn[0]) < width(halved[0]));
}

CAF_TEST(models that were never compared are ranked by those between them) {
  std::vector<pair_outcomes> votes{{0, 1, 3000, 1000, 0}, {1, 2, 3000, 1000, 0}};
  auto ratings = rate(3, votes);
  CAF_CHECK(std::abs(odds(ratings[0], ratings[2]) - 9) < 0.2);
}

CAF_TEST(the order of models and of pairs does not matter) {
  auto ratings = rate(3, std::vector<pair_outcomes>{{0, 1, 30, 10, 4}, {1, 2, 25, 20, 2}});
  auto turned = rate(3, std::vector<pair_outcomes>{{0, 1, 20, 25, 2}, {2, 1, 20, 8, 1}, {2, 1, 10, 2, 3}});
  CAF_CHECK(std::abs(ratings[0].value - turned[2].value) < 0.01);
  CAF_CHECK(std::abs(ratings[1].value - turned[1].value) < 0.01);
}

CAF_TEST(the interval holds the rating and narrows with the votes) {
  auto few = rate(2, std::vector<pair_outcomes>{{0, 1, 6, 4, 0}});
  auto many = rate(2, std::vector<pair_outcomes>{{0, 1, 600, 400, 0}});
  for (auto& each : {few[0], few[1], many[0], many[1]})
    CAF_CHECK(is_sane(each));
  CAF_CHECK(width(few[0]) > 3 * width(many[0]));
}

CAF_TEST(a model that always won or never did has a rating and a wide interval) {
  auto ratings = rate(3, std::vector<pair_outcomes>{{0, 1, 5, 0, 0}, {1, 2, 500, 500, 0}});
  for (auto& each : ratings)
    CAF_CHECK(is_sane(each));
  CAF_CHECK(ratings[0].value > ratings[1].value + 50);
  CAF_CHECK(ratings[0].value < ratings[1].value + 600);
  CAF_CHECK(width(ratings[0]) > 150);
  CAF_CHECK(width(ratings[0]) > 1.5 * width(ratings[2]));
}

CAF_TEST(groups that were never compared with one another keep their common doubt) {
  // Each group's own difference is all but certain; where the groups lie is not.
  auto apart = rate(4, std::vector<pair_outcomes>{{0, 1, 6'000, 4'000, 0}, {2, 3, 6'000, 4'000, 0}});
  auto joined = rate(4, std::vector<pair_outcomes>{{0, 1, 6'000, 4'000, 0}, {2, 3, 6'000, 4'000, 0}, {0, 2, 5'000, 5'000, 0}});
  for (auto& each : apart)
    CAF_CHECK(is_sane(each));
  CAF_CHECK(std::abs(apart[0].value - apart[2].value) < 1);
  CAF_CHECK(width(apart[0]) > 200);
  CAF_CHECK(width(joined[0]) < 20);
}

CAF_TEST(a model without any vote has the mean and hardly a bound) {
  auto ratings = rate(3, std::vector<pair_outcomes>{{0, 1, 60, 40, 0}});
  CAF_CHECK(std::abs(ratings[2].value - mean_rating) < 1e-6);
  CAF_CHECK(width(ratings[2]) > 2 * prior_deviation);
}

CAF_TEST(a million votes that all say the same end the search) {
  auto ratings = rate(2, std::vector<pair_outcomes>{{0, 1, 1'000'000, 0, 0}});
  for (auto& each : ratings)
    CAF_CHECK(is_sane(each));
  CAF_CHECK(ratings[0].value > ratings[1].value + 1000);
}

CAF_TEST(without votes all are equal and without models there is nothing) {
  CAF_CHECK(rate(0, {}).empty());
  for (auto& each : rate(2, {}))
    CAF_CHECK(std::abs(each.value - mean_rating) < 1e-6);
}

CAF_TEST(equal votes give equal ratings and intervals) {
  std::vector<pair_outcomes> votes{{0, 1, 60, 40, 11}, {1, 2, 20, 5, 3}};
  auto once = rate(3, votes);
  auto again = rate(3, votes);
  for (std::size_t i = 0; i < 3; ++i) {
    CAF_CHECK_EQUAL(once[i].value, again[i].value);
    CAF_CHECK_EQUAL(once[i].low, again[i].low);
    CAF_CHECK_EQUAL(once[i].high, again[i].high);
  }
}

CAF_TEST(the intervals hold the truth in about 95 of 100 samples) {
  const std::vector<double> truth{120, 40, -60, -100};
  std::mt19937_64 random{7};
  int held = 0;
  int asked = 0;
  for (int sample = 0; sample < 60; ++sample) {
    std::vector<pair_outcomes> votes;
    for (std::uint32_t i = 0; i < truth.size(); ++i)
      for (std::uint32_t j = i + 1; j < truth.size(); ++j) {
        std::binomial_distribution<std::uint64_t> wins{80, 1 / (1 + std::pow(10, (truth[j] - truth[i]) / 400))};
        auto won = wins(random);
        votes.push_back({i, j, won, 80 - won, 0});
      }
    auto ratings = rate(truth.size(), votes);
    for (std::size_t i = 0; i < truth.size(); ++i, ++asked)
      held += ratings[i].low <= mean_rating + truth[i] && mean_rating + truth[i] <= ratings[i].high;
  }
  CAF_CHECK_EQUAL(asked, 240);
  CAF_CHECK(held >= 218); // 91 %
  CAF_CHECK(held <= 237); // 98.7 %
}

CAF_TEST(rating ends early when it is asked to) {
  std::stop_source stop;
  stop.request_stop();
  CAF_CHECK(rate(2, std::vector<pair_outcomes>{{0, 1, 60, 40, 0}}, stop.get_token()).empty());
}
