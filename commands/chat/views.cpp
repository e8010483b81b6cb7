#include "commands/chat/views.hpp"

#include <utility> // before Asio, whose awaitable.hpp forgets it

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <fmt/format.h>

namespace parley::commands::chat {

namespace {

/// Often enough to look like growing, seldom enough to cost nothing.
constexpr std::chrono::milliseconds frame{40};

std::vector<std::string> names_of(const std::vector<seat>& seats) {
  std::vector<std::string> result;
  for (auto& each : seats)
    result.push_back(seats.size() > 1 ? fmt::format("{}  {}", each.letter, each.name) : each.name);
  return result;
}

} // namespace

std::string summary_of(const answer_end& how) {
  std::vector<std::string> parts;
  if (how.reason == "cancelled")
    parts.emplace_back("stopped");
  else if (how.failed())
    parts.push_back(how.error.empty() ? how.reason : fmt::format("{} ({})", how.error, how.code));
  else if (how.reason != "stop")
    parts.push_back("ended by " + how.reason);
  if (how.first_token)
    parts.push_back(fmt::format("{:.2f} s to the first token", static_cast<double>(how.first_token->count()) / 1000));
  if (how.tokens && how.total && *how.total > *how.first_token)
    parts.push_back(
      fmt::format("{:.0f} tokens/s", *how.tokens * 1000.0 / static_cast<double>((*how.total - *how.first_token).count())));
  if (how.tokens)
    parts.push_back(fmt::format("{} tokens", *how.tokens));
  return fmt::format("{}", fmt::join(parts, " · "));
}

/// Waits for the next frame. It outlives the view as long as the loop holds its timer.
struct screen_view::drawing {
  explicit drawing(boost::asio::io_context& loop) : timer(loop) {}

  boost::asio::steady_timer timer;
  bool waiting = false;
  screen_view* of = nullptr;
};

screen_view::screen_view(boost::asio::io_context& loop, const std::vector<seat>& seats, bool colours)
  : seats_(seats), columns_(names_of(seats)), screen_(colours), drawing_(std::make_shared<drawing>(loop)) {
  drawing_->of = this;
}

screen_view::~screen_view() {
  drawing_->of = nullptr;
  drawing_->timer.cancel();
}

column* screen_view::column_of(char letter) {
  for (std::size_t i = 0; i < seats_.size(); ++i)
    if (seats_[i].letter == letter)
      return &columns_[i];
  return nullptr;
}

void screen_view::text(char letter, std::string_view piece) {
  if (auto to = column_of(letter))
    to->add_text(piece);
  notice_.clear();
  changed();
}

void screen_view::reasoning(char letter, std::string_view piece) {
  if (auto to = column_of(letter))
    to->add_reasoning(piece);
  notice_.clear();
  changed();
}

void screen_view::tool_call(char letter, std::string_view name, std::string_view arguments) {
  if (auto to = column_of(letter))
    to->add_note(fmt::format("→ {}({})", name, arguments), tone::code);
  changed();
}

void screen_view::restart(char letter) {
  if (auto to = column_of(letter))
    to->restart();
  changed();
}

void screen_view::end(char letter, const answer_end& how) {
  if (auto to = column_of(letter)) {
    if (auto summary = summary_of(how); !summary.empty())
      to->add_note(summary, how.failed() ? tone::trouble : tone::dim);
    to->finish();
  }
  changed();
}

void screen_view::notice(std::string_view what) {
  notice_ = what;
  draw();
}

void screen_view::changed() {
  if (std::exchange(drawing_->waiting, true))
    return;
  drawing_->timer.expires_after(frame);
  drawing_->timer.async_wait([drawing = drawing_](boost::system::error_code error) {
    drawing->waiting = false;
    if (!error && drawing->of)
      drawing->of->draw();
  });
}

void screen_view::draw() {
  auto size = size_of_terminal();
  auto settled = columns_.take_settled(size.width);
  // One row stays free for what has settled, one is the notice's.
  auto live = columns_.live(size.width, size.height > 3 ? size.height - 2 : 1);
  if (!notice_.empty()) {
    columns line{{std::string{}}};
    line[0].add_note(notice_, tone::strong);
    auto rows = line.live(size.width, 1);
    live.insert(live.end(), rows.begin(), rows.end());
  }
  screen_.draw(settled, live);
}

void screen_view::close() {
  notice_.clear();
  for (std::size_t i = 0; i < columns_.size(); ++i)
    columns_[i].finish();
  draw();
}

plain_view::plain_view(const std::vector<seat>& seats) : labelled_(seats.size() > 1) {
  for (auto& each : seats) {
    order_.push_back(each.letter);
    answers_[each.letter].name = each.name;
  }
}

plain_view::answer* plain_view::answer_of(char letter) {
  auto at = answers_.find(letter);
  return at == answers_.end() ? nullptr : &at->second;
}

void plain_view::text(char letter, std::string_view piece) {
  if (auto to = answer_of(letter)) {
    to->waiting += harmless_text(piece);
    write_on();
  }
}

void plain_view::tool_call(char letter, std::string_view name, std::string_view arguments) {
  text(letter, fmt::format("\n→ {}({})\n", name, arguments));
}

void plain_view::restart(char letter) {
  auto to = answer_of(letter);
  if (!to)
    return;
  to->waiting.clear();
  if (to->last != 0) {
    notice("The answer begins again.");
    to->waiting = to->last == '\n' ? "\n" : "\n\n";
  }
}

void plain_view::end(char letter, const answer_end& how) {
  auto to = answer_of(letter);
  if (!to)
    return;
  to->ended = true;
  to->well = how.reason == "stop" || how.reason == "length" || how.reason == "tool-calls";
  write_on();
  if (!to->well)
    notice(to->name + ": " + summary_of(how));
}

void plain_view::notice(std::string_view what) {
  fmt::print(stderr, "{}\n", harmless_text(what));
}

bool plain_view::all_well() const {
  return std::all_of(answers_.begin(), answers_.end(), [](auto& each) { return each.second.well; });
}

/// The first answer that hasn't ended is written as it comes, all behind it wait.
void plain_view::write_on() {
  for (; now_ < order_.size(); ++now_) {
    auto& one = answers_[order_[now_]];
    if (auto text = std::exchange(one.waiting, {}); !text.empty()) {
      if (one.last == 0 && labelled_)
        write_out(fmt::format("{}{}:\n", now_ > 0 ? "\n" : "", one.name));
      write_out(text);
      one.last = text.back();
    }
    if (!one.ended)
      return;
    if (one.last != 0 && one.last != '\n')
      write_out("\n");
  }
}

} // namespace parley::commands::chat
