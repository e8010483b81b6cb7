#include "commands/chat/interrupts.hpp"

#include <utility> // before Asio, whose awaitable.hpp forgets it

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace parley::commands::chat {

struct interrupts::state {
  explicit state(boost::asio::io_context& on) : loop(on), signals(on, SIGINT, SIGTERM, SIGHUP) { signals.add(SIGWINCH); }

  void wait() {
    signals.async_wait([this](boost::system::error_code error, int signal) {
      if (error)
        return;
      wait();
      if (signal == SIGTERM || signal == SIGHUP)
        must_end = true;
      if (auto call = signal == SIGWINCH ? on_resize : on_interrupt)
        call();
    });
  }

  boost::asio::io_context& loop;
  boost::asio::signal_set signals;
  std::function<void()> on_interrupt;
  std::function<void()> on_resize;
  bool must_end = false;
};

interrupts::interrupts(boost::asio::io_context& loop) : state_(std::make_unique<state>(loop)) {
  std::signal(SIGPIPE, SIG_IGN);
  state_->wait();
}

interrupts::~interrupts() {
  // Its handler points at the state: let it be told that the waiting is over.
  state_->signals.cancel();
  poll();
}

void interrupts::on_interrupt(std::function<void()> call) {
  state_->on_interrupt = std::move(call);
}

void interrupts::on_resize(std::function<void()> call) {
  state_->on_resize = std::move(call);
}

bool interrupts::must_end() const {
  return state_->must_end;
}

void interrupts::poll() {
  state_->loop.restart();
  state_->loop.poll();
}

} // namespace parley::commands::chat
