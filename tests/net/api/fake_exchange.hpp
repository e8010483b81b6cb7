#pragma once
// An exchange without a connection: keeps what the handler answered.

#include "net/server/exchange.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <optional>
#include <stdexcept>

namespace parley::net {

class fake_exchange final : public exchange {
public:
  fake_exchange(std::string method, std::string target, std::string body = {}, connection_actor* self = nullptr,
                home_loop* home = nullptr)
    : self_(self), home_(home) {
    auto question = target.find('?');
    asked.method = std::move(method);
    asked.path = target.substr(0, question);
    asked.query = question == std::string::npos ? std::string{} : target.substr(question + 1);
    asked.body = std::move(body);
    asked.headers.emplace_back("host", "localhost:8080");
    if (!asked.body.empty())
      asked.headers.emplace_back("content-type", "application/json");
    asked.request_id = "r1";
  }

  http_request asked;

  std::optional<http_response> answered;
  std::optional<failure> refused;
  std::optional<run_opened> streamed;
  const wire::stream_encoder* streamed_as = nullptr;
  bool upgraded = false;

  /// How often the handler answered, in whichever way: once is right.
  int answers() const { return answers_; }

  void set_header(std::string name, std::string value) {
    std::erase_if(asked.headers, [&](auto& entry) { return entry.first == name; });
    asked.headers.emplace_back(std::move(name), std::move(value));
  }

  /// Of the answer, wherever it was set; empty if it wasn't.
  std::string answer_header(std::string_view name) const {
    for (auto& [key, value] : added_headers())
      if (key == name)
        return value;
    if (streamed_as)
      for (auto& header : streamed_as->headers())
        if (header.name == name)
          return std::string{header.value};
    if (answered)
      for (auto& [key, value] : answered->headers)
        if (key == name)
          return value;
    return {};
  }

  /// `code param`, such as `invalid_request messages[0].role`; empty if the request wasn't refused.
  std::string refusal() const {
    if (!refused)
      return {};
    return std::string{name(refused->code)} + (refused->param.empty() ? "" : " " + refused->param);
  }

  const http_request& request() const override { return asked; }
  connection_actor& self() override { return self_ ? *self_ : throw std::logic_error("this exchange has no actor"); }
  home_loop& home() override { return home_ ? *home_ : throw std::logic_error("this exchange has no loop"); }

  void answer(http_response response) override {
    ++answers_;
    answered = std::move(response);
  }

  void refuse(const failure& why) override {
    ++answers_;
    refused = why;
  }

  void stream(const run_opened& run, const wire::stream_encoder& format) override {
    ++answers_;
    streamed = run;
    streamed_as = &format;
  }

  void upgrade(const std::function<void(taken_connection)>&) override {
    ++answers_;
    upgraded = true;
  }

private:
  connection_actor* self_;
  home_loop* home_;
  int answers_ = 0;
};

} // namespace parley::net
