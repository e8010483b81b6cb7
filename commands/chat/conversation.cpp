#include "commands/chat/conversation.hpp"

#include "commands/chat/views.hpp"
#include "core/ids.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace parley::commands::chat {

namespace {

/// How a stored answer ended, for people; empty if it ended well.
std::string trouble_of(const message_entry& answer) {
  if (answer.under_way())
    return "under way";
  if (answer.status == "success")
    return {};
  return answer.error.empty() ? answer.finish_reason : answer.error;
}

std::string markdown_of(const session_entry& session, const std::vector<message_entry>& transcript) {
  auto out = "# " + session.title + "\n";
  for (auto& each : transcript) {
    auto who = each.role;
    if (each.role == "assistant")
      who = each.model.empty() ? fmt::format("Answer {}", each.letter) : each.model;
    if (each.role == "user")
      who = "You";
    if (each.attempt > 1)
      who += fmt::format(" (attempt {})", each.attempt);
    out += fmt::format("\n## {}\n\n{}\n", who, each.content);
    if (auto trouble = trouble_of(each); each.role == "assistant" && !trouble.empty())
      out += fmt::format("\n*{}*\n", trouble);
  }
  return out;
}

} // namespace

conversation::conversation(boost::asio::io_context& loop, const api& server, interrupts& keys, bool on_screen, bool colours)
  : loop_(loop), server_(server), keys_(keys), on_screen_(on_screen), colours_(colours) {}

expected<void> conversation::begin(std::vector<std::string> models) {
  auto all = server_.models();
  if (!all)
    return tl::unexpected{all.error()};
  auto find = [&](auto fits) { return std::find_if(all->begin(), all->end(), fits); };
  if (models.empty()) {
    auto first = find([](auto& each) { return each.available; });
    if (first == all->end())
      return fail(ec::invalid_request, "The server has no model that is available.");
    models.push_back(first->id);
  }
  for (auto& id : models) {
    auto entry = find([&](auto& each) { return each.id == id; });
    if (entry == all->end())
      return fail(ec::invalid_request, fmt::format("The server has no model {}.", id));
    if (!entry->available)
      return fail(ec::invalid_request, fmt::format("The model {} isn't available: its provider's key is missing.", id));
  }
  models_ = std::move(models);
  session_.reset();
  return {};
}

expected<void> conversation::open(const std::string& id) {
  auto found = server_.session(id);
  if (!found)
    return tl::unexpected{found.error()};
  session_ = std::move(*found);
  models_.clear();
  for (auto& each : session_->seats)
    models_.push_back(each.model);
  return {};
}

expected<answered> conversation::ask(const std::string& question) {
  if (!session_) {
    auto made = server_.create_session(models_);
    if (!made)
      return tl::unexpected{made.error()};
    session_ = std::move(*made);
  }
  // An id of our own makes the question one that may be sent again: the server knows it.
  auto id = to_string(new_id<message_id>());
  nlohmann::ordered_json body;
  body["session_id"] = session_->id;
  body["messages"] = {{{"role", "user"}, {"content", to_clean_text(question)}, {"id", id}}};
  return read({streaming("/api/messages/stream/", body.dump()), true, id}, session_->seats);
}

expected<answered> conversation::regenerate(char letter) {
  auto answers = newest_answers();
  if (!answers)
    return tl::unexpected{answers.error()};
  auto answer =
    std::find_if(answers->rbegin(), answers->rend(), [&](auto& each) { return letter == 0 || each.letter == letter; });
  if (answer == answers->rend())
    return fail(ec::invalid_request, "There is no answer of that letter.");
  if (letter == 0 && session_->seats.size() > 1)
    return fail(ec::invalid_request, "Say which answer, by its letter: /regenerate a");
  std::vector<seat> seats;
  for (auto& each : session_->seats)
    if (each.letter == answer->letter)
      seats.push_back(each);
  return read({streaming("/api/messages/" + answer->id + "/regenerate/"), false, {}}, seats);
}

expected<answered> conversation::show_newest() {
  auto turn = newest_turn();
  if (!turn || turn->empty())
    return turn.map([](const auto&) { return answered::well; });
  auto& question = turn->front();
  fmt::print("› {}\n", harmless_text(question.content));
  std::fflush(stdout);
  if (std::any_of(turn->begin() + 1, turn->end(), [](auto& each) { return each.under_way(); }))
    return read({attaching("/api/messages/" + question.id + "/stream/?from=0"), true, question.id}, session_->seats);
  std::vector<message_entry> newest;
  for (auto& place : session_->seats) {
    auto of_seat = std::find_if(turn->rbegin(), turn->rend(), [&](auto& each) { return each.letter == place.letter; });
    if (of_seat != turn->rend())
      newest.push_back(*of_seat);
  }
  show(newest);
  return answered::well;
}

expected<std::vector<message_entry>> conversation::newest_turn() const {
  std::vector<message_entry> result;
  if (!session_)
    return result;
  auto all = server_.transcript(session_->id);
  if (!all)
    return all;
  auto question = std::find_if(all->rbegin(), all->rend(), [](auto& each) { return each.role == "user"; });
  if (question == all->rend())
    return result;
  result.push_back(*question);
  for (auto& each : *all)
    if (each.role == "assistant" && each.turn == question->turn)
      result.push_back(each);
  return result;
}

expected<std::vector<message_entry>> conversation::newest_answers() const {
  auto turn = newest_turn();
  if (!turn)
    return turn;
  if (turn->size() < 2)
    return fail(ec::invalid_request, "There is no answer yet.");
  turn->erase(turn->begin());
  return turn;
}

expected<std::vector<std::string>> conversation::stop() const {
  auto turn = newest_turn();
  if (!turn)
    return tl::unexpected{turn.error()};
  if (turn->empty())
    return fail(ec::invalid_request, "There is nothing to stop yet.");
  return server_.stop(turn->front().id);
}

expected<void> conversation::write_to(const std::string& file) const {
  if (!session_)
    return fail(ec::invalid_request, "There is nothing to export yet.");
  if (std::ifstream{file})
    return fail(ec::invalid_request, file + " is there already.");
  auto current = server_.session(session_->id); // its title came with the first question
  expected<std::string> text;
  if (file.ends_with(".json"))
    text = server_.transcript_json(session_->id);
  else
    text =
      server_.transcript(session_->id).map([&](const auto& all) { return markdown_of(current ? *current : *session_, all); });
  if (!text)
    return tl::unexpected{text.error()};
  std::ofstream out{file, std::ios::binary};
  out << *text;
  if (!out.flush())
    return fail(ec::invalid_request, file + " can't be written.");
  return {};
}

void conversation::show(const std::vector<message_entry>& answers) const {
  std::vector<seat> seats;
  for (auto& each : answers) {
    auto name = each.model.empty() ? fmt::format("Answer {}", each.letter) : each.model;
    // Attempts of one seat stand beside each other, too: a column is found by its letter.
    seats.push_back(
      {static_cast<char>('a' + seats.size()), {}, each.attempt > 1 ? fmt::format("{}, attempt {}", name, each.attempt) : name});
  }
  screen_view view{loop_, seats, colours_};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    view.reasoning(seats[i].letter, answers[i].reasoning);
    view.text(seats[i].letter, answers[i].content);
    answer_end how{answers[i].finish_reason, answers[i].error, answers[i].finish_reason, {}, {}, {}};
    view.end(seats[i].letter, how);
  }
  view.close();
}

expected<answered> conversation::read(run_question question, const std::vector<seat>& seats) {
  if (!on_screen_) {
    plain_view view{seats};
    auto outcome = run_reader{loop_, server_.client(), keys_, view}.read(std::move(question));
    return outcome.map([&](auto how) {
      return how == run_outcome::left ? answered::left : view.all_well() ? answered::well : answered::not_well;
    });
  }
  quiet_keys quiet;
  screen_view view{loop_, seats, colours_};
  keys_.on_resize([&view] { view.draw(); });
  view.draw();
  auto outcome = run_reader{loop_, server_.client(), keys_, view}.read(std::move(question));
  keys_.on_resize({});
  view.close();
  return outcome.map([](auto how) { return how == run_outcome::left ? answered::left : answered::well; });
}

} // namespace parley::commands::chat
