#pragma once
// What a client understands of a run in each stream format: one parser for each encoder of the table, strict about the format.

#include "wire/streams/stream_encoders.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace parley::test {

struct told_call {
  std::string id;
  std::string name;
  /// As they came in pieces.
  std::string arguments;
  int times_whole = 0;

  friend bool operator==(const told_call&, const told_call&) = default;
};

struct told_answer {
  std::string text;
  std::string reasoning;
  std::vector<told_call> calls;
  int finishes = 0;
  bool failed = false;

  friend bool operator==(const told_answer&, const told_answer&) = default;
};

struct told_run {
  std::map<participant, told_answer> answers;
  int begins = 0;
  int heartbeats = 0;
  int ends = 0;
  /// Stored messages.
  int completed = 0;
};

struct format_parser {
  /// The encoder's.
  std::string_view name;
  /// Throws for what no client of the format could read.
  told_run (*parse)(std::string_view bytes);
  bool begins = false;
  bool beats = true;
  bool shows_reasoning = true;
  bool shows_calls = true;
  bool shows_whole_calls = true;
  bool shows_restarts = true;
};

/// In the order of `wire::stream_encoders`. A format without a parser doesn't compile.
const format_parser& parser_of(const wire::stream_encoder& format);

} // namespace parley::test
