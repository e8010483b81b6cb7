#include "net/api/handlers_ui_chat.hpp"

#include "net/api/handlers_messages.hpp"
#include "net/api/ui_chat_request.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <memory>

namespace parley::net {

namespace {

/// Asks for a run, and streams it as a UI message.
template <class Request>
void stream_message(const api_context& api, exchange& ex, Request what) {
  ask_sessions(
    api, ex, std::move(what), [&ex](const run_opened& run) { stream_run(ex, run, wire::ui_message_stream()); },
    run_home{&ex.home()});
}

/// Asks, step by step, for what the client wants, whose own idea of the conversation may be an older one. Lives in the
/// continuations, which end with the exchange.
class chat_step : public std::enable_shared_from_this<chat_step> {
public:
  chat_step(const api_context& api, exchange& ex, ui_chat_request wanted) : api_(api), ex_(ex), wanted_(std::move(wanted)) {}

  void start() {
    if (!wanted_.again)
      submit();
    else if (wanted_.answer)
      stop_and_regenerate(*wanted_.answer);
    else
      find_question(0);
  }

private:
  /// Who asks on has seen enough of the answer before: the client's own stop closes its connection and says nothing.
  void submit() {
    if (!wanted_.parent)
      return ask_question(wanted_.question_id, wanted_.edited);
    auto go_on = [self = shared_from_this()] { self->ask_question(self->wanted_.question_id, self->wanted_.edited); };
    ask_sessions_or(
      api_, ex_, stop_message{*wanted_.parent}, [go_on](const stopped_answers&) { go_on(); },
      [go_on](const failure&) { go_on(); });
  }

  void ask_question(message_id id, bool branches) {
    start_turn turn;
    turn.session_key = wanted_.session_key;
    turn.messages.push_back({message_role::user, wanted_.question, id, std::nullopt});
    turn.parent = wanted_.parent;
    turn.at_root = branches && !wanted_.parent;
    turn.cancel_on_disconnect = wanted_.cancel_on_disconnect;
    turn.only_direct = wire::ui_message_stream().shows_one_answer();
    stream_message(api_, ex_, std::move(turn));
  }

  void stop_and_regenerate(message_id answer) {
    ask_sessions(api_, ex_, stop_message{answer},
                 [self = shared_from_this(), answer](const stopped_answers&) { self->regenerate(answer); });
  }

  /// In the midst of a branch, the answer made anew begins one of its own: its question is asked again.
  void regenerate(message_id answer) {
    ask_sessions_or(
      api_, ex_, regenerate_answer{answer, wanted_.cancel_on_disconnect},
      [&ex = ex_](const run_opened& run) { stream_run(ex, run, wire::ui_message_stream()); },
      [self = shared_from_this(), answer](const failure& why) {
        if (why.code == ec::not_last_turn)
          self->ask_question(derived_id(self->wanted_.session_key, to_string(answer), self->wanted_.question), true);
        else
          self->ex_.refuse(why);
      },
      run_home{&ex_.home()});
  }

  /// Without an answer's id, the question's is made anew; it may never have come here.
  void find_question(std::size_t next) {
    if (next == wanted_.known_as.size())
      return ask_question(wanted_.question_id, false);
    auto id = wanted_.known_as[next];
    auto self = shared_from_this();
    ask_sessions_or(
      api_, ex_, show_message{id},
      [self, id, next](const message& found) {
        if (found.session == self->wanted_.session_key && found.content == self->wanted_.question)
          self->answer_again(id);
        else
          self->find_question(next + 1);
      },
      [self, next](const failure& why) {
        if (why.code == ec::not_found)
          self->find_question(next + 1);
        else
          self->ex_.refuse(why);
      });
  }

  void answer_again(message_id question) {
    ask_sessions(api_, ex_, stop_message{question}, [self = shared_from_this(), question](const stopped_answers& stopped) {
      if (stopped.states.empty())
        self->ask_question(question, false);
      else
        self->regenerate(stopped.states.back().id);
    });
  }

  const api_context& api_;
  exchange& ex_;
  ui_chat_request wanted_;
};

/// GET /api/messages/stream/{session id}/stream/
void reconnect(const api_context& api, exchange& ex, session_id id) {
  ask_sessions(api, ex, show_session{id}, [&api, &ex](const session_view& view) {
    if (!view.running)
      return ex.answer({.status = 204, .content_type = {}, .body = {}, .headers = {}});
    // A turn has the id of its question.
    stream_message(api, ex, attach_to_run{message_id{view.running->turn.bytes}, {}});
  });
}

} // namespace

void answer_ui_chat(const api_context& api, exchange& ex, const nlohmann::json& body) {
  request_check check;
  auto wanted = read_ui_chat(check, body);
  if (!check.ok())
    return ex.refuse(check.problem());
  std::make_shared<chat_step>(api, ex, std::move(wanted))->start();
}

void add_ui_chat_routes(router& to, const api_context_ptr& api) {
  to.add("GET", "/api/messages/stream/{id}/stream/", [api](exchange& ex, const path_parameters& path) {
    if (auto id = parse_id<session_id>(path[0]))
      reconnect(*api, ex, *id);
    else
      ex.refuse({ec::not_found, "There is no session of this id.", {}});
  });
}

} // namespace parley::net
