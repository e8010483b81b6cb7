#pragma once
// Ctrl-C and the terminal's new size as events of the loop, and as what cuts a blocking read short.

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace parley::commands::chat {

/// While it lives, SIGINT doesn't end the process. SIGTERM and SIGHUP count as an interrupt to leave by.
class interrupts {
public:
  explicit interrupts(boost::asio::io_context& loop);
  ~interrupts();

  /// Replaces the one before; null for none. `leave`: end the program.
  void on_interrupt(std::function<void()> call);
  void on_resize(std::function<void()> call);

  /// By SIGTERM or SIGHUP: the program is to end.
  bool must_end() const;
  /// What has come while nobody ran the loop.
  void poll();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace parley::commands::chat
