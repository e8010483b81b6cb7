#include "commands/chat/prompt.hpp"

#include "config/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <histedit.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace parley::commands::chat {

namespace {

constexpr int history_lines = 1000;

// Terminals put these around what is pasted, if they are asked to (xterm's "bracketed paste mode").
constexpr std::string_view paste_begins = "\x1b[200~";
constexpr std::string_view paste_ends = "\x1b[201~";
constexpr std::string_view ask_for_paste = "\x1b[?2004h";
constexpr std::string_view ask_no_more = "\x1b[?2004l";

/// The rest of a sequence comes at once, or it was the Escape key.
constexpr int sequence_patience_ms = 30;

/// libedit's "the next key is a letter, whatever it means".
constexpr wchar_t quote = 0x16;

void say(std::string_view text) {
  [[maybe_unused]] auto written = ::write(STDOUT_FILENO, text.data(), text.size());
}

char first_prompt[] = "\1\x1b[1m\1›\1\x1b[0m\1 ";
char next_prompt[] = "\1\x1b[2m\1…\1\x1b[0m\1 ";
char first_prompt_plain[] = "› ";
char next_prompt_plain[] = "… ";

} // namespace

struct prompt::editor {
  editor(interrupts& on, std::filesystem::path file, bool with_colours)
    : keys(on), history_path(std::move(file)), colours(with_colours), line(el_init("parley", stdin, stdout, stderr)),
      lines(history_init()) {
    HistEvent event;
    history(lines, &event, H_SETSIZE, history_lines);
    history(lines, &event, H_SETUNIQUE, 1);
    if (!history_path.empty())
      history(lines, &event, H_LOAD, history_path.c_str());
    if (!line)
      return;
    el_set(line, EL_CLIENTDATA, this);
    el_set(line, EL_EDITOR, "emacs");
    el_set(line, EL_SIGNAL, 0);
    el_set(line, EL_HIST, history, lines);
    el_set(line, EL_PROMPT_ESC, &editor::prompt_text, '\1');
    el_set(line, EL_GETCFN, &editor::read_key);
    // Where fingers look for it.
    el_set(line, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  }

  ~editor() {
    if (line)
      el_end(line);
    history_end(lines);
  }

  editor(const editor&) = delete;
  editor& operator=(const editor&) = delete;

  static editor& of(EditLine* line) {
    void* self = nullptr;
    el_get(line, EL_CLIENTDATA, &self);
    return *static_cast<editor*>(self);
  }

  static char* prompt_text(EditLine* line) {
    auto& self = of(line);
    if (self.colours)
      return self.goes_on ? next_prompt : first_prompt;
    return self.goes_on ? next_prompt_plain : first_prompt_plain;
  }

  static int read_key(EditLine* line, wchar_t* key) { return of(line).next_key(*key); }

  /// 1 with a key, 0 at the end of input, -1 when interrupted.
  int next_key(wchar_t& key) {
    if (quoted) {
      key = std::exchange(quoted, L'\0');
      return 1;
    }
    while (true) {
      if (drop_marks()) {
        // Part of a mark has come: the rest is on its way.
        if (!wait_for_input(sequence_patience_ms))
          return take_character(key);
      } else if (has_character()) {
        return take_character(key);
      } else if (!wait_for_input(-1)) {
        return -1;
      }
      char bytes[4096];
      auto count = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
        return 0;
      if (count > 0)
        input.append(bytes, static_cast<std::size_t>(count));
    }
  }

  /// Takes the marks of pasting from the front. True if what is there may yet become one.
  bool drop_marks() {
    while (true) {
      auto mark = pasting ? paste_ends : paste_begins;
      if (!input.starts_with(mark))
        return input.size() > 1 && input.size() < mark.size() && mark.starts_with(input);
      input.erase(0, mark.size());
      pasting = !pasting;
    }
  }

  bool has_character() const {
    std::mbstate_t state{};
    wchar_t key = 0;
    return !input.empty() && std::mbrtowc(&key, input.data(), input.size(), &state) != static_cast<std::size_t>(-2);
  }

  int take_character(wchar_t& key) {
    std::mbstate_t state{};
    auto size = std::mbrtowc(&key, input.data(), input.size(), &state);
    if (size == 0 || size > input.size()) { // NUL, or no character: as the letter that says so
      key = input.front() == '\0' ? L'\0' : L'\xfffd';
      size = 1;
    }
    input.erase(0, size);
    if (!pasting || (key >= L' ' && key != 0x7f))
      return 1;
    // Of what is pasted, nothing is a command: a line's end doesn't send it.
    quoted = key == L'\r' ? L'\n' : key;
    key = quote;
    return 1;
  }

  /// False if interrupted, or after so many milliseconds (-1: never). Signals come in here and nowhere else, so that none is
  /// missed.
  bool wait_for_input(int milliseconds) {
    sigset_t mine;
    sigset_t before;
    sigemptyset(&mine);
    for (auto each : {SIGINT, SIGTERM, SIGHUP, SIGWINCH})
      sigaddset(&mine, each);
    pthread_sigmask(SIG_BLOCK, &mine, &before);
    timespec time{milliseconds / 1000, (milliseconds % 1000) * 1'000'000L};
    while (true) {
      keys.poll();
      if (interrupted || keys.must_end())
        break;
      if (std::exchange(resized, false) && line)
        el_resize(line);
      pollfd input_there{STDIN_FILENO, POLLIN, 0};
      auto ready = ::ppoll(&input_there, 1, milliseconds < 0 ? nullptr : &time, &before);
      if (ready < 0 && errno == EINTR)
        continue;
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      return ready > 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return false;
  }

  void remember(const std::string& text) {
    HistEvent event;
    history(lines, &event, H_ENTER, text.c_str());
    if (history_path.empty())
      return;
    auto before = ::umask(077);
    history(lines, &event, H_SAVE, history_path.c_str());
    ::umask(before);
  }

  interrupts& keys;
  std::filesystem::path history_path;
  bool colours;
  /// Null if the terminal isn't one that libedit knows.
  EditLine* line;
  History* lines;
  /// Read, and not yet taken: keys typed while an answer came wait here, too.
  std::string input;
  bool pasting = false;
  /// The key that follows a `quote`.
  wchar_t quoted = L'\0';
  bool goes_on = false;
  bool interrupted = false;
  bool resized = false;
};

prompt::prompt(interrupts& keys, std::filesystem::path history, bool colours)
  : editor_(std::make_unique<editor>(keys, std::move(history), colours)) {}

prompt::~prompt() = default;

written_line prompt::read() {
  auto& self = *editor_;
  if (!self.line)
    return {};
  self.interrupted = false;
  self.goes_on = false;
  self.keys.on_interrupt([&self] { self.interrupted = true; });
  self.keys.on_resize([&self] { self.resized = true; });
  el_resize(self.line);
  say(ask_for_paste);
  std::string text;
  auto ended = false;
  while (true) {
    auto count = 0;
    auto typed = el_gets(self.line, &count);
    ended = !typed || count <= 0;
    if (ended)
      break;
    text.append(typed, static_cast<std::size_t>(count));
    if (text.ends_with('\n'))
      text.pop_back();
    self.goes_on = text.ends_with('\\');
    if (!self.goes_on)
      break;
    text.back() = '\n';
  }
  say(ask_no_more);
  self.keys.on_interrupt({});
  self.keys.on_resize({});
  if (ended) {
    say("\n");
    return {self.interrupted && !self.keys.must_end() ? written_line::how::interrupted : written_line::how::ended, {}};
  }
  if (text.find_first_not_of(" \t\n") != std::string::npos)
    self.remember(text);
  return {written_line::how::sent, std::move(text)};
}

std::filesystem::path history_file() {
  auto state = std::getenv("XDG_STATE_HOME");
  auto home = std::getenv("HOME");
  std::filesystem::path folder;
  if (state && *state)
    folder = state;
  else if (home && *home)
    folder = std::filesystem::path{home} / ".local" / "state";
  else
    return {};
  folder /= "parley";
  if (!config::make_private_directory(folder.string()))
    return {};
  return folder / "chat_history";
}

} // namespace parley::commands::chat
