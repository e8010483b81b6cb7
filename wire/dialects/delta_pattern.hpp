#pragma once
// A way past the JSON parser: a stream's deltas are the same but for the text they bring. Once one of them has been read whole,
// the next is read by comparing what stands before and after its text.

#include "core/answer_event.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace parley::wire {

class delta_pattern {
public:
  /// `padding` is a key that the format's reader ignores wherever it stands, and whose value providers fill with noise against
  /// listeners who measure packets; none if empty. Spaces before the last brace are such noise in any format.
  explicit delta_pattern(std::string_view padding) : padding_(padding) {}

  /// An event was read whole, and all it said is `text`: one string, whatever is in it. Not every event can be learned.
  void learn(std::string_view event_name, std::string_view data, event_kind kind, std::string_view text);

  /// The text of an event that is like the learned one but for the text, clean and not empty; nothing for any other event, which
  /// may well be a delta, too. Lies in `data`.
  std::optional<std::string_view> text_of(std::string_view event_name, std::string_view data);

  /// What such a text is.
  event_kind kind() const { return kind_; }

private:
  std::string_view padding_;
  event_kind kind_ = event_kind::text;
  std::string event_name_;
  /// Up to the text, with its opening quote. Empty: nothing is learned.
  std::string before_;
  /// From the text's closing quote on, up to the padding with its opening quote, or to the end.
  std::string after_;
  /// From the padding's closing quote on to the end. Empty: there is no padding.
  std::string last_;
  /// How often in a row a pattern was learned that fit no event.
  int in_vain_ = 0;
};

} // namespace parley::wire
