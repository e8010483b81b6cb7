#include "commands/chat/chat.hpp"

#include "commands/chat/conversation.hpp"
#include "commands/chat/dialogue.hpp"
#include "commands/chat/screen.hpp"

#include <utility> // before Asio, whose awaitable.hpp forgets it

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <iterator>
#include <unistd.h>

namespace parley::commands::chat {

namespace {

constexpr int interrupted = 130; // as a shell says of a program that SIGINT ended

int complain(const std::string& what) {
  fmt::print(stderr, "{}\n", harmless_text(what));
  return 1;
}

int complain(const api& server, const failure& why) {
  return complain(why.code == ec::upstream_unreachable ? server.unreachable(why) : why.message);
}

int list(const api& server) {
  auto models = server.models();
  if (!models)
    return complain(server, models.error());
  auto sessions = server.sessions();
  if (!sessions)
    return complain(server, sessions.error());
  write_out("Models\n" + listing_of(*models) + "\nSessions\n" + listing_of(*sessions));
  return 0;
}

/// The words of the command line, or all of standard input.
std::string question_of(const config::chat_options& options) {
  if (options.question.empty())
    return {std::istreambuf_iterator<char>{std::cin}, {}};
  return fmt::format("{}", fmt::join(options.question, " "));
}

int ask_once(conversation& talk, const std::string& question) {
  if (question.find_first_not_of(" \t\r\n") == std::string::npos)
    return complain("There is no question: give it as an argument or on standard input.");
  auto how = talk.ask(question);
  if (!how)
    return complain(talk.server(), how.error());
  return *how == answered::left ? interrupted : *how == answered::well ? 0 : 1;
}

} // namespace

int run(const config::chat_options& options) {
  use_utf8();
  auto address = parse_server(options.server);
  if (!address)
    return complain(address.error().message);
  boost::asio::io_context loop;
  auto client = http_client::make(loop, std::move(*address));
  if (!client)
    return complain(client.error().message);
  api server{std::move(*client)};
  if (options.list)
    return list(server);
  interrupts keys{loop};
  auto on_screen = is_interactive();
  conversation talk{loop, server, keys, on_screen, wants_colours()};
  auto ready = options.session.empty() ? talk.begin(options.models) : talk.open(options.session);
  if (!ready)
    return complain(server, ready.error());
  if (!on_screen || !options.question.empty())
    return ask_once(talk, question_of(options));
  return dialogue{talk, keys, wants_colours()}.run();
}

} // namespace parley::commands::chat
