// The leaderboard of each period, kept for a while. The votes are added up by the store; the strengths take a thread of their
// own for up to seconds, and are computed once for all who wait for them.
//
//                 show_leaderboard                   vote_tally               leaderboard_made
//   ┌─ kept ───────────────────────▶ waiting ──▶ asks the store ──▶ on its thread ───┐
//   └◀───────────────────────────────────────────────────────────────────────────────┘
//
// One period at a time: others wait for their turn.

#include "actors/leaderboard/api.hpp"
#include "core/check.hpp"

#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <array>
#include <system_error>

namespace parley {

namespace {

using namespace std::chrono_literals;

/// Without a new vote: old ones leave a period, and other nodes take votes, too.
constexpr std::chrono::milliseconds kept_for = 60s;

/// What took less is computed anew for whoever asks after a new vote …
constexpr std::chrono::milliseconds quick = 100ms;

/// … and what took longer not before this many times as long has passed, so that votes which come all the time take at most
/// a tenth of a processor.
constexpr int pause_per_work = 9;

/// From the thread.
struct leaderboard_made {
  /// Null if the thread failed.
  leaderboard_ptr board;
};

using leaderboard_self = leaderboard_actor::extend<caf::reacts_to<leaderboard_made>>;
class leaderboard_state;

using self_pointer = homed_pointer<leaderboard_state, leaderboard_self>;

class leaderboard_state {
public:
  static inline const char* name = "leaderboard";

  explicit leaderboard_state(self_pointer self) : self_(self) {}

  leaderboard_self::behavior_type start(node_context_ptr node, persistence_actor store, start_thread threads) {
    node_ = std::move(node);
    store_ = std::move(store);
    threads_ = std::move(threads);
    return {
      [this](const show_leaderboard& wanted) { return show(wanted.of); },
      [this](votes_changed) {
        for (auto& each : periods_)
          each.outdated = true;
      },
      [this](leaderboard_made& made) {
        thread_.reset();
        if (made.board)
          finish(std::move(made.board));
        else
          give_up(to_error({ec::internal, "The models could not be rated.", {}}));
      },
    };
  }

private:
  struct kept_period {
    vote_tally votes;
    leaderboard_ptr board;
    /// When its votes were asked for, and how long it took from then.
    unix_ms begun = 0;
    std::chrono::milliseconds took{};
    /// Votes came since.
    bool outdated = false;
    std::vector<caf::typed_response_promise<leaderboard_ptr>> waiting;
  };

  kept_period& kept(vote_period of) { return periods_[static_cast<std::size_t>(of)]; }

  caf::result<leaderboard_ptr> show(vote_period of) {
    auto& its = kept(of);
    if (is_fresh(its))
      return its.board;
    its.waiting.push_back(self_->make_response_promise<leaderboard_ptr>());
    auto promise = its.waiting.back();
    work();
    return promise;
  }

  bool is_fresh(const kept_period& its) const {
    auto age = std::chrono::milliseconds{node_->wall() - its.begun};
    if (!its.board || age < 0ms) // the clock was set back
      return false;
    if (its.outdated)
      return its.took >= quick && age < its.took * (1 + pause_per_work);
    return age < kept_for;
  }

  /// Begins with a period that somebody waits for.
  void work() {
    if (at_work_)
      return;
    auto found = std::find_if(periods_.begin(), periods_.end(), [](auto& each) { return !each.waiting.empty(); });
    if (found == periods_.end())
      return;
    at_work_ = &*found;
    at_work_->begun = node_->wall();
    at_work_->outdated = false;
    tally_votes wanted{begin_of(static_cast<vote_period>(found - periods_.begin()), at_work_->begun)};
    self_->request(store_, defaults::store_timeout, wanted)
      .then([this](vote_tally& votes) { rate(std::move(votes)); }, [this](const caf::error& why) { give_up(why); });
  }

  void rate(vote_tally votes) {
    auto& its = checked(at_work_, "votes come for a period that was asked for");
    if (its.board && votes.pairs == its.votes.pairs)
      return finish(its.board);
    its.votes = std::move(votes);
    try {
      thread_ = threads_([to = leaderboard_self{self_}, counted = its.votes](const std::stop_token& stop) {
        leaderboard_made made;
        guarded("leaderboard_thread", [&] { made.board = std::make_shared<const leaderboard>(make_leaderboard(counted, stop)); });
        caf::anon_send(to, std::move(made));
      });
    } catch (const std::system_error&) {
      give_up(to_error({ec::unavailable, "The server is too busy to rate the models; please try again.", {}}));
    }
  }

  /// The period that was worked on. Others may have their turn.
  kept_period& end_work() { return checked(std::exchange(at_work_, nullptr), "an answer comes to a period that was asked for"); }

  void finish(leaderboard_ptr board) {
    auto& its = end_work();
    its.board = std::move(board);
    its.took = std::max(std::chrono::milliseconds{node_->wall() - its.begun}, 0ms);
    for (auto& promise : std::exchange(its.waiting, {}))
      promise.deliver(its.board);
    work();
  }

  void give_up(const caf::error& why) {
    auto& its = end_work();
    its.board = nullptr;
    for (auto& promise : std::exchange(its.waiting, {}))
      promise.deliver(why);
    work();
  }

  self_pointer self_;
  node_context_ptr node_;
  persistence_actor store_;
  start_thread threads_;
  std::array<kept_period, std::size(vote_periods)> periods_;
  /// Null if nobody waits.
  kept_period* at_work_ = nullptr;
  /// Ends with the actor.
  std::shared_ptr<void> thread_;
};

} // namespace

leaderboard_actor spawn_leaderboard(caf::actor_system& sys, node_context_ptr node, persistence_actor store,
                                    start_thread threads) {
  auto init = [](self_pointer self, node_context_ptr n, persistence_actor s, start_thread t) {
    return self->state.start(std::move(n), std::move(s), std::move(t));
  };
  return spawn_homed<leaderboard_state, leaderboard_self>(sys, nullptr, init, std::move(node), std::move(store),
                                                          std::move(threads));
}

} // namespace parley

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::leaderboard_made)
