#pragma once
// One answer's text as it comes, held against what the fast upstream must have sent (`stamped_text.hpp`).

#include "bench/stamped_text.hpp"

namespace parley::bench {

class answer_text {
public:
  /// Takes an event's text; says what is wrong with it, or nothing. `each(sent)` is called for every chunk, with the time at
  /// which the upstream sent it.
  template <class F>
  const char* take(std::string_view text, F&& each) {
    while (text.size() >= chunk_chars && text[0] == '~') {
      if (read_hex(text.data() + 1 + stamp_digits, number_digits) != number_++)
        return "a chunk is missing or doubled";
      hash_ = hash_more(hash_, text.substr(0, chunk_chars));
      each(read_hex(text.data() + 1, stamp_digits));
      text.remove_prefix(chunk_chars);
    }
    if (text.empty())
      return nullptr;
    if (text.size() != last_chars || text[0] != '#' || whole_)
      return "text that the upstream never sent";
    whole_ = read_hex(text.data() + 1, stamp_digits) == hash_;
    return whole_ ? nullptr : "an answer's hash is wrong";
  }

  /// All of it came, and its hash is right.
  bool whole() const { return whole_; }

  std::uint64_t chunks() const { return number_; }

  /// Of the chunks so far.
  std::uint64_t hash() const { return hash_; }

private:
  std::uint64_t hash_ = hash_seed;
  std::uint64_t number_ = 0;
  bool whole_ = false;
};

} // namespace parley::bench
