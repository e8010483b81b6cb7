// The node's runs without a session: begins them, and knows which are under way, so that a node that ends can wait for them.

#include "actors/runs/run.hpp"
#include "wire/dialects/dialect.hpp"

#include <unordered_map>

namespace parley {

namespace {

class completions_state;

using self_pointer = homed_pointer<completions_state, completions_actor>;

class completions_state {
public:
  static constexpr const char* name = "completions";

  explicit completions_state(self_pointer self) : self_(self) {}

  completions_actor::behavior_type start(node_context_ptr node) {
    node_ = std::move(node);
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down.source); });
    return {[this](const stream_completion& m) { return begin<run_opened>(m.what, open_log{}, true); },
            [this](const await_completion& m) { return begin<completed_run>(m.what, await_answers{}, false); },
            [](const answer_completed&) {}, // nobody keeps them
            [this](const run_completed& m) {
              running_.erase(m.run);
              check_drained();
            },
            [this](const drain_node& m) { return drain(m); }};
  }

private:
  template <class Reply, class Question>
  caf::result<Reply> begin(const completion_plan& plan, Question what, bool streams) {
    if (draining_)
      return to_error({ec::unavailable, "This server is shutting down; please try again.", {}});
    auto run = new_id<run_id>();
    auto made = spawn_run(self_->system(), plan_run(run, plan, streams));
    self_->monitor(made);
    auto promise = self_->make_response_promise<Reply>();
    // One that dies of a defect answers nothing any more.
    auto give_up = [promise]() mutable {
      if (promise.pending())
        promise.deliver(to_error({ec::internal, "A completion ended without an answer.", {}}));
    };
    waiting_.emplace(made.address(), give_up);
    running_.emplace(run, made);
    // No time limit: the upstreams' clocks bound it, and its client's patience.
    auto address = made.address();
    self_->request(made, caf::infinite, what)
      .then(
        [this, promise, address](Reply& reply) mutable {
          waiting_.erase(address);
          promise.deliver(std::move(reply));
        },
        [this, promise, address](const caf::error& why) mutable {
          waiting_.erase(address);
          promise.deliver(why);
        });
    return promise;
  }

  run_plan plan_run(run_id run, const completion_plan& wanted, bool streams) const {
    run_plan result;
    result.node = node_;
    result.home = wanted.home;
    result.owner = self_;
    result.names.run = run;
    result.client = wanted.client;
    result.show = run_showing::form::by_status;
    result.may_restart = !streams;
    auto prompt_bytes = wire::prompt_bytes(*wanted.ask);
    for (auto& entry : wanted.models) {
      planned_answer choice;
      choice.answer.id = new_id<message_id>();
      choice.answer.role = message_role::assistant;
      choice.answer.status = message_status::pending;
      choice.answer.seat = static_cast<participant>(result.answers.size());
      choice.answer.run = run;
      choice.answer.model = model_label{entry->id, entry->display_name};
      choice.given = wanted.ask;
      choice.prompt_bytes = prompt_bytes;
      choice.model_name = entry->id;
      choice.targets = node_->models.with_fallbacks(entry->id);
      // A fallback that can't be asked for this is none.
      std::erase_if(choice.targets, [&](auto& target) {
        return target->id != entry->id && !wire::dialect_of(*target).can_be_asked(*wanted.ask);
      });
      result.answers.push_back(std::move(choice));
    }
    return result;
  }

  void on_down(const caf::actor_addr& gone) {
    if (auto at = waiting_.find(gone); at != waiting_.end()) {
      auto give_up = std::move(at->second);
      waiting_.erase(at);
      give_up();
    }
    std::erase_if(running_, [&](const auto& entry) { return entry.second.address() == gone; });
    check_drained();
  }

  caf::result<store_written> drain(const drain_node& m) {
    draining_ = true;
    if (m.interrupt)
      for (auto& [run, actor] : running_)
        self_->request(actor, caf::infinite, stop_answers{{}, finish_reason::interrupted})
          .then([](const stopped_answers&) {}, [](const caf::error&) {});
    auto promise = self_->make_response_promise<store_written>();
    drained_.push_back(promise);
    check_drained();
    return promise;
  }

  void check_drained() {
    if (!draining_ || !running_.empty())
      return;
    for (auto& promise : std::exchange(drained_, {}))
      promise.deliver(store_written{});
  }

  self_pointer self_;
  node_context_ptr node_;
  /// Those whose answers haven't ended.
  std::unordered_map<run_id, run_actor> running_;
  /// Whose request isn't answered yet, and what it is told if its run dies.
  std::unordered_map<caf::actor_addr, std::function<void()>> waiting_;
  bool draining_ = false;
  std::vector<caf::typed_response_promise<store_written>> drained_;
};

} // namespace

completions_actor spawn_completions(caf::actor_system& sys, node_context_ptr node) {
  return spawn_homed<completions_state, completions_actor>(
    sys, nullptr, [](self_pointer self, node_context_ptr n) { return self->state.start(std::move(n)); }, std::move(node));
}

} // namespace parley
