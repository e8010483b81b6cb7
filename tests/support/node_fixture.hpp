#pragma once
// A node for actor tests: the sessions actor over a fake loop and a fake store, under CAF's deterministic scheduler.

#include "actors/sessions/api.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/fake_store.hpp"
#include "tests/support/recording_reader.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <caf/all.hpp>
#include <caf/test/unit_test.hpp>
#ifndef FAIL
#define FAIL CAF_FAIL
#endif
#include <caf/test/dsl.hpp>

namespace parley::test {

inline std::shared_ptr<const model> make_model(std::string id, std::shared_ptr<const upstream> at) {
  model made;
  made.id = id;
  made.display_name = id;
  made.upstream_name = id;
  made.at = std::move(at);
  made.retries = 0;
  return std::make_shared<const model>(made);
}

struct node_fixture : test_coordinator_fixture<> {
  node_fixture() {
    auto at = std::make_shared<upstream>();
    at->kind = provider_kind::openai;
    at->base_url = "http://127.0.0.1:1";
    node->models = catalogue{{make_model("m1", at), make_model("m2", at), make_model("m3", at)}};
    node->wall = [this] { return wall; };
    store = spawn_fake_store(sys, book);
  }

  ~node_fixture() override {
    book->held.clear(); // they hold the store, which holds the book
    for (auto& actor : to_end)
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    caf::anon_send_exit(store, caf::exit_reason::kill);
    consume_messages();
  }

  /// Spawned when first used: `node` can be changed before.
  sessions_actor sessions() {
    if (!sessions_) {
      sessions_ = spawn_sessions(sys, node, store, votes);
      ends(sessions_);
    }
    return sessions_;
  }

  template <class Actor>
  Actor ends(Actor actor) {
    to_end.push_back(caf::actor_cast<caf::actor>(actor));
    return actor;
  }

  /// Sends a request and runs all actors; the answer, or its failure.
  template <class Reply, class Handle, class Request>
  expected<Reply> ask(const Handle& to, Request what) {
    auto answer = begin<Reply>(to, std::move(what));
    consume_messages();
    return take(answer);
  }

  template <class Reply>
  using pending = std::shared_ptr<std::optional<expected<Reply>>>;

  /// As `ask`, for an answer that comes later.
  template <class Reply, class Handle, class Request>
  pending<Reply> begin(const Handle& to, Request what) {
    auto result = std::make_shared<std::optional<expected<Reply>>>();
    auto asker = sys.spawn([result, to, what, home = run_home{&loop}](caf::event_based_actor* me) {
      auto keep = [result](auto asked) {
        asked.then([result](const Reply& reply) { *result = reply; },
                   [result](const caf::error& why) { *result = tl::unexpected{to_failure(why)}; });
      };
      if constexpr (needs_home<Request>)
        keep(me->request(to, caf::infinite, what, home));
      else
        keep(me->request(to, caf::infinite, what));
    });
    consume_messages();
    return result;
  }

  /// Where its run shall live travels beside it.
  template <class Request>
  static constexpr bool needs_home =
    std::is_same_v<Request, start_turn> || std::is_same_v<Request, regenerate_answer> || std::is_same_v<Request, attach_to_run>;

  template <class Reply>
  expected<Reply> take(const pending<Reply>& result) {
    CAF_REQUIRE(result->has_value());
    return **result;
  }

  session_view new_session(std::vector<std::string> models) {
    make_session wanted;
    wanted.mode = models.size() > 1 ? session_mode::compare : session_mode::direct;
    wanted.models = std::move(models);
    auto made = ask<session_view>(sessions(), wanted);
    CAF_REQUIRE(made.has_value());
    return *made;
  }

  start_turn question(session_id session_key, std::string text, std::optional<message_id> id = std::nullopt) {
    start_turn wanted;
    wanted.session_key = session_key;
    wanted.messages.push_back({message_role::user, std::move(text), id, std::nullopt});
    return wanted;
  }

  /// Asks, and has what was opened.
  run_opened opened(start_turn wanted) {
    auto run = ask<run_opened>(sessions(), std::move(wanted));
    CAF_REQUIRE(run.has_value());
    return *run;
  }

  /// A question that the newest upstream request answers whole.
  run_opened answered(session_id session_key, std::string text, std::string answer, std::optional<message_id> id = std::nullopt) {
    auto run = opened(question(session_key, std::move(text), id));
    upstream_does(loop.requests.size() - 1, [&](auto& r) { r.answer(answer); });
    return run;
  }

  expected<run_opened> attach(message_id id, wire::cursor from = {}) {
    return ask<run_opened>(sessions(), attach_to_run{id, from});
  }

  expected<run_opened> regenerate(message_id id) { return ask<run_opened>(sessions(), regenerate_answer{id, false}); }

  /// Attaches a reader to the run; it reads lines.
  received_ptr read(const run_opened& run, const wire::stream_encoder& format = wire::lines_stream()) {
    auto received = std::make_shared<received_log>();
    received->reader = ends(spawn_reader(sys, received));
    caf::anon_send(run.log, attach_reader{received->reader, 1, &format, run.from});
    consume_messages();
    return received;
  }

  /// The code that a request failed with, `-` if it didn't.
  template <class T>
  static std::string code_of(const expected<T>& result) {
    return result ? "-" : std::string{name(result.error().code)};
  }

  template <class Actor>
  void kill(const Actor& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    consume_messages();
  }

  /// The actor that made the n-th alarm of the loop: of each run its coordinator, then its model streams.
  caf::actor alarmed(std::size_t n) {
    CAF_REQUIRE(n < loop.actors.size());
    return caf::actor_cast<caf::actor>(loop.actors[n]);
  }

  /// As after a restart of the node: another sessions actor over the same store.
  void restart_node() {
    kill(sessions());
    sessions_ = nullptr;
  }

  /// Lets the store answer what it held back.
  void release_store() {
    book->hold = false;
    caf::anon_send(store, store_health{});
    consume_messages();
  }

  /// Moves the fake loop's clock and lets the actors react.
  void pass(steady::duration time) {
    loop.advance(time);
    consume_messages();
  }

  /// What an upstream does, and what follows from it.
  template <class Action>
  void upstream_does(std::size_t request, Action action) {
    CAF_REQUIRE(request < loop.requests.size());
    action(*loop.requests[request]);
    consume_messages();
  }

  unix_ms wall = 1'000'000;
  std::shared_ptr<node_context> node = std::make_shared<node_context>();
  fake_loop loop;
  fake_store_ptr book = std::make_shared<fake_store_book>();
  persistence_actor store;
  /// Null, if a test doesn't set it before `sessions` is used.
  vote_listener votes;
  std::vector<caf::actor> to_end;

private:
  sessions_actor sessions_;
};

} // namespace parley::test
