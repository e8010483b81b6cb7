#include "net/upstream/upstream_pool.hpp"

#include "core/check.hpp"

#include <algorithm>

namespace parley::net {

/// Whatever the peer does with a connection that nobody uses, ends it.
struct upstream_pool::idle_connection final : byte_stream_handler {
  idle_connection(upstream_pool& in, std::string its_key, byte_stream_ptr open)
    : owner(in), key(std::move(its_key)), until(steady::now() + in.settings.idle_time), stream(std::move(open)) {
    stream->set_handler(*this);
  }

  void opened() override {}
  void received(std::string_view) override { owner.drop(*this); }
  void peer_closed() override { owner.drop(*this); }
  void broken(std::string_view) override { owner.drop(*this); }

  upstream_pool& owner;
  const std::string key;
  const steady::time_point until;
  byte_stream_ptr stream;
};

upstream_pool::upstream_pool(reactor& on, upstream_client_settings with)
  : loop(on), settings(with), names(on), timer_(on, [this] { close_old(); }) {}

upstream_pool::~upstream_pool() = default;

byte_stream_ptr upstream_pool::take(const std::string& key) {
  auto found = idle_.find(key);
  if (found == idle_.end())
    return nullptr;
  check(!found->second.empty(), "an upstream without idle connections has no entry");
  auto stream = std::move(found->second.back()->stream);
  found->second.pop_back();
  if (found->second.empty())
    idle_.erase(found);
  return stream;
}

void upstream_pool::put(const std::string& key, byte_stream_ptr stream) {
  if (closed_ || settings.idle_per_upstream == 0)
    return;
  auto& list = idle_[key];
  if (list.size() >= settings.idle_per_upstream)
    return;
  list.push_back(std::make_unique<idle_connection>(*this, key, std::move(stream)));
  set_timer();
}

std::size_t upstream_pool::size() const {
  std::size_t sum = 0;
  for (auto& [key, list] : idle_)
    sum += list.size();
  return sum;
}

void upstream_pool::close() {
  closed_ = true;
  idle_.clear();
  timer_.cancel();
}

void upstream_pool::drop(idle_connection& which) {
  auto found = idle_.find(which.key);
  check(found != idle_.end(), "an idle connection is among those of its upstream");
  std::erase_if(found->second, [&](auto& each) { return each.get() == &which; });
  if (found->second.empty())
    idle_.erase(found);
}

void upstream_pool::set_timer() {
  auto oldest = steady::time_point::max();
  for (auto& [key, list] : idle_)
    oldest = std::min(oldest, list.front()->until);
  timer_.set(oldest);
}

void upstream_pool::close_old() {
  auto now = steady::now();
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    std::erase_if(entry->second, [&](auto& each) { return each->until <= now; });
    entry = entry->second.empty() ? idle_.erase(entry) : std::next(entry);
  }
  if (!idle_.empty())
    set_timer();
}

} // namespace parley::net
