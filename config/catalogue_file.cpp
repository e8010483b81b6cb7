#include "config/catalogue_file.hpp"

#include "config/url.hpp"
#include "wire/http/header_values.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>

namespace parley::config {

namespace {

constexpr std::int64_t second = 1'000;
constexpr std::int64_t hour = 3'600 * second;

/// Ids and names appear in paths, logs and JSON: plain characters keep them readable everywhere.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= 128
         && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-")
              == std::string_view::npos;
}

bool is_header_name(std::string_view text) {
  return !text.empty()
         && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~")
              == std::string_view::npos;
}

/// RFC 9110, section 5.5, without the obsolete non-ASCII bytes: a control character could begin another header.
bool is_header_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
}

/// Headers that say how the request is framed or where it goes; the upstream client writes them.
bool is_reserved_header(std::string_view name) {
  constexpr std::array<std::string_view, 6> reserved{"connection", "content-length",    "content-type",
                                                     "host",       "transfer-encoding", "upgrade"};
  return std::find(reserved.begin(), reserved.end(), wire::to_lower(name)) != reserved.end();
}

/// `openai, anthropic, demo`
std::string kinds_told() {
  std::string told;
  for (auto kind : provider_kind_names) {
    if (!told.empty())
      told += ", ";
    told += kind;
  }
  return told;
}

void check(const provider_entry& entry, std::vector<std::string>& errors, std::vector<std::string>& warnings) {
  auto where = entry.origin + ": provider \"" + entry.name + "\": ";
  if (!is_plain(entry.name))
    errors.push_back(entry.origin + ": a provider needs a name of at most 128 letters, digits or ._:/@-");
  auto kind = parse_provider_kind(entry.kind);
  if (!kind)
    errors.push_back(where + "kind must be one of " + kinds_told());
  if (!is_header_value(entry.api_key))
    errors.push_back(where + "api_key has a character that can't be sent in a header (a line break?)");
  for (auto& [key, value] : entry.headers)
    if (!is_header_name(key) || !is_header_value(value) || is_reserved_header(key))
      errors.push_back(where + "the header \"" + key + "\" can't be sent as it is");
  if (!entry.ca_file.empty() && !std::ifstream{entry.ca_file})
    errors.push_back(where + "ca_file can't be read: " + entry.ca_file);
  if (kind == provider_kind::demo) {
    if (!entry.base_url.empty())
      errors.push_back(where + "the demo needs no base_url");
    return;
  }
  auto url = parse_url(entry.base_url);
  if (!url) {
    errors.push_back(where + "base_url " + url.error().message);
    return;
  }
  if (!url->secure && !is_loopback(url->host) && !(entry.api_key.empty() && entry.headers.empty()))
    warnings.push_back(where + "its key or headers go unencrypted (http) to " + url->host);
}

/// Following `fallback` from each model must end.
void check_fallbacks(const std::vector<model_entry>& models, std::vector<std::string>& errors) {
  std::map<std::string_view, const model_entry*> by_id;
  for (auto& entry : models)
    by_id.emplace(entry.id, &entry);
  for (auto& entry : models) {
    auto where = entry.origin + ": model \"" + entry.id + "\": ";
    if (entry.fallback.empty())
      continue;
    if (!by_id.contains(entry.fallback)) {
      std::vector<std::string_view> ids;
      for (auto& [id, _] : by_id)
        ids.push_back(id);
      auto suggestion = nearest(entry.fallback, ids);
      errors.push_back(where + "its fallback \"" + entry.fallback + "\" is no model of the catalogue" + did_you_mean(suggestion));
      continue;
    }
    std::set<std::string_view> seen{entry.id};
    auto path = entry.id;
    for (auto next = by_id.find(entry.fallback); next != by_id.end(); next = by_id.find(next->second->fallback)) {
      path += " → " + next->second->id;
      if (next->second == &entry) {
        errors.push_back(where + "its fallbacks go round in a circle: " + path);
        break;
      }
      // A circle further on is told at its own members.
      if (!seen.insert(next->second->id).second)
        break;
    }
  }
}

} // namespace

std::vector<option> options_of(provider_entry& where) {
  auto clock = [](std::string_view name, std::chrono::milliseconds* place, std::int64_t most) {
    return option{.name = name, .value = place, .least = 10, .most = most};
  };
  return {
    {.name = "name", .value = &where.name},
    {.name = "kind", .value = &where.kind, .choices = {provider_kind_names.begin(), provider_kind_names.end()}},
    {.name = "base_url", .value = &where.base_url},
    {.name = "api_key", .value = &where.api_key, .secret = true},
    {.name = "headers", .value = &where.headers},
    {.name = "ca_file", .value = &where.ca_file},
    clock("connect_timeout", &where.clocks.connect, hour),
    clock("first_token_timeout", &where.clocks.first_token, hour),
    clock("idle_timeout", &where.clocks.idle, hour),
    clock("answer_timeout", &where.clocks.whole, 24 * hour),
  };
}

std::vector<option> options_of(model_entry& where) {
  return {
    {.name = "id", .value = &where.id},
    {.name = "display_name", .value = &where.display_name},
    {.name = "provider", .value = &where.provider},
    {.name = "name", .value = &where.name},
    {.name = "context_tokens", .value = &where.context_tokens, .least = 1},
    {.name = "max_tokens", .value = &where.max_tokens, .least = 1},
    {.name = "retries", .value = &where.retries, .most = 10},
    {.name = "fallback", .value = &where.fallback},
    {.name = "restart_on_failure", .value = &where.restart_on_failure},
  };
}

catalogue make_catalogue(const catalogue_entries& entries, std::vector<std::string>& errors, std::vector<std::string>& warnings) {
  struct provider {
    std::shared_ptr<const upstream> at;
    bool available = true;
  };
  std::map<std::string, provider, std::less<>> providers;
  std::vector<std::string_view> provider_names;
  for (auto& entry : entries.providers) {
    check(entry, errors, warnings);
    provider_names.push_back(entry.name);
    auto base_url = entry.base_url;
    while (base_url.ends_with('/'))
      base_url.pop_back();
    auto kind = parse_provider_kind(entry.kind).value_or(upstream{}.kind); // an error, if there is none of that name
    auto at = std::make_shared<const upstream>(
      upstream{kind, entry.name, base_url, entry.api_key, entry.headers, entry.ca_file, entry.clocks});
    if (!providers.emplace(entry.name, provider{std::move(at), entry.missing_key.empty()}).second)
      errors.push_back(entry.origin + ": there are two providers of the name \"" + entry.name + "\"");
  }

  std::vector<std::shared_ptr<const model>> models;
  std::set<std::string_view> ids;
  for (auto& entry : entries.models) {
    if (!is_plain(entry.id)) {
      errors.push_back(entry.origin + ": a model needs an id of at most 128 letters, digits or ._:/@-");
      continue;
    }
    if (!ids.insert(entry.id).second) {
      errors.push_back(entry.origin + ": there are two models of the id \"" + entry.id + "\"");
      continue;
    }
    auto found = providers.find(entry.provider);
    if (found == providers.end()) {
      auto suggestion = nearest(entry.provider, provider_names);
      errors.push_back(entry.origin + ": model \"" + entry.id + "\": there is no provider \"" + entry.provider + "\""
                       + did_you_mean(suggestion));
      continue;
    }
    auto made = std::make_shared<model>();
    made->id = entry.id;
    made->display_name = entry.display_name.empty() ? entry.id : entry.display_name;
    made->upstream_name = entry.name.empty() ? entry.id : entry.name;
    made->at = found->second.at;
    made->context_tokens = entry.context_tokens;
    made->max_tokens = entry.max_tokens;
    made->available = found->second.available;
    made->retries = entry.retries;
    made->fallback = entry.fallback;
    made->restart_on_failure = entry.restart_on_failure;
    models.push_back(std::move(made));
  }
  check_fallbacks(entries.models, errors);
  if (models.empty() && errors.empty())
    errors.emplace_back("the catalogue has no model: add [[models]], or set builtin_models = true in [server]");
  return catalogue{std::move(models)};
}

} // namespace parley::config
