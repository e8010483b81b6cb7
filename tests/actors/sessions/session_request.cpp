// What a session is made of, without an actor. Through the node's it is tested in tests/actors/sessions.cpp and votes.cpp.

#define CAF_SUITE actors.sessions.session_request

#include "actors/sessions/session_request.hpp"

#include <caf/test/unit_test.hpp>
#include <set>

using namespace parley;

namespace {

std::shared_ptr<const model> model_of(const std::string& id, provider_kind kind = provider_kind::openai, bool available = true) {
  auto at = std::make_shared<upstream>();
  at->kind = kind;
  model made;
  made.id = id;
  made.display_name = "The " + id;
  made.at = at;
  made.available = available;
  return std::make_shared<const model>(made);
}

struct fixture {
  expected<session> planned(session_mode mode, std::vector<std::string> ids = {}) {
    return plan_session({mode, std::move(ids), given}, models, random, 1'234);
  }

  std::string refused(session_mode mode, std::vector<std::string> ids = {}) {
    auto made = planned(mode, std::move(ids));
    return made ? "-" : std::string{name(made.error().code)} + " " + made.error().param;
  }

  /// The models of many random sessions.
  std::set<std::string> drawn() {
    std::set<std::string> ids;
    for (int i = 0; i < 200; ++i) {
      auto made = planned(session_mode::random);
      CAF_REQUIRE(made.has_value());
      CAF_REQUIRE_EQUAL(made->models.size(), 2u);
      CAF_CHECK(made->models[0].id != made->models[1].id);
      for (auto& label : made->models)
        ids.insert(label.id);
    }
    return ids;
  }

  session_changes given;
  catalogue models;
  std::random_device random;
};

using ids = std::set<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_request_tests, fixture)

CAF_TEST(chosen models are in the order that the client named) {
  models = catalogue{{model_of("m1"), model_of("m2")}};
  auto made = planned(session_mode::compare, {"m2", "m1", "m2"});
  CAF_REQUIRE(made.has_value());
  CAF_CHECK(made->models == (std::vector<model_label>{{"m2", "The m2"}, {"m1", "The m1"}, {"m2", "The m2"}}));
  CAF_CHECK(!made->blind);
  CAF_CHECK(made->mode == session_mode::compare);
  CAF_CHECK_EQUAL(made->created_at, 1'234);
  CAF_CHECK_EQUAL(made->updated_at, 1'234);
}

CAF_TEST(a model that is not there or not available is named by its place) {
  models = catalogue{{model_of("m1"), model_of("gone", provider_kind::openai, false)}};
  CAF_CHECK_EQUAL(refused(session_mode::direct, {"m1"}), "-");
  CAF_CHECK_EQUAL(refused(session_mode::compare, {"m1", "m3"}), "invalid_request models[1]");
  CAF_CHECK_EQUAL(refused(session_mode::compare, {"gone", "m1"}), "invalid_request models[0]");
}

CAF_TEST(a random session is blind and draws from all that are available) {
  models = catalogue{{model_of("m1"), model_of("m2"), model_of("m3"), model_of("gone", provider_kind::openai, false)}};
  CAF_CHECK(drawn() == (ids{"m1", "m2", "m3"}));
  CAF_CHECK(planned(session_mode::random)->blind);
}

CAF_TEST(the models of the demo are drawn only where there are not two others) {
  auto demo = model_of("demo", provider_kind::demo);
  models = catalogue{{demo, model_of("m1"), model_of("m2")}};
  CAF_CHECK(drawn() == (ids{"m1", "m2"}));
  models = catalogue{{demo, model_of("m1")}};
  CAF_CHECK(drawn() == (ids{"demo", "m1"}));
  models = catalogue{{model_of("m1")}};
  CAF_CHECK_EQUAL(refused(session_mode::random), "invalid_request mode");
}

CAF_TEST(what a client does not name stays as it is) {
  models = catalogue{{model_of("m1")}};
  CAF_CHECK(!planned(session_mode::direct, {"m1"})->title_is_set);
  given.title = "";
  given.system_prompt = "Be kind.";
  auto made = planned(session_mode::direct, {"m1"});
  CAF_REQUIRE(made.has_value());
  CAF_CHECK(made->title_is_set);
  session_changes changes;
  changes.parameters = sampling_parameters{0.5, {}, {}, {}};
  apply(changes, *made);
  CAF_CHECK_EQUAL(made->system_prompt, "Be kind.");
  CAF_CHECK(made->parameters.temperature == 0.5);
  changes.title = "Named";
  apply(changes, *made);
  CAF_CHECK_EQUAL(made->title, "Named");
}

CAF_TEST_FIXTURE_SCOPE_END()
