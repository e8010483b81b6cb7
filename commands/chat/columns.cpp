#include "commands/chat/columns.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace parley::commands::chat {

namespace {

/// Narrower columns are hard to read: then the answers stand one after the other.
constexpr std::size_t narrowest_column = 36;

constexpr std::string_view separator = " │ ";
constexpr std::size_t separator_width = 3;

constexpr char32_t joiner = 0x200d;
constexpr std::size_t tab_width = 4;

/// `before` of a line and `next`: may it be broken between them, though there is no blank?
bool breaks_between(const letter& before, const letter& next) {
  return next.width > 0 && before.code != joiner && (before.width == 2 || next.width == 2);
}

std::size_t width_of(const letters& cell) {
  std::size_t width = 0;
  for (auto& each : cell)
    width += each.width;
  return width;
}

letters styled(std::string_view text, tone look) {
  letters result;
  for (auto code : harmless(text))
    result.push_back({code, static_cast<std::uint8_t>(chat::width_of(code)), look});
  return result;
}

std::size_t column_width(std::size_t screen_width, std::size_t count) {
  // The last column stays free: a terminal that has written there would be at the next line's beginning, or not yet.
  auto usable = std::max<std::size_t>(screen_width, 2) - 1;
  auto separators = separator_width * (count - 1);
  return usable > separators ? std::max<std::size_t>((usable - separators) / count, 1) : 1;
}

std::string_view sequence_of(tone look) {
  switch (look) {
  case tone::plain:
    return "\x1b[0m";
  case tone::dim:
    return "\x1b[0;2m";
  case tone::strong:
    return "\x1b[0;1m";
  case tone::code:
    return "\x1b[0;36m";
  case tone::trouble:
    return "\x1b[0;31m";
  }
  return {};
}

void append_cell(std::string& out, const letters& cell, bool colours) {
  auto look = tone::plain;
  for (auto& each : cell) {
    if (colours && each.look != look)
      out += sequence_of(look = each.look);
    append_utf8(out, each.code);
  }
  if (look != tone::plain)
    out += sequence_of(tone::plain);
}

std::string written(const row& what, bool colours, bool on_terminal) {
  std::string out;
  for (std::size_t i = 0; i < what.cells.size(); ++i) {
    auto& cell = what.cells[i];
    if (i > 0)
      out += separator;
    append_cell(out, cell, colours);
    if (i + 1 == what.cells.size())
      break;
    out.append(what.column_width - std::min(what.column_width, width_of(cell)), ' ');
    // Terminals differ in how wide they find some emoji: the next column begins where it should all the same.
    if (on_terminal)
      out += fmt::format("\x1b[{}G", (i + 1) * what.column_width + i * separator_width + 1);
  }
  while (!out.empty() && out.back() == ' ')
    out.pop_back();
  return out;
}

} // namespace

text_line next_line(const letters& text, std::size_t from, std::size_t width) {
  std::size_t used = 0;
  auto has_word = false;
  // Where the line can end if the next word doesn't fit.
  text_line at_break{from, from, from};
  for (auto i = from; i < text.size(); ++i) {
    auto& each = text[i];
    if (each.code == '\n')
      return {from, i, i + 1};
    if (each.code == ' ' && has_word) {
      auto behind =
        std::find_if(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), [](auto& x) { return x.code != ' '; });
      at_break = {from, text[i - 1].code == ' ' ? at_break.end : i, static_cast<std::size_t>(behind - text.begin())};
    } else if (i > from && has_word && breaks_between(text[i - 1], each)) {
      at_break = {from, i, i};
    }
    if (used + each.width > width && i > from) {
      if (each.code == ' ' || at_break.next > from)
        return at_break.next > from ? at_break : text_line{from, i, i + 1};
      return {from, i, i};
    }
    used += each.width;
    has_word |= each.code != ' ';
  }
  return {from, text.size(), text.size()};
}

void column::add_text(std::string_view text) {
  if (text.empty())
    return;
  begin(part::text);
  for (auto code : harmless(text))
    put({&code, 1}, look_of(code));
}

void column::add_reasoning(std::string_view text) {
  if (text.empty())
    return;
  begin(part::reasoning);
  put(harmless(text), tone::dim);
}

void column::add_note(std::string_view text, tone look) {
  begin(part::note);
  put(harmless(text), look);
}

void column::restart() {
  text_.erase(text_.begin() + static_cast<std::ptrdiff_t>(next_), text_.end());
  part_ = part::nothing;
  line_start_.clear();
  in_code_ = false;
  finished_ = false;
  if (!text_.empty())
    add_note("— it begins again —", tone::dim);
}

/// Reasoning and text are told apart by an empty line; notes have lines of their own.
void column::begin(part next) {
  if (part_ == next && next != part::note)
    return;
  if (text_.size() > next_ && text_.back().code != '\n')
    put(U"\n", tone::plain);
  if (part_ != part::nothing && part_ != part::note && next != part::note)
    put(U"\n", tone::plain);
  part_ = next;
  line_start_.clear();
}

void column::put(std::u32string_view text, tone look) {
  for (auto code : text) {
    if (code == '\t')
      text_.insert(text_.end(), tab_width, {' ', 1, look});
    else
      text_.push_back({code, static_cast<std::uint8_t>(code == '\n' ? 0 : chat::width_of(code)), look});
  }
}

/// Markdown stays as it was written; headings and code are told apart by their look.
tone column::look_of(char32_t code) {
  if (code == '\n') {
    line_start_.clear();
    return tone::plain;
  }
  if (line_start_.size() < 3) {
    line_start_ += code;
    if (line_start_ == U"```") {
      in_code_ = !in_code_;
      return tone::code;
    }
  }
  return in_code_ ? tone::code : line_start_.front() == '#' ? tone::strong : tone::plain;
}

std::vector<text_line> column::lines(std::size_t width) const {
  std::vector<text_line> result;
  for (auto from = next_; from < text_.size(); from = result.back().next)
    result.push_back(next_line(text_, from, width));
  return result;
}

letters column::cell(const text_line& line) const {
  return {text_.begin() + static_cast<std::ptrdiff_t>(line.begin), text_.begin() + static_cast<std::ptrdiff_t>(line.end)};
}

void column::hand_out(const text_line& line) {
  next_ = line.next;
}

columns::columns(std::vector<std::string> names) {
  for (auto& each : names)
    all_.emplace_back(std::move(each));
}

std::vector<std::size_t> columns::shown(std::size_t screen_width) const {
  std::vector<std::size_t> seats;
  for (std::size_t i = 0; i < all_.size(); ++i)
    seats.push_back(i);
  if (seats.size() > 1 && column_width(screen_width, seats.size()) < narrowest_column) {
    auto first = std::find_if(seats.begin(), seats.end(), [this](auto i) { return !all_[i].exhausted(); });
    seats = {first == seats.end() ? seats.back() : *first};
  }
  return seats;
}

std::vector<row> columns::take_settled(std::size_t screen_width) {
  std::vector<row> result;
  while (true) {
    auto seats = shown(screen_width);
    auto width = column_width(screen_width, seats.size());
    if (seats != headed_) {
      if (!headed_.empty())
        result.push_back({{letters{}}, width});
      row names{{}, width};
      for (auto seat : seats)
        names.cells.push_back(styled(all_[seat].name(), tone::strong));
      for (auto& cell : names.cells)
        cell.resize(next_line(cell, 0, width).end);
      result.push_back(std::move(names));
      headed_ = seats;
    }
    std::vector<std::vector<text_line>> lines;
    // A line may still grow as long as no other follows it; an answer that has ended holds nobody up.
    std::size_t longest = 0;
    auto settled = SIZE_MAX;
    for (auto seat : seats) {
      lines.push_back(all_[seat].lines(width));
      longest = std::max(longest, lines.back().size());
      if (!all_[seat].finished())
        settled = std::min(settled, lines.back().empty() ? 0 : lines.back().size() - 1);
    }
    settled = std::min(settled, longest);
    for (std::size_t i = 0; i < settled; ++i) {
      row next{{}, width};
      for (std::size_t k = 0; k < seats.size(); ++k)
        next.cells.push_back(i < lines[k].size() ? all_[seats[k]].cell(lines[k][i]) : letters{});
      result.push_back(std::move(next));
    }
    for (std::size_t k = 0; k < seats.size(); ++k)
      if (auto taken = std::min(settled, lines[k].size()); taken > 0)
        all_[seats[k]].hand_out(lines[k][taken - 1]);
    if (shown(screen_width) == seats)
      return result;
  }
}

std::vector<row> columns::live(std::size_t screen_width, std::size_t height) const {
  auto seats = shown(screen_width);
  auto width = column_width(screen_width, seats.size());
  std::vector<row> result;
  if (std::all_of(all_.begin(), all_.end(), [](auto& each) { return each.exhausted(); }))
    return result;
  auto others = std::count_if(all_.begin(), all_.end(), [](auto& each) { return !each.exhausted(); }) > 1 && seats.size() == 1;
  auto room = std::max<std::size_t>(height, others ? 2 : 1) - (others ? 1 : 0);
  std::vector<std::vector<letters>> cells;
  std::size_t longest = 0;
  for (auto seat : seats) {
    auto lines = all_[seat].lines(width);
    std::vector<letters> newest;
    for (auto i = lines.size() > room ? lines.size() - room : 0; i < lines.size(); ++i)
      newest.push_back(all_[seat].cell(lines[i]));
    if (lines.empty() && !all_[seat].finished() && all_[seat].size() == 0)
      newest.push_back(styled("…", tone::dim));
    longest = std::max(longest, newest.size());
    cells.push_back(std::move(newest));
  }
  for (std::size_t i = 0; i < longest; ++i) {
    row next{{}, width};
    for (auto& cell : cells)
      next.cells.push_back(i < cell.size() ? cell[i] : letters{});
    result.push_back(std::move(next));
  }
  if (others)
    for (auto& each : all_)
      if (&each != &all_[seats.front()] && !each.exhausted()) {
        auto text = styled(fmt::format("{}: {} characters so far", each.name(), each.size()), tone::dim);
        text.resize(next_line(text, 0, width).end);
        result.push_back({{std::move(text)}, width});
        break;
      }
  return result;
}

std::string to_text(const row& what) {
  return written(what, false, false);
}

std::string to_terminal(const row& what, bool colours) {
  return written(what, colours, true);
}

std::size_t width_of(const row& what) {
  auto before_last = (what.cells.size() - 1) * (what.column_width + separator_width);
  return before_last + width_of(what.cells.back());
}

} // namespace parley::commands::chat
