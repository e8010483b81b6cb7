// A store that goes away and comes back, behind the persistence actor with its spool.

#define CAF_SUITE persistence.away

#include "persistence/persistence.hpp"
#include "persistence/spool/spool_file.hpp"
#include "persistence/sqlite/sqlite_store.hpp"
#include "tests/persistence/samples.hpp"
#include "tests/persistence/temporary_folder.hpp"
#include "tests/support/seen_log.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

/// What a test tells the stores on the other threads.
class weather {
public:
  enum class kind { fine, fails, hangs, breaks };

  void turn(kind now) {
    std::lock_guard guard{mutex_};
    now_ = now;
    changed_.notify_all();
  }

  /// A call begins: true if it is to fail. Hangs while the weather says so; throws, which no store may, if it breaks.
  bool fails() {
    std::unique_lock guard{mutex_};
    ++calls_;
    changed_.wait(guard, [this] { return now_ != kind::hangs; });
    if (now_ == kind::breaks)
      throw std::length_error{"a storm"};
    return now_ == kind::fails;
  }

  int calls() {
    std::lock_guard guard{mutex_};
    return calls_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  kind now_ = kind::fine;
  int calls_ = 0;
};

constexpr auto fine = weather::kind::fine;
constexpr auto fails = weather::kind::fails;
constexpr auto hangs = weather::kind::hangs;
constexpr auto breaks = weather::kind::breaks;

/// A store at the mercy of the weather.
class far_store final : public store {
public:
  far_store(std::unique_ptr<store> there, std::shared_ptr<weather> between)
    : there_(std::move(there)), between_(std::move(between)) {}

  std::vector<expected<store_written>> write(std::span<const store_write> batch) override {
    if (between_->fails())
      return std::vector<expected<store_written>>(batch.size(), away());
    return there_->write(batch);
  }

  std::vector<expected<recovered_answer>> recover(std::span<const store_answer> answers) override {
    if (between_->fails())
      return std::vector<expected<recovered_answer>>(answers.size(), away());
    return there_->recover(answers);
  }

  expected<session_page> list(const list_sessions& what) override { return read<session_page>(what); }
  expected<message_page> list(const list_messages& what) override { return read<message_page>(what); }

  expected<session> find(const find_session& what) override {
    if (between_->fails())
      return away();
    return there_->find(what);
  }

  expected<message> find(const find_message& what) override {
    if (between_->fails())
      return away();
    return there_->find(what);
  }

  expected<vote_tally> tally(const tally_votes& what) override {
    if (between_->fails())
      return away();
    return there_->tally(what);
  }

  expected<void> ping() override {
    if (between_->fails())
      return away();
    return there_ ? there_->ping() : expected<void>{};
  }

private:
  static tl::unexpected<failure> away() { return fail(ec::store_unavailable, "The store failed: it is far away."); }

  template <class Page, class What>
  expected<Page> read(const What& what) {
    if (between_->fails())
      return away();
    return there_->list(what);
  }

  std::unique_ptr<store> there_;
  std::shared_ptr<weather> between_;
};

/// Waits until it is true, for as long as a busy machine may take.
template <class Condition>
bool eventually(Condition&& condition) {
  for (auto until = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < until;) {
    if (condition())
      return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

struct away_fixture {
  away_fixture() {
    spdlog::set_level(spdlog::level::off);
    config.set("scheduler.max-threads", 2);
    begin();
  }

  ~away_fixture() {
    for (auto& each : {all, writing, watching})
      each->turn(fine);
    end();
    spdlog::set_level(spdlog::level::info);
  }

  void begin(std::int64_t spool_bytes = 16 * 1024 * 1024) {
    system.emplace(config);
    self.emplace(*system, true);
    auto opened = open_sqlite(folder.path() / "parley.db").value();
    stores all_of_them;
    all_of_them.writer = std::make_unique<far_store>(std::make_unique<far_store>(std::move(opened.writer), writing), all);
    all_of_them.readers.push_back(std::make_unique<far_store>(std::move(opened.readers[0]), all));
    all_of_them.sentinel = std::make_unique<far_store>(std::make_unique<far_store>(nullptr, watching), all);
    all_of_them.spool = open_spool(folder.path() / "spool.db", spool_bytes).value();
    persistence_options options;
    options.watch_interval = 20ms;
    options.return_interval = 20ms;
    actor = spawn_persistence(*system, std::move(all_of_them), options);
    caf::anon_send(actor, report_unspooled{listener()});
  }

  void end() {
    if (!system)
      return;
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(listening, caf::exit_reason::user_shutdown);
    self.reset();
    actor = nullptr;
    listening = nullptr;
    system->await_all_actors_done();
    system.reset();
  }

  unspooled_listener listener() {
    listening = system->spawn([heard = heard](unspooled_listener::pointer) -> unspooled_listener::behavior_type {
      return {[heard](answer_unspooled& what) {
        std::lock_guard guard{heard->mutex};
        heard->answers.push_back(std::move(what.answer));
      }};
    });
    return listening;
  }

  std::vector<message> heard_of() {
    std::lock_guard guard{heard->mutex};
    return heard->answers;
  }

  template <class Answer, class What>
  expected<Answer> ask(What what) {
    expected<Answer> result;
    (*self)
      ->request(actor, caf::infinite, std::move(what))
      .receive([&](Answer& answer) { result = std::move(answer); },
               [&](caf::error& why) { result = tl::unexpected{to_failure(why)}; });
    return result;
  }

  template <class What>
  auto post(What what) {
    return (*self)->request(actor, caf::infinite, std::move(what));
  }

  /// What became of a write: "stored", "spooled", or the error's name.
  template <class Handle>
  std::string outcome(Handle&& posted) {
    std::string result;
    std::forward<Handle>(posted).receive(
      [&](store_written& how) { result = std::holds_alternative<spooled>(how) ? "spooled" : "stored"; },
      [&](caf::error& why) { result = name(to_failure(why).code); });
    return result;
  }

  template <class What>
  std::string write(What what) {
    return outcome(post(std::move(what)));
  }

  bool is_well() { return ask<store_written>(store_health{}).has_value(); }

  std::vector<message> transcript(session_id id) { return ask<message_page>(list_messages{id, std::nullopt, 200})->data; }

  /// A stored turn with an answer under way.
  struct turn {
    session about = sample_session();
    message user = user_message(about);
    message answer = pending_answer(user);

    store_answer finish() const { return {about.id, 1, finished(answer)}; }
    std::vector<message> whole() const { return {user, finished(answer)}; }
  };

  turn begin_turn() {
    turn result;
    CAF_REQUIRE_EQUAL(write(create_session{result.about}), "stored");
    CAF_REQUIRE_EQUAL(write(append_messages{result.about.id, 1, {result.user, result.answer}, std::nullopt}), "stored");
    return result;
  }

  struct hearing {
    std::mutex mutex;
    std::vector<message> answers;
  };

  temporary_folder folder;
  std::shared_ptr<weather> all = std::make_shared<weather>();
  std::shared_ptr<weather> writing = std::make_shared<weather>();
  std::shared_ptr<weather> watching = std::make_shared<weather>();
  std::shared_ptr<hearing> heard = std::make_shared<hearing>();
  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  std::optional<caf::scoped_actor> self;
  persistence_actor actor;
  unspooled_listener listening;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(away_tests, away_fixture)

CAF_TEST(while the store is away finished answers are spooled and other writes refused) {
  auto first = begin_turn();
  auto second = begin_turn();
  all->turn(fails);
  CAF_CHECK_EQUAL(write(first.finish()), "spooled");
  CAF_CHECK_EQUAL(write(second.finish()), "spooled");
  CAF_CHECK_EQUAL(write(create_session{sample_session()}), "store_unavailable");
  CAF_CHECK_EQUAL(write(record_vote{}), "store_unavailable");
  CAF_CHECK_EQUAL(write(append_checkpoint{first.about.id, 1, first.answer.id, "x", "", 0, false}), "store_unavailable");
  CAF_CHECK(!is_well());
  CAF_CHECK(heard_of().empty());
  all->turn(fine);
  CAF_CHECK(eventually([&] { return is_well(); }));
  CAF_CHECK(transcript(first.about.id) == first.whole());
  CAF_CHECK(transcript(second.about.id) == second.whole());
  CAF_CHECK(eventually([&] { return heard_of().size() == 2; }));
  CAF_CHECK((heard_of() == std::vector<message>{finished(first.answer), finished(second.answer)}));
  CAF_CHECK_EQUAL(write(create_session{sample_session()}), "stored");
}

CAF_TEST(a store that throws is away as one that fails and each exception is told) {
  seen_log seen;
  auto first = begin_turn();
  writing->turn(breaks);
  CAF_CHECK_EQUAL(write(first.finish()), "spooled");
  CAF_CHECK_EQUAL(write(create_session{sample_session()}), "store_unavailable");
  CAF_CHECK(seen.exceptions() > 0);
  CAF_CHECK_EQUAL(seen.lines_with("error callback=writing_thread threw: a storm").size(), seen.exceptions());
  CAF_CHECK_EQUAL(seen.deaths("persistence"), 0u);
  writing->turn(fine);
  CAF_CHECK(eventually([&] { return is_well(); }));
  CAF_CHECK(transcript(first.about.id) == first.whole());
}

CAF_TEST(a read that throws is answered) {
  seen_log seen;
  auto first = begin_turn();
  all->turn(breaks);
  CAF_CHECK(ask<session>(find_session{first.about.id}).error().code == ec::store_unavailable);
  all->turn(fine);
  CAF_CHECK(eventually([&] { return is_well(); }));
  CAF_CHECK(seen.lines_with("error callback=reading_thread threw: a storm").size() >= 1);
}

CAF_TEST(the first to open a session after the store is back finds what was spooled) {
  auto first = begin_turn();
  all->turn(fails);
  CAF_CHECK_EQUAL(write(first.finish()), "spooled");
  all->turn(fine);
  expected<opened_session> opened;
  CAF_CHECK(eventually([&] {
    opened = ask<opened_session>(open_session{first.about.id});
    return opened.has_value();
  }));
  CAF_CHECK(opened->messages == first.whole());
}

CAF_TEST(a store that hangs is away soon and what waited is spooled or refused) {
  auto first = begin_turn();
  auto second = begin_turn();
  all->turn(hangs);
  auto calls = all->calls();
  auto begun = post(first.finish());
  CAF_REQUIRE(eventually([&] { return all->calls() > calls; }));
  auto waiting = post(second.finish());
  auto refused = post(create_session{sample_session()});
  CAF_CHECK_EQUAL(outcome(waiting), "spooled");
  CAF_CHECK_EQUAL(outcome(refused), "store_unavailable");
  CAF_CHECK(!is_well());
  CAF_CHECK(!ask<session>(find_session{first.about.id})); // at once, not when the reader has its word
  all->turn(fine);
  CAF_CHECK_EQUAL(outcome(begun), "stored");
  CAF_CHECK(eventually([&] { return is_well(); }));
  CAF_CHECK(transcript(first.about.id) == first.whole());
  CAF_CHECK(transcript(second.about.id) == second.whole());
}

CAF_TEST(a node that nobody writes to notices all the same) {
  all->turn(fails);
  CAF_CHECK(eventually([&] { return !is_well(); }));
  all->turn(fine);
  CAF_CHECK(eventually([&] { return is_well(); }));
  all->turn(hangs);
  CAF_CHECK(!is_well());
  CAF_CHECK(!is_well());
  all->turn(fine);
  CAF_CHECK(eventually([&] { return is_well(); }));
}

CAF_TEST(a sentinel that fails or hangs alone takes nothing away) {
  for (auto how : {fails, hangs}) {
    watching->turn(how);
    auto calls = writing->calls();
    CAF_CHECK(eventually([&] { return writing->calls() > calls + 3; })); // the writer is asked
    auto one = begin_turn();
    CAF_CHECK_EQUAL(write(one.finish()), "stored");
    watching->turn(fine);
    CAF_CHECK(eventually([&] { return is_well(); }));
  }
}

CAF_TEST(a store that can be read and not written is away and can be read) {
  auto first = begin_turn();
  writing->turn(fails);
  CAF_CHECK_EQUAL(write(first.finish()), "spooled");
  CAF_CHECK(!is_well());
  CAF_CHECK(ask<session>(find_session{first.about.id}) == first.about);
  writing->turn(fine);
  CAF_CHECK(eventually([&] { return is_well(); }));
  CAF_CHECK(transcript(first.about.id) == first.whole());
}

CAF_TEST(what was spooled outlives the node) {
  auto first = begin_turn();
  all->turn(fails);
  CAF_CHECK_EQUAL(write(first.finish()), "spooled");
  end();
  // Nobody but this node's spool has it.
  CAF_CHECK_EQUAL(open_spool(folder.path() / "spool.db", 1 << 20).value()->oldest()->size(), 1u);
}

CAF_TEST(a node that ends while the store is away spools what is sent to it before) {
  std::vector<turn> turns;
  for (int i = 0; i < 20; ++i)
    turns.push_back(begin_turn());
  all->turn(fails);
  std::vector<std::string> outcomes;
  std::vector<decltype(post(turns[0].finish()))> posted;
  for (auto& each : turns)
    posted.push_back(post(each.finish()));
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  for (auto& each : posted)
    CAF_CHECK_EQUAL(outcome(each), "spooled");
  end();
  CAF_CHECK_EQUAL(open_spool(folder.path() / "spool.db", 1 << 20).value()->oldest()->size(), turns.size());
}

CAF_TEST(an answer that neither the store nor the spool takes is refused) {
  end();
  begin(256 * 1024);
  auto first = begin_turn();
  auto second = begin_turn();
  all->turn(fails);
  auto large = first.finish();
  large.answer.content.assign(400'000, 'x');
  CAF_CHECK_EQUAL(write(large), "store_unavailable");
  CAF_CHECK_EQUAL(write(second.finish()), "spooled");
  all->turn(fine);
  CAF_CHECK(eventually([&] { return write(large) == "stored"; }));
  CAF_CHECK_EQUAL(transcript(first.about.id)[1].content.size(), 400'000u);
}

CAF_TEST(answers that never cease to come do not keep the store away) {
  std::vector<turn> turns;
  for (int i = 0; i < 300; ++i)
    turns.push_back(begin_turn());
  all->turn(fails);
  std::vector<decltype(post(turns[0].finish()))> posted;
  CAF_CHECK_EQUAL(write(turns[0].finish()), "spooled");
  std::size_t next = 1;
  for (; next < 100; ++next)
    posted.push_back(post(turns[next].finish()));
  all->turn(fine);
  for (; next < turns.size(); ++next) {
    posted.push_back(post(turns[next].finish()));
    std::this_thread::sleep_for(1ms);
  }
  std::map<std::string, int> outcomes{{"spooled", 1}};
  for (auto& each : posted)
    ++outcomes[outcome(each)];
  CAF_CHECK_EQUAL(outcomes["spooled"] + outcomes["stored"], std::ssize(turns));
  CAF_CHECK(eventually([&] { return is_well(); }));
  for (auto& each : turns)
    CAF_REQUIRE(transcript(each.about.id) == each.whole());
  CAF_CHECK(eventually([&] { return std::ssize(heard_of()) == outcomes["spooled"]; }));
}

CAF_TEST(a store that flickers loses and doubles nothing) {
  std::vector<turn> turns;
  for (int i = 0; i < 200; ++i)
    turns.push_back(begin_turn());
  std::vector<decltype(post(turns[0].finish()))> posted;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    writing->turn(i % 3 == 0 ? fails : fine);
    posted.push_back(post(turns[i].finish()));
    if (i % 7 == 0)
      std::this_thread::sleep_for(3ms);
  }
  writing->turn(fine);
  for (auto& each : posted) {
    auto how = outcome(each);
    CAF_CHECK(how == "spooled" || how == "stored");
  }
  CAF_CHECK(eventually([&] { return is_well(); }));
  for (auto& each : turns)
    CAF_REQUIRE(transcript(each.about.id) == each.whole());
}

CAF_TEST_FIXTURE_SCOPE_END()
