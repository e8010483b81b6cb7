#pragma once
// One person's conversation in a terminal: the session it is in, and what can be asked there.

#include "commands/chat/api.hpp"
#include "commands/chat/interrupts.hpp"
#include "commands/chat/run_reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace parley::commands::chat {

enum class answered : std::uint8_t {
  well,
  /// An answer failed or was stopped; what was wrong is said.
  not_well,
  /// The person left before the end.
  left,
};

class conversation {
public:
  /// `on_screen`: answers grow in columns; else they are plain text.
  conversation(boost::asio::io_context& loop, const api& server, interrupts& keys, bool on_screen, bool colours);

  /// The next question begins a session with these; without any, with the first model that is available.
  expected<void> begin(std::vector<std::string> models);
  /// Goes on with that session.
  expected<void> open(const std::string& id);
  /// The newest turn as it is stored. One that is under way is read to its end.
  expected<answered> show_newest();

  expected<answered> ask(const std::string& question);
  /// Another attempt at an answer of the newest turn; 0 for the only one.
  expected<answered> regenerate(char letter);
  /// All answers of the newest turn, as they are stored.
  expected<std::vector<message_entry>> newest_answers() const;
  expected<std::vector<std::string>> stop() const;
  /// As Markdown, or as JSON for a name that ends in `.json`. The file must be new.
  expected<void> write_to(const std::string& file) const;
  /// Stored answers, side by side where there is room.
  void show(const std::vector<message_entry>& answers) const;

  const std::optional<session_entry>& session() const { return session_; }
  const std::vector<std::string>& models() const { return models_; }
  const api& server() const { return server_; }

private:
  expected<answered> read(run_question question, const std::vector<seat>& seats);
  /// Of the newest turn: the user's message first.
  expected<std::vector<message_entry>> newest_turn() const;

  boost::asio::io_context& loop_;
  const api& server_;
  interrupts& keys_;
  bool on_screen_;
  bool colours_;

  std::vector<std::string> models_;
  /// None before the first question.
  std::optional<session_entry> session_;
};

} // namespace parley::commands::chat
