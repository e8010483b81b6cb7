#include "commands/chat/dialogue.hpp"

#include "commands/chat/screen.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <sstream>

namespace parley::commands::chat {

struct dialogue::command {
  std::string_view name;
  std::string_view words;
  std::string_view does;
  void (dialogue::*run)(const dialogue::words&);
};

namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in{line};
  return {std::istream_iterator<std::string>{in}, {}};
}

std::string names_of(const session_entry& session) {
  std::string result;
  for (auto& each : session.seats)
    result += (result.empty() ? "" : ", ") + each.name;
  return result;
}

/// Of an answer that is listed: its first line, shortened.
std::string beginning_of(const std::string& text) {
  constexpr std::size_t length = 60;
  auto letters = harmless(text.substr(0, text.find('\n')));
  auto shortened = letters.size() > length || text.find('\n') != std::string::npos;
  std::string result;
  for (auto code : letters.substr(0, length))
    append_utf8(result, code);
  return shortened ? result + "…" : result;
}

} // namespace

std::string listing_of(const std::vector<model_entry>& models) {
  std::string out;
  for (auto& each : models)
    out += fmt::format("  {:<24} {}{}\n", each.id, harmless_text(each.name), each.available ? "" : " (not available: no key)");
  return out;
}

std::string listing_of(const std::vector<session_entry>& sessions) {
  std::string out;
  for (auto& each : sessions)
    // 2026-11-23T04:10:11.123Z
    out += fmt::format("  {}  {}  {} ({})\n", each.id, each.updated_at.substr(0, 16), beginning_of(each.title), names_of(each));
  return out;
}

const std::vector<dialogue::command>& dialogue::commands() {
  static const std::vector<command> all{
    {"/help", "", "this list", &dialogue::help},
    {"/models", "", "the models that the server has", &dialogue::models},
    {"/model", "ID [ID…]", "a new session with this model, or with several side by side", &dialogue::model},
    {"/new", "", "a new session with the same models", &dialogue::begin},
    {"/sessions", "[NUMBER]", "the newest sessions, or go on with one of them", &dialogue::sessions},
    {"/regenerate", "[LETTER]", "another attempt at the last answer, of several: at the one of that letter",
     &dialogue::regenerate},
    {"/attempts", "[NUMBER]", "all attempts at the last answers, or one attempt in full", &dialogue::attempts},
    {"/stop", "", "stop the last answers, also when another window began them", &dialogue::stop},
    {"/export", "FILE", "the session as Markdown, or as JSON if the name ends in .json", &dialogue::write},
    {"/quit", "", "leave (as does Ctrl-D); the session stays", &dialogue::quit},
  };
  return all;
}

dialogue::dialogue(conversation& talk, interrupts& keys, bool colours)
  : talk_(talk), prompt_(keys, history_file(), colours), colours_(colours) {}

int dialogue::run() {
  say_where();
  if (talk_.session())
    holds(talk_.show_newest());
  auto interrupts_in_a_row = 0;
  while (!leaving_) {
    auto line = prompt_.read();
    if (line.what == written_line::how::ended)
      break;
    if (line.what == written_line::how::interrupted) {
      if (++interrupts_in_a_row > 1)
        break;
      say("Ctrl-C again, Ctrl-D or /quit leaves.");
      continue;
    }
    interrupts_in_a_row = 0;
    carry_out(line.text);
  }
  if (talk_.session())
    say("To go on: parley chat --session " + talk_.session()->id);
  return 0;
}

void dialogue::carry_out(const std::string& line) {
  auto all = words_of(line);
  if (all.empty())
    return;
  // A question that begins with a slash has it doubled.
  if (line.front() != '/' || line.starts_with("//")) {
    auto how = talk_.ask(line.front() == '/' ? line.substr(1) : line);
    if (holds(how) && *how == answered::left)
      leaving_ = true;
    return;
  }
  auto& known = commands();
  auto found = std::find_if(known.begin(), known.end(), [&](auto& each) { return each.name == all.front(); });
  if (found == known.end())
    return say("There is no " + all.front() + "; /help lists what there is. A question that begins with / is written //.");
  all.erase(all.begin());
  (this->*found->run)(all);
}

template <class T>
bool dialogue::holds(const expected<T>& what) {
  if (!what)
    say(what.error().code == ec::upstream_unreachable ? talk_.server().unreachable(what.error()) : what.error().message);
  return what.has_value();
}

void dialogue::say(std::string_view what) const {
  auto text = harmless_text(what);
  write_out(colours_ ? "\x1b[2m" + text + "\x1b[0m\n" : text + "\n");
}

void dialogue::say_where() const {
  std::string models;
  if (talk_.session())
    models = names_of(*talk_.session());
  else
    models = fmt::format("{}", fmt::join(talk_.models(), ", "));
  say(fmt::format("{} at {}. /help lists the commands.", models, talk_.server().client().server().url));
}

void dialogue::help(const words&) {
  std::string out;
  for (auto& each : commands())
    out += fmt::format("  {:<24} {}\n", fmt::format("{} {}", each.name, each.words), each.does);
  out += "  While answers come, Ctrl-C stops them, and a second one leaves.\n"
         "  A \\ at a line's end goes on in the next one; arrow keys and Ctrl-R go through earlier lines.\n";
  write_out(out);
}

void dialogue::models(const words&) {
  if (auto all = talk_.server().models(); holds(all))
    write_out(listing_of(*all));
}

void dialogue::model(const words& ids) {
  if (ids.empty())
    return say("Say which: /model ID. /models lists them.");
  if (holds(talk_.begin(ids)))
    say_where();
}

void dialogue::begin(const words&) {
  if (holds(talk_.begin(talk_.models())))
    say_where();
}

void dialogue::sessions(const words& which) {
  if (which.empty()) {
    auto all = talk_.server().sessions();
    if (!holds(all))
      return;
    numbered_ = std::move(*all);
    std::string out;
    for (std::size_t i = 0; i < numbered_.size(); ++i)
      out += fmt::format("  {:>3}  {}  {} ({})\n", i + 1, numbered_[i].updated_at.substr(0, 16), beginning_of(numbered_[i].title),
                         names_of(numbered_[i]));
    return write_out(out.empty() ? "  There is none yet.\n" : out);
  }
  std::size_t number = 0;
  std::from_chars(which[0].data(), which[0].data() + which[0].size(), number);
  if (number == 0 || number > numbered_.size())
    return say("/sessions numbers them; then /sessions NUMBER goes on with one.");
  if (!holds(talk_.open(numbered_[number - 1].id)))
    return;
  say_where();
  holds(talk_.show_newest());
}

void dialogue::regenerate(const words& which) {
  auto how = talk_.regenerate(which.empty() ? '\0' : which[0][0]);
  if (holds(how) && *how == answered::left)
    leaving_ = true;
}

void dialogue::stop(const words&) {
  if (auto how = talk_.stop(); holds(how))
    say(fmt::format("{}", fmt::join(*how, ", ")));
}

void dialogue::attempts(const words& which) {
  auto all = talk_.newest_answers();
  if (!holds(all))
    return;
  if (which.empty()) {
    std::string out;
    for (auto& each : *all)
      out += fmt::format("  {} {:>2}  {:<10} {}\n", each.letter, each.attempt, each.finish_reason, beginning_of(each.content));
    return write_out(out);
  }
  all->erase(std::remove_if(all->begin(), all->end(), [&](auto& each) { return std::to_string(each.attempt) != which[0]; }),
             all->end());
  if (all->empty())
    return say("There is no attempt of that number.");
  talk_.show(*all);
}

void dialogue::write(const words& where) {
  if (where.empty())
    return say("Say to which file: /export talk.md");
  if (holds(talk_.write_to(where[0])))
    say("Written to " + where[0]);
}

void dialogue::quit(const words&) {
  leaving_ = true;
}

} // namespace parley::commands::chat
