#define CAF_SUITE core.blinding

#include "core/blinding.hpp"
#include "core/draw.hpp"

#include <caf/test/unit_test.hpp>

#include <map>

using namespace parley;

namespace {

message failed_answer() {
  message result;
  result.role = message_role::assistant;
  result.model = model_label{"gpt", "GPT"};
  result.usage = token_usage{9, 2, true};
  result.latency = answer_latency{120, 900};
  result.error = answer_error{ec::upstream_rejected, "gpt-x is not for you"};
  result.completed_at = 1'700'000'000'000;
  return result;
}

} // namespace

CAF_TEST(an answer tells all and a blind one its error code alone) {
  auto answer = failed_answer();
  auto all = shown_details(answer);
  CAF_CHECK(all.model == answer.model && all.usage == answer.usage && all.latency == answer.latency);
  CAF_CHECK(all.error == answer.error && all.completed_at == answer.completed_at);
  answer.blind = true;
  auto few = shown_details(answer);
  CAF_CHECK(!few.model && !few.usage && !few.latency && few.completed_at == 0);
  CAF_CHECK(few.error == (answer_error{ec::upstream_rejected, "The provider refused the request."}));
  answer.error.reset();
  CAF_CHECK(!shown_details(answer).error);
}

CAF_TEST(what tells a blind answers model is seen before it goes out) {
  auto answer = failed_answer();
  auto all = shown_details(answer);
  CAF_CHECK(tells_no_model(answer, all));
  answer.blind = true;
  CAF_CHECK(tells_no_model(answer, shown_details(answer)));
  CAF_CHECK(!tells_no_model(answer, all));
  answer.tool_calls = {{blind_call_id(1), "weather", "{}"}};
  CAF_CHECK(tells_no_model(answer, shown_details(answer)));
  answer.tool_calls.push_back({"toolu_01", "weather", "{}"});
  CAF_CHECK(!tells_no_model(answer, shown_details(answer)));
}

CAF_TEST(what is said of a blind failure follows from its code alone) {
  auto answer = failed_answer();
  answer.blind = true;
  for (int code = 0; code <= static_cast<int>(ec::fenced); ++code) {
    answer.error = answer_error{static_cast<ec>(code), "gpt says so"};
    auto said = shown_details(answer).error->message;
    CAF_CHECK(said.ends_with('.') && said.find("gpt") == std::string::npos);
  }
}

CAF_TEST(preferences are read as they are named) {
  for (auto text : {"a", "b", "h", "tie", "both_bad"}) {
    auto choice = parse_preference(text);
    CAF_REQUIRE(choice.has_value());
    CAF_CHECK_EQUAL(name(*choice), text);
  }
  for (auto text : {"", "i", "A", "ab", "left", "Tie", "both"})
    CAF_CHECK(!parse_preference(text));
  CAF_CHECK(parse_preference("c")->best == participant{2});
  CAF_CHECK(parse_preference("both_bad")->all_bad && !parse_preference("tie")->all_bad);
}

CAF_TEST(pairs are drawn without a preference for a model or a side) {
  std::mt19937_64 random{7};
  constexpr std::size_t models = 5;
  constexpr int draws = 100'000;
  std::map<std::pair<std::size_t, std::size_t>, int> times;
  for (int i = 0; i < draws; ++i) {
    auto pair = draw_pair(models, random);
    CAF_REQUIRE(pair.first != pair.second && pair.first < models && pair.second < models);
    ++times[pair];
  }
  CAF_CHECK_EQUAL(times.size(), models * (models - 1));
  // Pearson's chi-squared of 20 equally likely outcomes: 19 degrees of freedom, over 43.8 once in a thousand seeds.
  auto wanted = static_cast<double>(draws) / static_cast<double>(times.size());
  double chi_squared = 0;
  for (auto& [pair, count] : times)
    chi_squared += (count - wanted) * (count - wanted) / wanted;
  CAF_MESSAGE("chi-squared " << chi_squared);
  CAF_CHECK(chi_squared < 43.8);
}

CAF_TEST(of two models each is at the left half of the time) {
  std::mt19937_64 random{11};
  int first = 0;
  for (int i = 0; i < 10'000; ++i)
    first += draw_pair(2, random).first == 0;
  CAF_CHECK(first > 4'850 && first < 5'150); // three standard deviations
}
