#pragma once
// Stands between a client and PostgreSQL, reads what the client says, and can cut the connection at any message of it.

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace parley::test {

class postgres_proxy {
public:
  explicit postgres_proxy(int server_port);
  postgres_proxy(const postgres_proxy&) = delete;
  postgres_proxy& operator=(const postgres_proxy&) = delete;
  ~postgres_proxy();

  int port() const { return port_; }

  /// Counts the client's messages from here, and cuts its connection once at the one of that number, the first being 1.
  /// `delivered`: the server gets the message, and the client no answer. 0 never cuts.
  void cut_at(int message, bool delivered);

  /// Messages since `cut_at`.
  int messages() const { return messages_; }

  bool has_cut() const { return has_cut_; }

private:
  void accept_all();
  void serve(int client);

  /// Tells how much of what the client said goes on to the server: all, or what comes before the cut.
  class splitter;

  int server_port_;
  int port_ = 0;
  int listener_ = -1;
  int stop_[2];
  std::atomic<int> messages_ = 0;
  std::atomic<int> cut_ = 0;
  std::atomic<bool> delivered_ = false;
  std::atomic<bool> has_cut_ = false;
  std::thread accepting_;
  std::mutex mutex_;
  std::vector<std::thread> serving_;
};

} // namespace parley::test
