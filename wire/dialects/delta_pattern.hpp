#pragma once
// A way past the JSON parser: a stream's deltas are the same but for the text they bring. Once one of them has been read whole,
// the next is read by comparing what stands before and after its text.

#include "core/answer_event.hpp"

#include <cstdint>
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
  /// What is learned, in the order of an event. All in one piece of memory, because each event is compared with all of it.
  struct parts {
    std::string_view event_name;
    /// Up to the text, with its opening quote. Empty: nothing is learned.
    std::string_view before;
    /// From the text's closing quote on, up to the padding with its opening quote, or to the end.
    std::string_view after;
    /// From the padding's closing quote on to the end. Empty: there is no padding.
    std::string_view last;
  };

  parts learned() const;
  void remember(const parts& what);

  std::uint32_t name_size_ = 0;
  std::uint32_t before_size_ = 0;
  std::uint32_t after_size_ = 0;
  event_kind kind_ = event_kind::text;
  /// How often in a row a pattern was learned that fit no event.
  std::uint8_t in_vain_ = 0;
  /// The parts one after the other.
  std::string bytes_;
  std::string_view padding_;
};

} // namespace parley::wire
