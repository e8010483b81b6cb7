#pragma once
// What the chat asks of the server beside the answers themselves (docs/protocol.md). Each call runs the loop until its answer
// is there.

#include "commands/chat/http_client.hpp"

#include <string>
#include <vector>

namespace parley::commands::chat {

struct model_entry {
  std::string id;
  std::string name;
  std::string provider;
  bool available = false;
};

struct seat {
  /// `a`, `b`, …
  char letter = 'a';
  std::string model;
  /// For people.
  std::string name;
};

struct session_entry {
  std::string id;
  std::string title;
  std::vector<seat> seats;
  std::string updated_at;
  /// The turn under way, or empty.
  std::string running_turn;
};

struct message_entry {
  std::string id;
  std::string turn;
  std::string role;
  /// 0 but for an answer.
  char letter = 0;
  int attempt = 1;
  std::string content;
  std::string reasoning;
  /// `pending`, `streaming`, `success` or `failed`
  std::string status;
  std::string finish_reason;
  std::string error;
  std::string model;

  bool under_way() const { return status == "pending" || status == "streaming"; }
};

class api {
public:
  explicit api(http_client client) : client_(std::move(client)) {}

  expected<std::vector<model_entry>> models() const;
  /// One model makes it direct, several compare.
  expected<session_entry> create_session(const std::vector<std::string>& models) const;
  expected<session_entry> session(const std::string& id) const;
  /// The newest ones.
  expected<std::vector<session_entry>> sessions() const;
  /// All of it, oldest first.
  expected<std::vector<message_entry>> transcript(const std::string& session) const;
  /// The same as the server gave it, for an export: a JSON array.
  expected<std::string> transcript_json(const std::string& session) const;
  /// What has been stopped, or had ended before: `cancelled`, `stop`, …, one for each answer.
  expected<std::vector<std::string>> stop(const std::string& message) const;

  const http_client& client() const { return client_; }
  /// For people: nothing answers there, and what to do about it.
  std::string unreachable(const failure& why) const;

private:
  http_client client_;
};

/// The server's sentence in a refusal's body, else one of the status.
failure refusal_of(int status, const std::string& body);

/// Stops an answer, or all of a turn.
http_request stopping(const std::string& message);

} // namespace parley::commands::chat
