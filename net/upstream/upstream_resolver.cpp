#include "net/upstream/upstream_resolver.hpp"

#include "actors/node/faults.hpp"
#include "net/loop/reactor.hpp"

#include <utility> // before Asio, whose awaitable.hpp forgets it

#include <arpa/inet.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstring>
#include <netinet/in.h>
#include <optional>

namespace parley::net {

namespace asio = boost::asio;

namespace {

sockaddr_storage with_port(sockaddr_storage address, std::uint16_t port) {
  // The port lies at the same place for both families.
  reinterpret_cast<sockaddr_in&>(address).sin_port = htons(port);
  return address;
}

std::optional<sockaddr_storage> literal(const std::string& host) {
  sockaddr_storage address{};
  if (inet_pton(AF_INET, host.c_str(), &reinterpret_cast<sockaddr_in&>(address).sin_addr) == 1) {
    address.ss_family = AF_INET;
    return address;
  }
  address = {};
  if (inet_pton(AF_INET6, host.c_str(), &reinterpret_cast<sockaddr_in6&>(address).sin6_addr) == 1) {
    address.ss_family = AF_INET6;
    return address;
  }
  return std::nullopt;
}

/// Ourselves, whoever is asked (RFC 6761, section 6.3): a container without /etc/hosts has nobody to say so.
bool is_localhost(const std::string& host) {
  return host == "localhost" || host.ends_with(".localhost");
}

} // namespace

class upstream_resolver::lookups : public std::enable_shared_from_this<lookups> {
public:
  explicit lookups(reactor& loop) : loop_(loop) {}

  void resolve(const std::string& host, std::uint16_t port, on_addresses answer) {
    if (auto address = literal(host))
      return answer(addresses{net::with_port(*address, port)});
    auto& name = names_[host];
    if (!name.found.empty() && steady::now() < name.until)
      return answer(with_port(name.found, port));
    name.waiting.push_back({port, std::move(answer)});
    if (name.waiting.size() == 1)
      look_up(host);
  }

private:
  struct asker {
    std::uint16_t port;
    on_addresses answer;
  };

  using results = asio::ip::tcp::resolver::results_type;

  struct known_name {
    /// Without ports.
    addresses found;
    steady::time_point until;
    std::vector<asker> waiting;
  };

  static addresses with_port(addresses list, std::uint16_t port) {
    for (auto& address : list)
      address = net::with_port(address, port);
    return list;
  }

  void look_up(const std::string& host) {
    if (!thread_)
      thread_.emplace(1);
    asio::post(*thread_, [this, weak = weak_from_this(), host] {
      boost::system::error_code error{asio::error::no_recovery};
      results found;
      guarded("resolver_thread", [&] { found = asio::ip::tcp::resolver{*thread_}.resolve(host, "", error); });
      loop_.post([weak, host, error, found] {
        if (auto self = weak.lock())
          self->take(host, error, found);
      });
    });
  }

  void take(const std::string& host, const boost::system::error_code& error, const results& found_now) {
    auto& name = names_[host];
    // A failure isn't remembered: the next request asks again.
    name.found.clear();
    for (auto& result : found_now) {
      auto endpoint = result.endpoint();
      sockaddr_storage address{};
      std::memcpy(&address, endpoint.data(), endpoint.size());
      name.found.push_back(address);
    }
    if (name.found.empty() && is_localhost(host))
      name.found = {*literal("127.0.0.1")};
    name.until = steady::now() + remembered;
    auto found = name.found;
    auto waiting = std::exchange(name.waiting, {});
    if (found.empty())
      names_.erase(host);
    for (auto& [port, answer] : waiting) {
      if (found.empty())
        answer(fail(ec::upstream_unreachable, error ? error.message() : "the name has no address"));
      else
        answer(with_port(found, port));
    }
  }

  reactor& loop_;
  /// As many as the configuration has providers.
  std::unordered_map<std::string, known_name> names_;
  /// Blocks in lookups; made for the first. Its end waits for the lookup that is under way.
  std::optional<asio::thread_pool> thread_;
};

upstream_resolver::upstream_resolver(reactor& loop) : lookups_(std::make_shared<lookups>(loop)) {}

upstream_resolver::~upstream_resolver() = default;

void upstream_resolver::resolve(const std::string& host, std::uint16_t port, on_addresses answer) {
  lookups_->resolve(host, port, std::move(answer));
}

} // namespace parley::net
