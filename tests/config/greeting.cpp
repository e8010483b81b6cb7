#define CAF_SUITE config.greeting

#include "config/greeting.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::config;

namespace {

catalogue with(std::initializer_list<std::pair<const char*, bool>> models) {
  std::vector<std::shared_ptr<const model>> made;
  for (auto& [id, available] : models) {
    auto each = std::make_shared<model>();
    each->id = id;
    each->available = available;
    made.push_back(std::move(each));
  }
  return catalogue{std::move(made)};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(two available models are tried side by side) {
  auto text = greeting("http://127.0.0.1:1", with({{"a", false}, {"b", true}, {"c", true}, {"d", true}}));
  CAF_CHECK(has(text, "curl -s http://127.0.0.1:1/api/sessions/"));
  CAF_CHECK(has(text, R"('{"mode":"compare","models":["b","c"]}')"));
}

CAF_TEST(one available model is tried alone and none not at all) {
  CAF_CHECK(has(greeting("o", with({{"a", true}})), R"({"mode":"direct","models":["a"]})"));
  CAF_CHECK_EQUAL(greeting("o", with({{"a", false}})), "");
}

CAF_TEST(models are listed by whether they are available) {
  auto models = with({{"a", true}, {"b", false}, {"c", true}});
  CAF_CHECK_EQUAL(model_ids(models, true), "a c");
  CAF_CHECK_EQUAL(model_ids(models, false), "b");
}
