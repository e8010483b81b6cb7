#pragma once
// Handlers under the deterministic scheduler: real requests to `sessions` and the store, which are played by actors that
// keep what they are asked and answer what the test says.

#include "net/api/api_routes.hpp"
#include "net/server/json_objects.hpp"
#include "tests/net/api/fake_exchange.hpp"

#define FAIL CAF_FAIL
#include <caf/test/dsl.hpp>

#include <any>
#include <memory>

namespace parley::net {

inline constexpr auto session_text = "0190b6f0-7c1e-7d5a-9f3e-000000000001";
inline constexpr auto message_text = "0190b6f0-7c1e-7d5a-9f3e-000000000002";
inline constexpr auto other_text = "0190b6f0-7c1e-7d5a-9f3e-000000000003";
inline constexpr auto run_text = "0190b6f0-7c1e-7d5a-9f3e-000000000005";

inline const auto a_session = *parse_id<session_id>(session_text);
inline const auto a_message = *parse_id<message_id>(message_text);
inline const auto another = *parse_id<message_id>(other_text);
inline const auto a_run = *parse_id<run_id>(run_text);

inline const std::string session_path = std::string{"/api/sessions/"} + session_text + "/";
inline const std::string message_path = std::string{"/api/messages/"} + message_text + "/";

/// The body of an answer with that object.
inline std::string line_of(const json_object& object) {
  return to_text(object) + "\n";
}

/// What the actors behind the handlers say.
struct script {
  /// The last request to `sessions`, and where its run is to live.
  std::any asked;
  home_loop* home = nullptr;
  /// Answered instead of a result.
  std::optional<failure> fails;
  /// Nothing is answered at all.
  bool silent = false;
  /// The store gives a sign of life, or none at all.
  bool store_is_there = true;
  bool store_is_silent = false;

  session_view view;
  session_view_page sessions;
  message_page transcript;
  message found;
  run_opened run;
  stopped_answers stopped;
  vote_view voted;
  session_state_view state;
  leaderboard_ptr board;
  completed_run completed;
};

using script_ptr = std::shared_ptr<script>;

struct no_state {
  static constexpr const char* name = "connection";
};

template <class Request, class Result, class Self>
auto scripted(Self* self, const script_ptr& play, Result script::*result) {
  return [self, play, result](const Request& what) -> caf::result<Result> {
    play->asked = what;
    if (play->silent)
      return self->template make_response_promise<Result>();
    if (play->fails)
      return to_error(*play->fails);
    return (*play).*result;
  };
}

template <class Request, class Self>
auto scripted_run_request(Self* self, const script_ptr& play) {
  return [play, answer = scripted<Request>(self, play, &script::run)](const Request& what, run_home home) {
    play->home = home.loop;
    return answer(what);
  };
}

inline sessions_actor::behavior_type fake_sessions(sessions_actor::pointer self, script_ptr play) {
  auto written = [play](const auto& what) -> caf::result<store_written> {
    play->asked = what;
    if (play->fails)
      return to_error(*play->fails);
    return store_written{};
  };
  return {scripted<show_session>(self, play, &script::view),
          scripted<change_session>(self, play, &script::view),
          [written](const remove_session& what) { return written(what); },
          scripted<show_transcript>(self, play, &script::transcript),
          scripted<show_message>(self, play, &script::found),
          scripted_run_request<start_turn>(self, play),
          scripted_run_request<regenerate_answer>(self, play),
          scripted_run_request<attach_to_run>(self, play),
          scripted<stop_message>(self, play, &script::stopped),
          scripted<cast_vote>(self, play, &script::voted),
          scripted<show_state>(self, play, &script::state),
          [play](const watch_session&, const session_listener&) { return play->view; },
          [](const relay_typing&) {},
          [](const answer_unspooled&) {},
          scripted<make_session>(self, play, &script::view),
          scripted<browse_sessions>(self, play, &script::sessions),
          [](const run_began&) {},
          [](const run_over&) {},
          [](const session_idle&) {},
          [written](const drain_node& what) { return written(what); },
          [](const sweep&) {}};
}

inline completions_actor::behavior_type fake_completions(completions_actor::pointer self, script_ptr play) {
  return {scripted<stream_completion>(self, play, &script::run), scripted<await_completion>(self, play, &script::completed),
          [](const answer_completed&) {}, [](const run_completed&) {},
          [](const drain_node&) -> caf::result<store_written> { return store_written{}; }};
}

inline persistence_actor::behavior_type fake_store(persistence_actor::pointer self, script_ptr play) {
  // The handlers ask it for nothing but a sign of life.
  auto nothing = [](auto result) -> caf::result<decltype(result)> { return to_error({ec::internal, "not played", {}}); };
  auto written = [nothing](const auto&) { return nothing(store_written{}); };
  return {[written](const create_session& x) { return written(x); },
          [nothing](const open_session&) { return nothing(opened_session{}); },
          [written](const append_messages& x) { return written(x); },
          [written](const append_checkpoint& x) { return written(x); },
          [written](const store_answer& x) { return written(x); },
          [written](const update_session& x) { return written(x); },
          [written](const record_vote& x) { return written(x); },
          [written](const delete_session& x) { return written(x); },
          [nothing](const list_sessions&) { return nothing(session_page{}); },
          [nothing](const find_session&) { return nothing(session{}); },
          [nothing](const find_message&) { return nothing(message{}); },
          [nothing](const list_messages&) { return nothing(message_page{}); },
          [nothing](const tally_votes&) { return nothing(vote_tally{}); },
          [self, play](const store_health&) -> caf::result<store_written> {
            if (play->store_is_silent)
              return self->make_response_promise<store_written>();
            if (play->store_is_there)
              return store_written{};
            return to_error({ec::store_unavailable, "The disk is full.", {}});
          },
          [](const report_unspooled&) {}};
}

inline leaderboard_actor::behavior_type fake_leaderboard(leaderboard_actor::pointer self, script_ptr play) {
  return {scripted<show_leaderboard>(self, play, &script::board), [](votes_changed) {}};
}

class fake_home final : public home_loop {
public:
  caf::execution_unit* unit() override { return nullptr; }
  steady::time_point now() const override { return {}; }
  std::unique_ptr<alarm> make_alarm(caf::actor_addr) override { return nullptr; }
  std::unique_ptr<upstream_call> call(const std::shared_ptr<const upstream>&, wire::upstream_request,
                                      upstream_handler&) override {
    return nullptr;
  }
};

class handlers_fixture : public test_coordinator_fixture<> {
public:
  handlers_fixture() : play(std::make_shared<script>()), draining(std::make_shared<std::atomic<bool>>(false)) {
    auto context = std::make_shared<node_context>();
    context->models = catalogue{{make_model("fast", true), make_model("slow", true), make_model("absent", false)}};
    auto made = std::make_shared<api_context>();
    made->sessions = sys.spawn(fake_sessions, play);
    made->completions = sys.spawn(fake_completions, play);
    made->store = sys.spawn(fake_store, play);
    made->leaderboard = sys.spawn(fake_leaderboard, play);
    made->node = context;
    made->version = "1.2.3";
    made->node_name = "n1";
    made->draining = draining;
    api = made;
    connection = spawn_homed<no_state, reader_actor>(
      sys, nullptr, [](homed_pointer<no_state, reader_actor>) { return reader_actor::behavior_type{[](const log_piece&) {}}; });
    run();
  }

  ~handlers_fixture() override {
    anon_send_exit(connection, caf::exit_reason::user_shutdown);
    anon_send_exit(api->sessions, caf::exit_reason::user_shutdown);
    anon_send_exit(api->leaderboard, caf::exit_reason::user_shutdown);
    anon_send_exit(api->completions, caf::exit_reason::user_shutdown);
    anon_send_exit(api->store, caf::exit_reason::user_shutdown);
  }

  static std::shared_ptr<const model> make_model(std::string id, bool available) {
    auto at = std::make_shared<upstream>();
    at->provider = "demo";
    auto entry = std::make_shared<model>();
    entry->id = id;
    entry->display_name = "The " + id + " one";
    entry->at = at;
    entry->available = available;
    return entry;
  }

  fake_exchange make_exchange(std::string method, std::string target, std::string body = {}) {
    auto actor = caf::actor_cast<caf::abstract_actor*>(connection);
    return {std::move(method), std::move(target), std::move(body), dynamic_cast<connection_actor*>(actor), &home};
  }

  /// The handler runs as the connection's actor, and everybody does what there is to do.
  void serve(fake_exchange& ex) {
    ex.self().step([&] { make_routes(api).serve(ex); });
    consume_messages();
  }

  fake_exchange served(std::string method, std::string target, std::string body = {}) {
    auto ex = make_exchange(std::move(method), std::move(target), std::move(body));
    serve(ex);
    CAF_CHECK_EQUAL(ex.answers(), 1);
    return ex;
  }

  /// `code param` of the refusal; `sessions` must not have been asked.
  std::string refusal(std::string method, std::string target, std::string body = {}) {
    play->asked.reset();
    auto ex = served(std::move(method), std::move(target), std::move(body));
    CAF_CHECK(!play->asked.has_value());
    return ex.refusal();
  }

  /// What `sessions` was asked last, for who asked it.
  template <class Request>
  Request asked() {
    auto request = std::any_cast<Request>(&play->asked);
    CAF_REQUIRE(request != nullptr);
    if constexpr (requires { request->by; })
      CAF_CHECK_EQUAL(request->by.request_id, "r1");
    else
      CAF_CHECK_EQUAL(request->what.by.request_id, "r1");
    return *request;
  }

  script_ptr play;
  std::shared_ptr<std::atomic<bool>> draining;
  std::shared_ptr<const api_context> api;
  reader_actor connection;
  fake_home home;
};

} // namespace parley::net
