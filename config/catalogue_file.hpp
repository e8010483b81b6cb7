#pragma once
// [[providers]] and [[models]]: from entries as written to the catalogue.

#include "config/option.hpp"
#include "core/model.hpp"

#include <string>
#include <vector>

namespace parley::config {

struct provider_entry {
  std::string name;
  std::string kind;
  std::string base_url;
  std::string api_key;
  text_pairs headers;
  std::string ca_file;
  upstream_clocks clocks;

  /// The environment variable that the key should come from, if it isn't there.
  std::string missing_key;
  /// Where it is written, for messages: `parley.toml:12`.
  std::string origin;
};

struct model_entry {
  std::string id;
  std::string display_name;
  std::string provider;
  std::string name;
  std::optional<std::int64_t> context_tokens;
  std::optional<std::int64_t> max_tokens;
  int retries = model{}.retries;
  std::string fallback;
  bool restart_on_failure = false;

  std::string origin;
};

std::vector<option> options_of(provider_entry& where);
std::vector<option> options_of(model_entry& where);

struct catalogue_entries {
  std::vector<provider_entry> providers;
  std::vector<model_entry> models;
};

/// Complaints (with their origin) go to `errors`, and what is merely unwise to `warnings`.
catalogue make_catalogue(const catalogue_entries& entries, std::vector<std::string>& errors, std::vector<std::string>& warnings);

} // namespace parley::config
