#pragma once
// Times that are measured by the million: counted, not kept.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace parley::bench {

/// Counts by logarithmic buckets: 64 to each doubling, so within 1.6 %.
class histogram {
public:
  void add(std::uint64_t nanos) {
    auto shift = std::max(0, static_cast<int>(std::bit_width(nanos)) - 7);
    auto bucket = static_cast<std::size_t>(shift) * 64 + static_cast<std::size_t>(nanos >> shift);
    if (bucket >= counts_.size())
      counts_.resize(bucket + 1);
    ++counts_[bucket];
    ++total_;
  }

  /// Another thread's counts.
  void add_all(const histogram& other) {
    counts_.resize(std::max(counts_.size(), other.counts_.size()));
    for (std::size_t i = 0; i < other.counts_.size(); ++i)
      counts_[i] += other.counts_[i];
    total_ += other.total_;
  }

  /// Milliseconds.
  double quantile(double q) const {
    auto left = static_cast<std::uint64_t>(q * static_cast<double>(total_));
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] > left) {
        auto shift = i < 128 ? 0 : (i - 64) / 64;
        return static_cast<double>((i - shift * 64) << shift) / 1e6;
      }
      left -= counts_[i];
    }
    return 0;
  }

  std::string json() const {
    char text[128];
    std::snprintf(text, sizeof text, R"({"p50":%.3f,"p99":%.3f,"p999":%.3f})", quantile(0.5), quantile(0.99), quantile(0.999));
    return text;
  }

private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
};

} // namespace parley::bench
