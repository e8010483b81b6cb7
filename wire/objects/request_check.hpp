#pragma once
// Reading a client's request: the first thing that is wrong with it is what it is refused for.

#include "core/error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace parley::wire {

class request_check {
public:
  bool ok() const { return !first_; }
  const failure& problem() const { return *first_; }

  /// `message` goes on after the field's name: `must be a string.`
  void wrong(std::string field, std::string_view message) {
    if (first_)
      return;
    auto sentence = "`" + field + "` ";
    sentence += message;
    first_ = failure{ec::invalid_request, std::move(sentence), std::move(field)};
  }

private:
  std::optional<failure> first_;
};

} // namespace parley::wire
