#pragma once
// One option of the configuration: its name, where its value lives, and which values are good. The same table of options
// reads the file, the environment and the flags, and prints what is in force, so that none of them knows more than another.

#include "core/error.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::config {

using text_list = std::vector<std::string>;
using text_pairs = std::vector<std::pair<std::string, std::string>>;

/// A size that is written with a unit, as opposed to a count.
struct byte_size {
  std::size_t* bytes;
};

/// A value as it was written, not yet checked against its option.
using written_value = std::variant<std::string, std::int64_t, bool, text_list, text_pairs>;

struct option {
  using place = std::variant<std::string*, text_list*, text_pairs*, std::chrono::milliseconds*, byte_size, int*,
                             std::optional<std::int64_t>*, bool*>;

  /// Of a setting with its section: `http.max_body_bytes`; of a provider or model the key alone.
  std::string_view name;
  place value;
  /// Bounds of numbers, sizes (bytes) and durations (milliseconds).
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  /// If not empty: the texts to choose from.
  std::vector<std::string_view> choices = {};
  /// Shown as "set" or "not set".
  bool secret = false;
};

/// Why a value can't be taken, as a sentence without the option's name.
using complaint = std::string;

/// Sets the option, or says why not.
std::optional<complaint> assign(const option& which, const written_value& value);

/// As above for a value from a flag or from the environment: a text, lists separated by commas.
std::optional<complaint> assign_text(const option& which, std::string_view text);

/// As the file would write it, but for secrets.
std::string show(const option& which);

/// `http` of `http.max_body_bytes`, and the rest.
std::string_view section_of(std::string_view name);
std::string_view key_of(std::string_view name);

/// The known name that looks most like `wrong`; empty if none does.
std::string_view nearest(std::string_view wrong, const std::vector<std::string_view>& known);

/// `; did you mean retries?`, or nothing.
std::string did_you_mean(std::string_view suggestion);

} // namespace parley::config
