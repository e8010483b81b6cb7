#include "net/server/listener.hpp"

#include "actors/node/setbacks.hpp"
#include "net/server/http_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace parley::net {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// Clients that arrive at once wait in the kernel, as many as it allows.
constexpr int backlog = 4096;

/// The loop's other sockets have their turn after that many.
constexpr int accepts_per_turn = 64;

/// Connections beyond the limit that are told so; more are closed without a word.
constexpr std::size_t max_refusing = 64;

/// Out of file descriptors or memory: nothing but time helps.
constexpr std::chrono::milliseconds accept_pause{100};

bool is_exhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/// Accepts on the first loop. Shared with the tasks that are waiting there.
class acceptor final : private socket_watcher, public std::enable_shared_from_this<acceptor> {
public:
  acceptor(caf::actor_system& sys, std::shared_ptr<http_service> service)
    : system_(sys), loops_(sys), service_(std::move(service)), socket_(loops_.at(0).guests()) {}

  expected<void> listen() {
    auto& settings = service_->settings;
    boost::system::error_code error;
    auto address = asio::ip::make_address(settings.address, error);
    auto at = settings.address + ":" + std::to_string(settings.port);
    if (error)
      return fail(ec::invalid_request, "'" + settings.address + "' is no address to listen on.");
    tcp::endpoint endpoint{address, settings.port};
    socket_.open(endpoint.protocol(), error);
    if (!error)
      socket_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error)
      socket_.bind(endpoint, error);
    if (!error)
      socket_.listen(backlog, error);
    if (!error)
      socket_.non_blocking(true, error);
    if (error)
      return fail(ec::unavailable, "Can't listen on " + at + ": " + error.message() + ".");
    port_ = socket_.local_endpoint(error).port();
    return {};
  }

  std::uint16_t port() const { return port_; }

  /// On the first loop, as is all that follows.
  void start() {
    if (ended_)
      return;
    pause_ = loops_.at(0).make_timer([this] { accept(); });
    if (!loops_.at(0).events().watch(socket_.native_handle(), *this))
      spdlog::error("can't accept connections: {}", std::strerror(errno));
  }

  void end() {
    if (std::exchange(ended_, true))
      return;
    pause_.reset();
    loops_.at(0).events().forget(socket_.native_handle(), *this);
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

private:
  void socket_changed(std::uint32_t) override { accept(); }

  void accept() {
    for (int i = 0; i < accepts_per_turn; ++i) {
      auto client = ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (client != -1) {
        take(client);
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK)
        return;
      if (is_exhaustion(errno)) {
        spdlog::warn("can't accept connections for now: {}", std::strerror(errno));
        pause_->set(loops_.at(0).now() + accept_pause);
        return;
      }
      // Anything else is about the one connection, which is gone already.
    }
    loops_.at(0).post([self = shared_from_this()] {
      if (!self->ended_)
        self->accept();
    });
  }

  void take(int client) {
    auto& service = *service_;
    auto refused = service.open.load() >= service.settings.max_connections;
    if (refused)
      report_setback("connection_refused", "as many are open as are served");
    if (refused && service.refusing.load() >= max_refusing) {
      ::close(client);
      return;
    }
    ++(refused ? service.refusing : service.open);
    auto& home = loops_.at(next_++ % loops_.size());
    system_.spawn<http_connection>(home, service_, client, refused);
  }

  caf::actor_system& system_;
  loops loops_;
  std::shared_ptr<http_service> service_;
  tcp::acceptor socket_;
  std::unique_ptr<loop_timer> pause_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  bool ended_ = false;
};

class http_listener final : public listener {
public:
  http_listener(caf::actor_system& sys, std::shared_ptr<http_service> service, std::shared_ptr<acceptor> accepting)
    : loops_(sys), service_(std::move(service)), acceptor_(std::move(accepting)) {}

  ~http_listener() override { end_connections(); }

  std::uint16_t port() const override { return acceptor_->port(); }
  std::size_t connections() const override { return service_->open; }

  void drain() override {
    service_->draining = true;
    end_accepting();
    for_each_connection(&served_connection::drain);
  }

  void close() override { end_connections(); }

private:
  void end_accepting() {
    if (!ended_.exchange(true))
      loops_.at(0).post([accepting = acceptor_] { accepting->end(); });
  }

  void end_connections() {
    if (service_->closing.exchange(true))
      return;
    end_accepting();
    for_each_connection(&served_connection::close);
  }

  void for_each_connection(void (served_connection::*what)()) {
    for (std::size_t i = 0; i < loops_.size(); ++i)
      loops_.at(i).post([service = service_, i, what] {
        // A connection that ends leaves the list.
        auto& list = service->by_loop[i];
        for (auto next = list.begin(); next != list.end();)
          ((*next++)->*what)();
      });
  }

  loops loops_;
  std::shared_ptr<http_service> service_;
  std::shared_ptr<acceptor> acceptor_;
  std::atomic<bool> ended_{false};
};

} // namespace

expected<std::unique_ptr<listener>> listener::open(caf::actor_system& sys, const http_settings& settings,
                                                   std::function<void(exchange&)> serve, find_errors errors_of) {
  auto service = std::make_shared<http_service>();
  service->settings = settings;
  service->serve = std::move(serve);
  service->errors_of = std::move(errors_of);
  service->by_loop.resize(loops{sys}.size());
  if (!settings.certificate_file.empty()) {
    auto tls = tls_context::for_server(settings.certificate_file, settings.key_file);
    if (!tls)
      return tl::unexpected{std::move(tls.error())};
    service->tls = std::move(*tls);
  }
  auto accepting = std::make_shared<acceptor>(sys, service);
  if (auto ok = accepting->listen(); !ok)
    return tl::unexpected{std::move(ok.error())};
  loops{sys}.at(0).post([accepting] { accepting->start(); });
  return std::make_unique<http_listener>(sys, std::move(service), std::move(accepting));
}

} // namespace parley::net
