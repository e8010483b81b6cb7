#pragma once
// A persistence actor for tests: keeps what it is given in memory, and answers at once, later, or with an error, as the test
// wants it.

#include "actors/node/store_api.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace parley::test {

struct fake_store_book {
  /// Every write that arrived, in order.
  std::vector<store_write> arrived;
  /// Writes wait in `held`, until it is false and the actor gets a `store_health`.
  bool hold = false;
  std::vector<std::function<void()>> held;
  /// Finished answers are answered as spooled, and nobody stores them.
  bool spools = false;
  /// Set: writes are answered with it.
  std::optional<failure> broken;
  /// Set: those that it picks are answered with its failure.
  std::function<std::optional<failure>(const store_write&)> refuse;
  /// What is stored.
  std::map<session_id, session> sessions;
  std::map<session_id, epoch> epochs;
  std::vector<message> messages;
  /// What was added up of the votes.
  vote_tally tally;
  std::vector<tally_votes> tallied;
  /// Who wants to hear of answers that leave the spool.
  unspooled_listener unspooled_to;
  /// How often a session was loaded.
  int loads = 0;

  const message* find(message_id id) const {
    for (auto& m : messages)
      if (m.id == id)
        return &m;
    return nullptr;
  }

  template <class Write>
  std::vector<Write> all() const {
    std::vector<Write> found;
    for (auto& write : arrived)
      if (auto* x = std::get_if<Write>(&write))
        found.push_back(*x);
    return found;
  }

  expected<store_written> carry_out(const store_write& write) {
    if (spools && std::holds_alternative<store_answer>(write))
      return store_written{spooled{}};
    if (broken)
      return tl::unexpected{*broken};
    if (refuse)
      if (auto why = refuse(write))
        return tl::unexpected{*why};
    if (auto* x = std::get_if<create_session>(&write)) {
      sessions[x->made.id] = x->made;
      epochs[x->made.id] = 1;
    } else if (auto* opened = std::get_if<open_session>(&write)) {
      if (!sessions.contains(opened->id))
        return fail(ec::not_found, "There is no such session.");
      ++loads;
      opened_session result{sessions[opened->id], ++epochs[opened->id], {}};
      for (auto& m : messages)
        if (m.session == opened->id) {
          if (!is_final(m.status)) {
            m.status = message_status::failed;
            m.finish = finish_reason::interrupted;
          }
          result.messages.push_back(m);
        }
      return result;
    } else if (auto* added = std::get_if<append_messages>(&write)) {
      if (!sessions.contains(added->session_key))
        return fail(ec::not_found, "There is no such session.");
      if (added->held != epochs[added->session_key])
        return fail(ec::fenced, "Another owner has the session.");
      for (auto& m : added->added)
        if (find(m.id))
          return fail(ec::id_conflict, "A message with this id is there already.");
      messages.insert(messages.end(), added->added.begin(), added->added.end());
      if (added->changed)
        sessions[added->session_key] = *added->changed;
    } else if (auto* piece = std::get_if<append_checkpoint>(&write)) {
      for (auto& m : messages)
        if (m.id == piece->answer && !is_final(m.status)) {
          m.status = message_status::streaming;
          m.content = piece->begins_again ? piece->content : m.content + piece->content;
        }
    } else if (auto* done = std::get_if<store_answer>(&write)) {
      if (done->held != epochs[done->session_key])
        return fail(ec::fenced, "Another owner has the session.");
      for (auto& m : messages)
        if (m.id == done->answer.id && !is_final(m.status))
          m = done->answer;
    } else if (auto* changed = std::get_if<update_session>(&write)) {
      auto blind = sessions[changed->changed.id].blind;
      sessions[changed->changed.id] = changed->changed;
      sessions[changed->changed.id].blind = blind;
    } else if (auto* vote = std::get_if<record_vote>(&write)) {
      for (auto& m : messages) {
        bool asked = m.turn == vote->turn && m.role == message_role::user;
        if (asked && m.vote)
          return fail(ec::already_voted, "There is a vote on this turn already.");
        if (asked)
          m.vote = vote->given;
      }
      for (auto& m : messages)
        if (m.session == vote->session_key)
          m.blind = false;
      sessions[vote->session_key].blind = false;
    } else if (auto* gone = std::get_if<delete_session>(&write)) {
      sessions.erase(gone->id);
      std::erase_if(messages, [&](const message& m) { return m.session == gone->id; });
    }
    return store_written{};
  }
};

using fake_store_ptr = std::shared_ptr<fake_store_book>;

inline persistence_actor spawn_fake_store(caf::actor_system& sys, fake_store_ptr book) {
  auto init = [](persistence_actor::pointer self, fake_store_ptr store) -> persistence_actor::behavior_type {
    auto write = [self, store](const auto& what) -> caf::result<store_written> {
      store->arrived.push_back(what);
      auto promise = self->make_response_promise<store_written>();
      auto answer = [store, promise, what = store_write{what}]() mutable {
        auto result = store->carry_out(what);
        if (result)
          promise.deliver(*result);
        else
          promise.deliver(to_error(result.error()));
      };
      if (store->hold)
        store->held.push_back(answer);
      else
        answer();
      return promise;
    };
    return {[write](const create_session& m) { return write(m); },
            [self, store](const open_session& m) -> caf::result<opened_session> {
              store->arrived.push_back(m);
              auto promise = self->make_response_promise<opened_session>();
              auto answer = [store, promise, m]() mutable {
                auto result = store->carry_out(m);
                if (result)
                  promise.deliver(std::get<opened_session>(*result));
                else
                  promise.deliver(to_error(result.error()));
              };
              if (store->hold)
                store->held.push_back(answer);
              else
                answer();
              return promise;
            },
            [write](const append_messages& m) { return write(m); },
            [write](const append_checkpoint& m) { return write(m); },
            [write](const store_answer& m) { return write(m); },
            [write](const update_session& m) { return write(m); },
            [write](const record_vote& m) { return write(m); },
            [write](const delete_session& m) { return write(m); },
            [store](const list_sessions&) {
              session_page page;
              for (auto& [id, about] : store->sessions)
                page.data.insert(page.data.begin(), about);
              return page;
            },
            [store](const find_session& m) -> caf::result<session> {
              if (auto at = store->sessions.find(m.id); at != store->sessions.end())
                return at->second;
              return to_error({ec::not_found, "There is no such session.", {}});
            },
            [store](const find_message& m) -> caf::result<message> {
              if (auto* found = store->find(m.id))
                return *found;
              return to_error({ec::not_found, "There is no such message.", {}});
            },
            [store](const list_messages& m) -> caf::result<message_page> {
              if (!store->sessions.contains(m.session_key))
                return to_error({ec::not_found, "There is no such session.", {}});
              message_page page;
              for (auto& x : store->messages)
                if (x.session == m.session_key)
                  page.data.push_back(x);
              return page;
            },
            [store](const tally_votes& wanted) -> caf::result<vote_tally> {
              store->tallied.push_back(wanted);
              if (store->broken)
                return to_error(*store->broken);
              return store->tally;
            },
            [store](const store_health&) {
              for (auto& answer : std::exchange(store->held, {}))
                answer();
              return store_written{};
            },
            [store](const report_unspooled& m) { store->unspooled_to = m.to; }};
  };
  return sys.spawn(init, std::move(book));
}

} // namespace parley::test
