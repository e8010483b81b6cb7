#pragma once
// A request in the words of no API, for an upstream that doesn't speak the client's (decision 0017). Each client API, and a
// session's prompt, is read into it; each dialect writes its own fields from it. A request for an upstream that speaks the
// client's API never comes here: it goes up field by field, as it was written.
//
// It borrows its texts from what it was read from, and is valid as long as that. JSON in it (a schema, a parameter's value) is
// the client's own, in its order, and nobody looks into it.

#include "core/prompt.hpp"
#include "wire/clients/client_request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::wire {

struct request_part;

struct text_part {
  std::string_view text;
};

/// An image's or a file's bytes in base64, with their type; or, if there are none, their address.
struct media_source {
  std::string_view media_type;
  std::string_view data;
  std::string_view url;
};

struct image_part {
  media_source source;
};

/// Not by its address: no API that we speak takes that.
struct file_part {
  media_source source;
  std::string_view title;
};

/// The model called a tool.
struct call_part {
  std::string_view id;
  std::string_view tool;
  /// JSON text, as a model wrote it: blank for none.
  std::string arguments;
  /// Their name in the client's API.
  std::string_view arguments_field;
};

/// What a tool has given.
struct result_part {
  std::string_view call;
  std::vector<request_part> content;
  /// Written as a string, not as a list of parts.
  bool plain = false;
};

/// A provider's own, such as its signed reasoning: nothing for any other.
struct provider_part {};

/// What only the client's API has a word for. `field` of the part says so, `why` goes on after its name.
struct foreign_part {
  std::string_view field;
  std::string_view why;
};

struct request_part {
  /// Its place in the client's request: `messages[2].content[0]`. For refusals.
  std::string where;
  std::variant<text_part, image_part, file_part, call_part, result_part, provider_part, foreign_part> what;
};

enum class request_role : std::uint8_t { system, user, assistant };

/// Results of tools are the user's.
struct request_message {
  request_role role = request_role::user;
  std::vector<request_part> parts;
};

struct request_tool {
  std::string_view name;
  /// JSON null if there is none, as `schema`.
  const json_object* description = nullptr;
  const json_object* schema = nullptr;
};

struct tool_choice {
  enum class kind : std::uint8_t { model_decides, none, any, one };
  kind wanted = kind::model_decides;
  /// The one.
  std::string_view name;
};

enum class request_field : std::uint8_t {
  max_tokens,
  temperature,
  top_p,
  stop,   ///< an array, or one string
  user,   ///< who the client's own user is
  effort, ///< how much to think: `low`, `medium`, `high`, or a provider's own word
  foreign ///< only the client's API has a word for it
};

struct request_parameter {
  request_field field = request_field::foreign;
  /// Its place in the client's request. For refusals.
  std::string where;
  json_object value;
  /// Of a foreign one: goes on after its name.
  std::string_view why;
};

struct neutral_request {
  /// In their order; the system's may stand anywhere.
  std::vector<request_message> messages;
  std::vector<request_tool> tools;
  std::optional<tool_choice> choice;
  /// The model may call several tools at once.
  bool parallel_calls = true;
  std::vector<request_parameter> parameters;
};

/// How a refusal goes on after the name of a part's type, and of a field.
constexpr std::string_view part_not_taken = "is nothing that this model's provider takes here.";
constexpr std::string_view no_equivalent = "has no equivalent at this model's provider.";

neutral_request to_neutral(const client_request& what);

neutral_request to_neutral(const prompt& what);

/// The fields of Chat Completions and of Messages.
neutral_request openai_to_neutral(const json_object& fields);
neutral_request anthropic_to_neutral(const json_object& fields);

} // namespace parley::wire
