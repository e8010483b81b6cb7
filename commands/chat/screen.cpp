#include "commands/chat/screen.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace parley::commands::chat {

bool is_interactive() {
  auto terminal = std::getenv("TERM");
  return ::isatty(STDIN_FILENO) && ::isatty(STDOUT_FILENO) && terminal && *terminal && std::string_view{terminal} != "dumb";
}

bool wants_colours() {
  auto refused = std::getenv("NO_COLOR");
  return is_interactive() && !(refused && *refused);
}

screen_size size_of_terminal() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return {};
  return {size.ws_col, size.ws_row};
}

void write_out(std::string_view text) {
  while (!text.empty()) {
    auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

struct quiet_keys::settings {
  termios before{};
};

quiet_keys::quiet_keys() {
  auto now = std::make_unique<settings>();
  if (::tcgetattr(STDIN_FILENO, &now->before) != 0)
    return;
  auto quiet = now->before;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  quiet.c_cc[VSUSP] = _POSIX_VDISABLE; // a stopped program could not give the cursor back
  ::tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  saved_ = std::move(now);
  write_out("\x1b[?25l");
}

quiet_keys::~quiet_keys() {
  if (!saved_)
    return;
  write_out("\x1b[?25h");
  ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_->before);
}

void screen::draw(const std::vector<row>& settled, const std::vector<row>& live) {
  std::string out;
  if (!standing_.empty()) {
    auto width = std::max<std::size_t>(size_of_terminal().width, 1);
    std::size_t rows = 0;
    for (auto each : standing_)
      rows += std::max<std::size_t>((each + width - 1) / width, 1);
    out += '\r';
    if (rows > 1)
      out += fmt::format("\x1b[{}A", rows - 1);
    out += "\x1b[J";
  }
  for (auto& each : settled)
    out += to_terminal(each, colours_) + "\n";
  standing_.clear();
  for (auto& each : live) {
    if (!standing_.empty())
      out += '\n';
    out += to_terminal(each, colours_);
    standing_.push_back(width_of(each));
  }
  write_out(out);
}

} // namespace parley::commands::chat
