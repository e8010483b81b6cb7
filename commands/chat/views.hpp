#pragma once
// Where answers are shown: on a terminal, or as plain text for a file or a pipe.

#include "commands/chat/api.hpp"
#include "commands/chat/run_reader.hpp"
#include "commands/chat/screen.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace parley::commands::chat {

/// For people: `0.42 s to the first token · 87 tokens/s · 250 tokens`, or why it failed.
std::string summary_of(const answer_end& how);

/// Columns that grow while answers come.
class screen_view final : public run_view {
public:
  screen_view(boost::asio::io_context& loop, const std::vector<seat>& seats, bool colours);
  ~screen_view() override;

  void text(char letter, std::string_view piece) override;
  void reasoning(char letter, std::string_view piece) override;
  void tool_call(char letter, std::string_view name, std::string_view arguments) override;
  void restart(char letter) override;
  void end(char letter, const answer_end& how) override;
  void notice(std::string_view what) override;

  /// Draws what was added since.
  void draw();
  /// Draws all of it for good, also of answers that haven't ended.
  void close();

private:
  struct drawing;

  column* column_of(char letter);
  void changed();

  std::vector<seat> seats_;
  columns columns_;
  screen screen_;
  /// Below all, until the next piece comes.
  std::string notice_;
  std::shared_ptr<drawing> drawing_;
};

/// One answer after the other, labelled if there are several; what isn't an answer goes to standard error.
class plain_view final : public run_view {
public:
  explicit plain_view(const std::vector<seat>& seats);

  void text(char letter, std::string_view piece) override;
  void reasoning(char, std::string_view) override {}
  void tool_call(char letter, std::string_view name, std::string_view arguments) override;
  void restart(char letter) override;
  void end(char letter, const answer_end& how) override;
  void notice(std::string_view what) override;

  /// Every answer ended well.
  bool all_well() const;

private:
  struct answer {
    std::string name;
    /// What isn't written yet: another one is being written.
    std::string waiting;
    /// The last character that was written; 0 if none was.
    char last = 0;
    bool ended = false;
    bool well = false;
  };

  answer* answer_of(char letter);
  void write_on();

  std::vector<char> order_;
  std::map<char, answer> answers_;
  /// Which one is being written.
  std::size_t now_ = 0;
  bool labelled_ = false;
};

} // namespace parley::commands::chat
