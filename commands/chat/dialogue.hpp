#pragma once
// Questions and commands, one after the other, until the person leaves.

#include "commands/chat/conversation.hpp"
#include "commands/chat/prompt.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::commands::chat {

class dialogue {
public:
  dialogue(conversation& talk, interrupts& keys, bool colours);

  /// The process's exit status.
  int run();

private:
  struct command;
  using words = std::vector<std::string>;

  static const std::vector<command>& commands();

  void carry_out(const std::string& line);
  /// False if the server is out of reach or refused: that is said.
  template <class T>
  bool holds(const expected<T>& what);
  void say(std::string_view what) const;
  void say_where() const;

  void help(const words&);
  void models(const words&);
  void model(const words&);
  void begin(const words&);
  void sessions(const words&);
  void regenerate(const words&);
  void stop(const words&);
  void attempts(const words&);
  void write(const words&);
  void quit(const words&);

  conversation& talk_;
  prompt prompt_;
  bool colours_;
  bool leaving_ = false;
  /// As `/sessions` has numbered them.
  std::vector<session_entry> numbered_;
};

/// One a line: what `/models` and `/sessions` show.
std::string listing_of(const std::vector<model_entry>& models);
std::string listing_of(const std::vector<session_entry>& sessions);

} // namespace parley::commands::chat
