#pragma once
// The catalogue of models, made from the configuration and constant afterwards.

#include "core/provider_kind.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace parley {

/// The four clocks of an upstream request.
struct upstream_clocks {
  std::chrono::milliseconds connect{10'000};     ///< name, TCP and TLS
  std::chrono::milliseconds first_token{60'000}; ///< from the request's begin to the first text or reasoning
  std::chrono::milliseconds idle{60'000};        ///< between two reads, once the first token came
  std::chrono::milliseconds whole{900'000};      ///< the whole answer
};

/// Where a model is reached. Comes from the configuration only, never from a request.
struct upstream {
  provider_kind kind = provider_kind::demo;
  /// The provider's name in the configuration: `openai`, `ollama`, …
  std::string provider;
  /// Such as `https://api.openai.com/v1`, without a slash at the end.
  std::string base_url;
  /// A secret: never logged, never in an error. Empty if the provider wants none.
  std::string api_key;
  /// Sent as they are with each request, such as `OpenAI-Organization`.
  std::vector<std::pair<std::string, std::string>> headers;
  /// A file of PEM certificates to trust beside the system's; empty for the system's alone.
  std::string ca_file;
  upstream_clocks clocks;
};

struct model {
  std::string id;
  std::string display_name;
  /// What the provider calls it.
  std::string upstream_name;
  std::shared_ptr<const upstream> at;
  std::optional<std::int64_t> context_tokens;
  /// Most tokens of one answer, where the session doesn't say; Anthropic requires one.
  std::optional<std::int64_t> max_tokens;
  /// False while its provider's key is absent.
  bool available = true;
  /// How often a failed try is repeated before the first token.
  int retries = 1;
  /// The id of the model that is tried when this one failed before its first token; empty for none.
  std::string fallback;
  /// After the first token too, a failure begins the answer again (a `restart` event) while tries are left.
  bool restart_on_failure = false;
};

/// Why a model can't be asked.
enum class not_askable : std::uint8_t {
  /// There is none of that id.
  unknown,
  /// Its provider's key is absent.
  unavailable,
};

class catalogue {
public:
  catalogue() = default;
  explicit catalogue(std::vector<std::shared_ptr<const model>> models) : models_(std::move(models)) {}

  /// Null if there is none of that id.
  std::shared_ptr<const model> find(std::string_view id) const {
    for (auto& entry : models_)
      if (entry->id == id)
        return entry;
    return nullptr;
  }

  /// The one place that says whether a model may be asked: all who take a model's id from a client, or choose one, go by it. What
  /// its provider's format can't express is another question (`wire::dialect::can_be_asked`).
  tl::expected<std::shared_ptr<const model>, not_askable> find_askable(std::string_view id) const {
    auto found = find(id);
    if (!found)
      return tl::unexpected{not_askable::unknown};
    if (!may_be_asked(*found))
      return tl::unexpected{not_askable::unavailable};
    return found;
  }

  /// All that may be asked.
  std::vector<std::shared_ptr<const model>> askable() const {
    std::vector<std::shared_ptr<const model>> found;
    for (auto& entry : models_)
      if (may_be_asked(*entry))
        found.push_back(entry);
    return found;
  }

  /// A model and its fallbacks, in the order in which they are tried: those that may be asked.
  std::vector<std::shared_ptr<const model>> with_fallbacks(std::string_view id) const {
    constexpr std::size_t most = 8; // more than that are a mistake of the configuration
    std::vector<std::shared_ptr<const model>> found;
    for (auto next = find(id); next && found.size() < most; next = next->fallback.empty() ? nullptr : find(next->fallback))
      if (may_be_asked(*next))
        found.push_back(next);
    return found;
  }

  const std::vector<std::shared_ptr<const model>>& all() const { return models_; }

private:
  static bool may_be_asked(const model& entry) { return entry.available; }

  std::vector<std::shared_ptr<const model>> models_;
};

} // namespace parley
