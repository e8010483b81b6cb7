#pragma once
// The numbers that events have in their answers, as a format would see them that shows them.

#include "actors/runs/run_log.hpp"

#include <vector>

namespace parley::test {

class numbering_stream final : public wire::stream_encoder {
public:
  explicit numbering_stream(std::vector<std::uint64_t>& numbers) : numbers_(numbers) {}

  std::string_view name() const override { return "numbering"; }

  void delta(std::string&, const wire::event_place& at, event_kind, std::string_view) const override {
    numbers_.push_back(at.sequence);
  }

  void event(std::string&, const wire::event_place& at, const answer_event&) const override { numbers_.push_back(at.sequence); }

private:
  std::vector<std::uint64_t>& numbers_;
};

inline std::vector<std::uint64_t> numbers_in(const run_log& log, bool merged = false) {
  std::vector<std::uint64_t> numbers;
  std::string none;
  log.write(none, numbering_stream{numbers}, 0, std::string::npos, merged);
  return numbers;
}

} // namespace parley::test
