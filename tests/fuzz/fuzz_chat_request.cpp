// A request for a chat completion, as any client may write it: reading and translating it must neither crash nor lose the texts,
// and what goes up must be JSON.

#include "tests/fuzz/pieces.hpp"
#include "wire/clients/openai_request.hpp"
#include "wire/dialects/dialect.hpp"

using namespace parley;
using namespace parley::wire;

namespace {

model model_at(provider_kind kind) {
  auto at = std::make_shared<upstream>();
  at->kind = kind;
  model target;
  target.id = target.upstream_name = "m";
  target.at = at;
  return target;
}

/// As deep as requests may be: what is deeper is left out.
bool is_shallow(int depth, json_object::parse_event_t, json_object&) {
  return depth <= 32;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto body = json_object::parse(data, data + size, is_shallow, false);
  if (!body.is_object())
    return 0;
  auto request = read_openai_request(body);
  if (!request) {
    fuzz::expect(request.error().code == ec::invalid_request && !request.error().param.empty(), "a refusal names its field");
    return 0;
  }
  fuzz::expect(!request->models.empty() && request->models.size() * request->choices <= max_participants, "few choices");
  prompt_bytes(*request->ask);
  for (auto kind : provider_kinds) {
    auto target = model_at(kind);
    auto sent = dialect_of(kind).encode(target, *request->ask);
    fuzz::expect(sent.has_value() == dialect_of(kind).can_be_asked(*request->ask).has_value(), "what can be asked is encoded");
    fuzz::expect(!sent || json_object::accept(sent->body), "what goes up is JSON");
    // A field may have no name, and then the refusal has none to give.
    fuzz::expect(sent || !sent.error().param.empty() || body.contains(""), "a refusal of an upstream names its field");
  }
  return 0;
}
