#pragma once
// What is logged, and what is counted as a fault, while one of these lives. It replaces spdlog's default logger: made before a
// test's threads, it goes after them.

#include "actors/node/setbacks.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace parley::test {

class seen_log {
public:
  seen_log() : sink_(std::make_shared<sink>()), before_(spdlog::default_logger()), faults_before_(parley::faults()) {
    auto logger = std::make_shared<spdlog::logger>("test", sink_);
    logger->set_level(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
  }
  ~seen_log() { spdlog::set_default_logger(std::move(before_)); }
  seen_log(const seen_log&) = delete;
  seen_log& operator=(const seen_log&) = delete;

  /// `error actor=… died: …`
  std::vector<std::string> lines() const { return sink_->lines(); }

  /// Those that have `part`.
  std::vector<std::string> lines_with(std::string_view part) const {
    auto result = lines();
    std::erase_if(result, [&](auto& line) { return line.find(part) == std::string::npos; });
    return result;
  }

  /// Counted since this was made.
  std::uint64_t setbacks(std::string_view name) const {
    return count_of(parley::setbacks(), name) - count_of(setbacks_before_, name);
  }
  std::uint64_t deaths(std::string_view actor) const {
    return count_of(parley::faults().deaths, actor) - count_of(faults_before_.deaths, actor);
  }
  std::uint64_t exceptions() const { return parley::faults().exceptions - faults_before_.exceptions; }
  std::uint64_t broken_invariants() const { return parley::faults().broken_invariants - faults_before_.broken_invariants; }
  std::uint64_t dropped(reader_drop why) const {
    auto at = static_cast<std::size_t>(why);
    return parley::faults().dropped_readers[at] - faults_before_.dropped_readers[at];
  }

private:
  class sink final : public spdlog::sinks::base_sink<std::mutex> {
  public:
    std::vector<std::string> lines() {
      std::lock_guard guard{mutex_};
      return lines_;
    }

  private:
    void sink_it_(const spdlog::details::log_msg& what) override {
      auto level = spdlog::level::to_string_view(what.level);
      lines_.push_back(std::string{level.data(), level.size()} + ' ' + std::string{what.payload.data(), what.payload.size()});
    }
    void flush_() override {}

    std::vector<std::string> lines_;
  };

  template <class Counts>
  static std::uint64_t count_of(const Counts& all, std::string_view name) {
    auto at = all.find(name);
    return at == all.end() ? 0 : at->second;
  }

  std::shared_ptr<sink> sink_;
  std::shared_ptr<spdlog::logger> before_;
  fault_counts faults_before_;
  std::map<std::string, std::uint64_t, std::less<>> setbacks_before_ = parley::setbacks();
};

} // namespace parley::test
