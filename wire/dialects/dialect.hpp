#pragma once
// A provider's format: how it is asked, how its answer is read, how its failures are explained, and what it can't be asked for.
//
// To add one: a file here that defines `const dialect& <name>_dialect()`, and its line in `core/provider_kind.hpp`. All it must
// say is what is pure virtual below, and a codec of its own. `tests/wire/dialects/dialect_contract` runs over each line there.

#include "core/model.hpp"
#include "core/prompt.hpp"
#include "wire/clients/neutral_request.hpp"
#include "wire/dialects/codec.hpp"

#include <memory>
#include <string_view>

namespace parley::wire {

/// One constant object for each format, without state: for any thread.
class dialect {
public:
  virtual ~dialect() = default;

  /// The request for a turn of a session. `invalid_request` as below.
  expected<upstream_request> encode(const model& target, const prompt& what) const;

  /// The request for what a client of a stateless API asks. One that speaks this dialect's API goes up field by field as it came;
  /// of any other, `invalid_request` names the first field that can't be said here, in the words of the client's API.
  expected<upstream_request> encode(const model& target, const client_request& what) const;

  /// What `encode` would refuse.
  expected<void> can_be_asked(const client_request& what) const;

  /// For one response.
  virtual std::unique_ptr<codec> make_codec() const = 0;

  /// What a response that isn't a 2xx means, for a client's eyes: the status decides the code, the provider's message is quoted
  /// if the body has one in a known place, at most 300 characters and without `secret` or anything that looks like a key; 401 and
  /// 403 are never quoted.
  virtual failure explain(int status, std::string_view body, std::string_view secret) const;

  /// The fields that ask for this, without those that `request` adds. `invalid_request` names the first thing that this format
  /// has no word for: a parameter without effect would mislead.
  virtual expected<json_object> write(const neutral_request& what) const = 0;

protected:
  /// True for the client API that is this format.
  virtual bool is_api(client_api) const { return false; }

  /// The request with these fields, and what is the same for each request: the model, its limits, credentials.
  virtual upstream_request request(const model& target, const json_object& fields) const = 0;
};

/// Lives as long as the process.
const dialect& dialect_of(provider_kind kind);

inline const dialect& dialect_of(const model& target) {
  return dialect_of(target.at->kind);
}

} // namespace parley::wire
