#pragma once
// Reads one run of answers from the server to its end: what comes is told to a view, a connection that breaks is made anew
// and goes on at its cursor, a first interrupt stops the answers, a second one leaves them. On the thread of the loop, which
// `read` runs.

#include "commands/chat/http_client.hpp"
#include "commands/chat/interrupts.hpp"
#include "wire/http/sse.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace parley::commands::chat {

/// How an answer ended.
struct answer_end {
  /// `stop`, `length`, `cancelled`, `interrupted`, `error`, …
  std::string reason;
  /// A sentence, if it failed.
  std::string error;
  std::string code;
  std::optional<int> tokens;
  /// As it was seen here, from sending the question on; nothing for an answer that was told again after a break.
  std::optional<std::chrono::milliseconds> first_token;
  std::optional<std::chrono::milliseconds> total;

  bool failed() const { return reason == "error" || reason == "interrupted"; }
};

/// Where the answers are shown. `letter` is the participant's.
class run_view {
public:
  virtual ~run_view() = default;
  virtual void text(char letter, std::string_view piece) = 0;
  virtual void reasoning(char letter, std::string_view piece) = 0;
  virtual void tool_call(char letter, std::string_view name, std::string_view arguments) = 0;
  /// What came so far for this one is void.
  virtual void restart(char letter) = 0;
  virtual void end(char letter, const answer_end& how) = 0;
  /// Of the connection, for people.
  virtual void notice(std::string_view what) = 0;
};

struct run_question {
  /// What begins the run, or attaches to one.
  http_request request;
  /// May the request be sent again when it isn't known whether it was taken? The server knows a message's id again.
  bool repeatable = false;
  /// The message by which the run is attached to and stopped. Empty for a new attempt: then it is the one that begins.
  std::string message;
};

enum class run_outcome : std::uint8_t {
  /// All answers have ended, in whatever way.
  ended,
  /// By a second interrupt; the answers go on without us.
  left,
};

class run_reader {
public:
  run_reader(boost::asio::io_context& loop, const http_client& client, interrupts& keys, run_view& view);

  /// A failure: refused, or out of reach for all tries.
  expected<run_outcome> read(run_question question);

private:
  struct answer_clock {
    std::optional<std::chrono::steady_clock::time_point> first;
    bool replayed = false;
  };

  expected<void> read_once(const http_request& what);
  bool take_event(std::string_view data);
  void ask_to_stop();
  http_request going_on() const;
  answer_end end_of(char letter, std::string reason);

  boost::asio::io_context& loop_;
  const http_client& client_;
  interrupts& keys_;
  run_view& view_;

  run_question question_;
  std::chrono::steady_clock::time_point begun_;
  std::map<char, answer_clock> clocks_;
  /// Where the stream goes on after a break.
  std::string cursor_;
  /// The server took the question: it is attached to from now on.
  bool accepted_ = false;
  bool done_ = false;
  bool left_ = false;
  /// Something came since the last break, so that the tries are counted anew.
  bool progress_ = false;
  std::unique_ptr<http_exchange> stopping_;
};

} // namespace parley::commands::chat
