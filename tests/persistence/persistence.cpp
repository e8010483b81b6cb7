#define CAF_SUITE persistence.persistence

#include "persistence/persistence.hpp"

#include "persistence/sqlite/sqlite_store.hpp"
#include "tests/persistence/samples.hpp"
#include "tests/persistence/temporary_folder.hpp"
#include "tests/support/seen_log.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>

#include <spdlog/spdlog.h>

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

namespace {

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;

/// What a test and a `gated_store` on another thread tell each other.
class gate {
public:
  /// The store: a call has come; waits for its permission.
  void pass(std::size_t batch_size) {
    std::unique_lock guard{mutex_};
    batches_.push_back(batch_size);
    changed_.notify_all();
    changed_.wait(guard, [this] { return permits_ > 0; });
    --permits_;
  }

  /// The test: waits until the store has been called so often.
  void await_calls(std::size_t count) {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [&] { return batches_.size() >= count; });
  }

  void permit(int calls) {
    std::lock_guard guard{mutex_};
    permits_ += calls;
    changed_.notify_all();
  }

  std::vector<std::size_t> batches() {
    std::lock_guard guard{mutex_};
    return batches_;
  }

  /// The store answers nothing of a batch.
  std::atomic<bool> forgets = false;

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> batches_;
  int permits_ = 0;
};

/// Takes everything, remembers nothing, each call when it is permitted.
class gated_store final : public store {
public:
  explicit gated_store(std::shared_ptr<gate> at) : at_(std::move(at)) {}

  std::vector<expected<store_written>> write(std::span<const store_write> batch) override {
    at_->pass(batch.size());
    return std::vector<expected<store_written>>(at_->forgets ? 0 : batch.size());
  }

  std::vector<expected<recovered_answer>> recover(std::span<const store_answer>) override { return {}; }

  expected<session_page> list(const list_sessions&) override {
    at_->pass(1);
    return session_page{};
  }

  expected<session> find(const find_session&) override { return fail(ec::not_found, ""); }

  expected<message> find(const find_message&) override { return fail(ec::not_found, ""); }

  expected<message_page> list(const list_messages&) override { return fail(ec::not_found, ""); }
  expected<vote_tally> tally(const tally_votes&) override { return fail(ec::not_found, ""); }

  expected<void> ping() override { return {}; }

private:
  std::shared_ptr<gate> at_;
};

/// A system whose actors run on threads of their own, as in production.
struct actor_fixture {
  actor_fixture() {
    spdlog::set_level(spdlog::level::off);
    config.set("scheduler.max-threads", 2);
  }

  ~actor_fixture() {
    end();
    spdlog::set_level(spdlog::level::info);
  }

  void begin(stores opened, const persistence_options& options = {}) {
    system.emplace(config);
    self.emplace(*system, true);
    actor = spawn_persistence(*system, std::move(opened), options);
  }

  void begin_on_sqlite() { begin(open_sqlite(folder.path() / "parley.db").value()); }

  void begin_gated(const persistence_options& options = {}) { begin_gated_readers({reads}, options); }

  /// With a gate of its own for each reader.
  void begin_gated_readers(const std::vector<std::shared_ptr<gate>>& gates, const persistence_options& options = {}) {
    stores opened{std::make_unique<gated_store>(writes), {}};
    for (auto& each : gates)
      opened.readers.push_back(std::make_unique<gated_store>(each));
    begin(std::move(opened), options);
  }

  void tell_to_end() { caf::anon_send_exit(actor, caf::exit_reason::user_shutdown); }

  /// Returns when nothing is left: the actor and its threads.
  void end() {
    if (!system)
      return;
    tell_to_end();
    self.reset(); // it counts as an actor
    actor = nullptr;
    system->await_all_actors_done();
    system.reset();
  }

  /// The answer to a request, awaited.
  template <class Answer, class What>
  expected<Answer> ask(What what) {
    expected<Answer> result;
    (*self)
      ->request(actor, caf::infinite, std::move(what))
      .receive([&](Answer& answer) { result = std::move(answer); },
               [&](caf::error& why) { result = tl::unexpected{to_failure(why)}; });
    return result;
  }

  /// A request whose answer is awaited later.
  template <class What>
  auto post(What what) {
    return (*self)->request(actor, caf::infinite, std::move(what));
  }

  /// Nothing if the write succeeded.
  template <class Handle>
  std::optional<ec> outcome(Handle&& posted) {
    std::optional<ec> result;
    std::forward<Handle>(posted).receive([](store_written&) {}, [&](caf::error& why) { result = to_failure(why).code; });
    return result;
  }

  /// Returns when the actor has taken all that was posted: it keeps the order, and this read passes every gate.
  void await_queued() { CAF_CHECK(ask<session>(find_session{new_id<session_id>()}).error().code == ec::not_found); }

  parley::test::temporary_folder folder;
  std::shared_ptr<gate> writes = std::make_shared<gate>();
  std::shared_ptr<gate> reads = std::make_shared<gate>();
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  std::optional<caf::scoped_actor> self;
  persistence_actor actor;
};

create_session some_write(std::size_t bytes = 0) {
  auto about = sample_session();
  about.system_prompt.assign(bytes, 'x');
  return {about};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(persistence_actor_tests, actor_fixture)

CAF_TEST(each request gets the answer of the store) {
  begin_on_sqlite();
  auto about = sample_session();
  auto user = user_message(about);
  auto answer = pending_answer(user);
  CAF_CHECK(ask<store_written>(create_session{about}).has_value());
  CAF_CHECK(ask<store_written>(append_messages{about.id, 1, {user, answer}, std::nullopt}).has_value());
  CAF_CHECK(ask<store_written>(append_checkpoint{about.id, 1, answer.id, "Hi", "", 0, false}).has_value());
  CAF_CHECK(ask<message>(find_message{answer.id})->content == "Hi");
  CAF_CHECK(ask<store_written>(store_answer{about.id, 1, finished(answer)}).has_value());
  CAF_CHECK(ask<session>(find_session{about.id}) == about);
  CAF_CHECK((ask<session_page>(list_sessions{})->data == std::vector<session>{about}));
  CAF_CHECK((ask<message_page>(list_messages{about.id, std::nullopt, 50})->data == std::vector<message>{user, finished(answer)}));
  auto opened = ask<opened_session>(open_session{about.id});
  CAF_REQUIRE(opened.has_value());
  CAF_CHECK_EQUAL(opened->held, 2u);
  CAF_CHECK_EQUAL(opened->messages.size(), 2u);
  record_vote vote;
  vote.session_key = about.id;
  vote.held = 2;
  vote.id = new_id<vote_id>();
  vote.turn = user.turn;
  vote.given = {*parse_preference("tie"), true, sample_time};
  vote.left_model = "gpt";
  vote.right_model = "claude";
  CAF_CHECK(ask<store_written>(vote).has_value());
  CAF_CHECK((ask<vote_tally>(tally_votes{})->pairs == std::vector<pair_tally>{{"gpt", "claude", 0, 0, 1, 0}}));
  about.title = "Changed";
  CAF_CHECK(ask<store_written>(update_session{about, 2}).has_value());
  CAF_CHECK(ask<session>(find_session{about.id}) == about);
  CAF_CHECK(ask<store_written>(delete_session{about.id}).has_value());
  CAF_CHECK(ask<store_written>(store_health{}).has_value());
}

CAF_TEST(a store that answers less than it was asked breaks an invariant and all are told that it failed) {
  seen_log seen;
  begin_gated();
  writes->permit(1);
  writes->forgets = true;
  CAF_CHECK(outcome(post(some_write())) == ec::store_unavailable);
  CAF_CHECK_EQUAL(seen.broken_invariants(), 1u);
  CAF_CHECK_EQUAL(seen.lines_with("a store answers each request of a batch").size(), 1u);
}

CAF_TEST(failures of the store arrive as they are) {
  begin_on_sqlite();
  auto about = sample_session();
  CAF_REQUIRE(ask<store_written>(create_session{about}).has_value());
  auto other = about;
  other.title = "Another";
  CAF_CHECK(ask<store_written>(create_session{other}).error().code == ec::id_conflict);
  CAF_CHECK(ask<store_written>(update_session{about, 7}).error().code == ec::fenced);
  CAF_CHECK(ask<opened_session>(open_session{new_id<session_id>()}).error().code == ec::not_found);
  CAF_CHECK(ask<session>(find_session{new_id<session_id>()}).error().code == ec::not_found);
  auto page = ask<message_page>(list_messages{about.id, new_id<message_id>(), 50});
  CAF_CHECK(page.error().code == ec::invalid_request);
  CAF_CHECK_EQUAL(page.error().param, "after");
}

CAF_TEST(what waits while the store is busy becomes one batch) {
  begin_gated();
  auto first = post(some_write());
  writes->await_calls(1);
  std::vector<decltype(first)> rest;
  for (int i = 0; i < 5; ++i)
    rest.push_back(post(some_write()));
  await_queued();
  writes->permit(2);
  CAF_CHECK(!outcome(first));
  for (auto& one : rest)
    CAF_CHECK(!outcome(one));
  CAF_CHECK((writes->batches() == std::vector<std::size_t>{1, 5}));
}

CAF_TEST(reads are answered while a write is under way) {
  begin_gated();
  auto first = post(some_write());
  writes->await_calls(1);
  reads->permit(1);
  CAF_CHECK(ask<session_page>(list_sessions{}).has_value());
  writes->permit(1);
  CAF_CHECK(!outcome(first));
}

CAF_TEST(a slow read holds up no other while there is a reader without one) {
  auto slow = std::make_shared<gate>();
  begin_gated_readers({slow, reads});
  auto first = post(list_sessions{});
  slow->await_calls(1);
  reads->permit(3);
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(ask<session_page>(list_sessions{}).has_value());
  slow->permit(1);
  bool answered = false;
  first.receive([&](session_page&) { answered = true; }, [](caf::error&) {});
  CAF_CHECK(answered);
}

CAF_TEST(writes beyond the bound are refused until some are done) {
  persistence_options options;
  options.write_queue_bytes = 100'000;
  begin_gated(options);
  auto busy = post(some_write(60'000));
  writes->await_calls(1);
  auto waiting = post(some_write(30'000));
  CAF_CHECK(ask<store_written>(some_write(30'000)).error().code == ec::store_unavailable);
  auto small = post(some_write(10));
  await_queued();
  writes->permit(2);
  CAF_CHECK(!outcome(busy));
  CAF_CHECK(!outcome(waiting));
  CAF_CHECK(!outcome(small));
  // One that is larger than the bound goes in alone.
  writes->permit(1);
  CAF_CHECK(ask<store_written>(some_write(200'000)).has_value());
}

CAF_TEST(reads beyond the bound are refused) {
  persistence_options options;
  options.read_queue = 2;
  begin_gated(options);
  auto busy = post(list_sessions{});
  reads->await_calls(1);
  auto waiting = post(list_sessions{});
  CAF_CHECK(ask<session_page>(list_sessions{}).error().code == ec::store_unavailable);
  reads->permit(2);
  for (auto* one : {&busy, &waiting})
    one->receive([](session_page&) {}, [](caf::error&) { CAF_CHECK(false); });
}

CAF_TEST(what was sent before the end is carried out and answered and what comes later is refused) {
  begin_gated();
  auto busy = post(some_write());
  writes->await_calls(1);
  auto waiting = post(some_write());
  auto read = post(list_sessions{});
  tell_to_end();
  reads->permit(1);
  bool answered = false;
  read.receive([&](session_page&) { answered = true; }, [](caf::error&) {});
  CAF_CHECK(answered);
  writes->permit(1);
  CAF_CHECK(!outcome(busy));
  writes->await_calls(2);
  CAF_CHECK(ask<store_written>(some_write()).error().code == ec::unavailable);
  CAF_CHECK(ask<session_page>(list_sessions{}).error().code == ec::unavailable);
  writes->permit(1);
  CAF_CHECK(!outcome(waiting));
  end();
  CAF_CHECK((writes->batches() == std::vector<std::size_t>{1, 1}));
}

CAF_TEST(nothing is lost when the node ends at once) {
  begin_on_sqlite();
  auto about = sample_session();
  CAF_REQUIRE(ask<store_written>(create_session{about}).has_value());
  std::vector<message> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(user_message(about));
    caf::anon_send(actor, append_messages{about.id, 1, {all.back()}, std::nullopt});
  }
  end();
  begin_on_sqlite();
  CAF_CHECK(ask<message_page>(list_messages{about.id, std::nullopt, 200})->data == all);
}

CAF_TEST(eight that write at once each find all they wrote) {
  constexpr int turns = 25;
  begin_on_sqlite();
  std::latch together{8};
  std::array<bool, 8> good{};
  std::vector<std::thread> threads;
  for (auto& mine : good)
    threads.emplace_back([&] {
      caf::scoped_actor me{*system, true};
      int failures = 0;
      auto put = [&](auto what) {
        me->request(actor, caf::infinite, std::move(what)).receive([](store_written&) {}, [&](caf::error&) { ++failures; });
      };
      auto about = sample_session();
      std::vector<message> all;
      together.arrive_and_wait();
      put(create_session{about});
      for (int i = 0; i < turns; ++i) {
        auto user = user_message(about);
        auto answer = pending_answer(user);
        put(append_messages{about.id, 1, {user, answer}, std::nullopt});
        put(append_checkpoint{about.id, 1, answer.id, "Hi", "", 0, false});
        put(store_answer{about.id, 1, finished(answer)});
        all.push_back(user);
        all.push_back(finished(answer));
      }
      me->request(actor, caf::infinite, list_messages{about.id, std::nullopt, 200})
        .receive([&](message_page& page) { mine = failures == 0 && page.data == all; }, [](caf::error&) {});
    });
  for (auto& thread : threads)
    thread.join();
  for (auto mine : good)
    CAF_CHECK(mine);
}

CAF_TEST(an actor that nobody uses ends when told) {
  begin_gated();
  end();
  CAF_CHECK(writes->batches().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
