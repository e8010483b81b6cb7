#include "config/settings.hpp"

#include "config/catalogue_file.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <toml++/toml.h>

namespace parley::config {

namespace {

constexpr std::int64_t second = 1'000;
constexpr std::int64_t hour = 3'600 * second;
constexpr std::int64_t kib = 1'024;
constexpr std::int64_t mib = 1'024 * kib;
constexpr std::int64_t gib = 1'024 * mib;

std::string_view section_of(std::string_view name) {
  return name.substr(0, name.find('.'));
}

std::string_view key_of(std::string_view name) {
  return name.substr(name.find('.') + 1);
}

/// `http.max_body_bytes` is `PARLEY_HTTP_MAX_BODY_BYTES`.
std::string variable_of(std::string_view name) {
  std::string result = "PARLEY_";
  for (auto c : name)
    result += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

std::string did_you_mean(std::string_view suggestion) {
  return suggestion.empty() ? "" : "; did you mean " + std::string{suggestion} + "?";
}

/// Gathers what the sources say, and everything that is wrong with it.
class loader {
public:
  explicit loader(const settings_source& from) : from_(from), options_(options_of(result_.values)) {}

  expected<loaded_settings> load() {
    read(from_.text, from_.name, true);
    read_environment();
    for (auto& [flag, name, text] : from_.overrides)
      set_from_text(flag, name, text);
    // Last, since whether to read them is itself an option. Entries of the same name that came before win.
    if (result_.values.server.builtin_models && from_.text != builtin_file())
      read(builtin_file(), "built-in parley.toml", false);
    check();
    if (errors_.empty())
      return std::move(result_);
    std::string all;
    for (auto& error : errors_)
      all += (all.empty() ? "" : "\n") + error;
    return fail(ec::invalid_request, all);
  }

private:
  void read(std::string_view text, std::string_view name, bool with_sections) {
    toml::table file;
    try {
      file = toml::parse(text, name);
    } catch (const toml::parse_error& problem) {
      errors_.push_back(at(name, problem.source()) + ": " + std::string{problem.description()});
      return;
    }
    for (auto&& [key, node] : file) {
      if (key == "providers")
        read_entries(node, name, "providers", entries_.providers);
      else if (key == "models")
        read_entries(node, name, "models", entries_.models);
      else if (with_sections)
        read_section(key, node, name);
    }
  }

  static std::string at(std::string_view file, const toml::source_region& where) {
    return std::string{file} + ":" + std::to_string(where.begin.line);
  }

  void read_section(const toml::key& section, const toml::node& node, std::string_view file) {
    std::vector<std::string_view> sections{"providers", "models"};
    for (auto& known : options_)
      sections.push_back(section_of(known.name));
    auto known = std::find(sections.begin(), sections.end(), section.str()) != sections.end();
    if (!known || !node.is_table()) {
      // A key above the first section: perhaps its section was forgotten.
      errors_.push_back(at(file, section.source()) + ": unknown " + (node.is_table() ? "section [" : "option ")
                        + std::string{section.str()} + (node.is_table() ? "]" : "")
                        + did_you_mean(node.is_table() ? bracketed(nearest(section.str(), sections)) : elsewhere(section.str())));
      return;
    }
    for (auto&& [key, value] : *node.as_table()) {
      auto name = std::string{section.str()} + "." + std::string{key.str()};
      auto found = find(name);
      if (!found) {
        std::vector<std::string_view> keys;
        for (auto& other : options_)
          if (section_of(other.name) == section.str())
            keys.push_back(key_of(other.name));
        auto suggestion = std::string{nearest(key.str(), keys)};
        errors_.push_back(at(file, key.source()) + ": unknown option " + std::string{key.str()} + " in ["
                          + std::string{section.str()} + "]"
                          + did_you_mean(suggestion.empty() ? elsewhere(key.str()) : suggestion));
        continue;
      }
      if (auto why = assign_node(*found, value))
        errors_.push_back(at(file, value.source()) + ": " + name + " " + *why);
    }
  }

  /// [[providers]] or [[models]]. A name that an earlier file wrote is skipped.
  template <class Entry>
  void read_entries(const toml::node& node, std::string_view file, std::string_view section, std::vector<Entry>& entries) {
    auto list = node.as_array();
    if (!list || !std::all_of(list->begin(), list->end(), [](const toml::node& entry) { return entry.is_table(); })) {
      errors_.push_back(at(file, node.source()) + ": " + std::string{section} + " are written as [[" + std::string{section}
                        + "]]");
      return;
    }
    auto earlier = entries.size();
    for (auto& each : *list) {
      Entry entry;
      entry.origin = at(file, each.source());
      read_entry(*each.as_table(), file, section, entry);
      auto same = [&](const Entry& other) { return name_of(other) == name_of(entry); };
      if (std::none_of(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(earlier), same))
        entries.push_back(std::move(entry));
    }
  }

  template <class Entry>
  void read_entry(const toml::table& table, std::string_view file, std::string_view section, Entry& entry) {
    auto known = options_of(entry);
    for (auto&& [key, value] : table) {
      auto found = std::find_if(known.begin(), known.end(), [&](const option& each) { return each.name == key.str(); });
      if (found == known.end()) {
        std::vector<std::string_view> keys;
        for (auto& other : known)
          keys.push_back(other.name);
        errors_.push_back(at(file, key.source()) + ": unknown option " + std::string{key.str()} + " in [[" + std::string{section}
                          + "]]" + did_you_mean(nearest(key.str(), keys)));
        continue;
      }
      std::string missing;
      if (auto why = assign_node(*found, value, &missing); why && !take_missing_key(entry, key.str(), missing))
        errors_.push_back(at(file, value.source()) + ": " + std::string{key.str()} + " " + *why);
    }
  }

  /// A provider whose key isn't in the environment is there, but not available.
  static bool take_missing_key(provider_entry& entry, std::string_view key, const std::string& missing) {
    if (key != "api_key" || missing.empty())
      return false;
    entry.missing_key = missing;
    return true;
  }
  static bool take_missing_key(model_entry&, std::string_view, const std::string&) { return false; }

  static std::string_view name_of(const provider_entry& entry) { return entry.name; }
  static std::string_view name_of(const model_entry& entry) { return entry.id; }

  std::optional<complaint> assign_node(const option& which, const toml::node& node, std::string* missing = nullptr) {
    auto written = read_value(node);
    if (!written) {
      if (missing)
        *missing = written.error().param;
      return written.error().message;
    }
    return assign(which, *written);
  }

  expected<written_value> read_value(const toml::node& node) {
    if (auto text = node.as_string()) {
      auto expanded = expand(text->get(), from_.environment);
      if (!expanded)
        return tl::unexpected{expanded.error()};
      return written_value{*expanded};
    }
    if (auto number = node.as_integer())
      return written_value{number->get()};
    if (auto flag = node.as_boolean())
      return written_value{flag->get()};
    if (auto array = node.as_array())
      return read_list(*array);
    if (auto table = node.as_table())
      return read_pairs(*table);
    return fail(ec::invalid_request, "has a value of a kind that no option takes");
  }

  expected<written_value> read_list(const toml::array& array) {
    text_list list;
    for (auto& each : array) {
      auto value = read_value(each);
      if (!value)
        return value;
      auto text = std::get_if<std::string>(&*value);
      if (!text)
        return fail(ec::invalid_request, "must be a list of texts, such as [\"one\", \"two\"]");
      list.push_back(*text);
    }
    return written_value{std::move(list)};
  }

  expected<written_value> read_pairs(const toml::table& table) {
    text_pairs pairs;
    for (auto&& [key, each] : table) {
      auto value = read_value(each);
      if (!value)
        return value;
      auto text = std::get_if<std::string>(&*value);
      if (!text)
        return fail(ec::invalid_request, "must be a table of texts, such as { \"X-Team\" = \"blue\" }");
      pairs.emplace_back(key.str(), *text);
    }
    return written_value{std::move(pairs)};
  }

  void read_environment() {
    std::vector<std::string> variables;
    for (auto& known : options_) {
      variables.push_back(variable_of(known.name));
      if (auto found = from_.environment.find(variables.back()); found != from_.environment.end())
        set_from_text(variables.back(), known.name, found->second);
    }
    // Others may begin with PARLEY_ too (Kubernetes makes some for a service of that name): no more than a warning.
    std::vector<std::string_view> names(variables.begin(), variables.end());
    for (auto& [name, _] : from_.environment) {
      auto ours = [&](const option& known) { return name.starts_with(variable_of(section_of(known.name)) + "_"); };
      if (std::find(names.begin(), names.end(), name) == names.end() && std::any_of(options_.begin(), options_.end(), ours))
        result_.warnings.push_back("the variable " + name + " is no option" + did_you_mean(nearest(name, names)));
    }
  }

  void set_from_text(const std::string& origin, std::string_view name, std::string_view text) {
    auto found = find(name);
    if (!found) {
      std::vector<std::string_view> names;
      for (auto& known : options_)
        names.push_back(known.name);
      errors_.push_back(origin + ": unknown option " + std::string{name} + did_you_mean(nearest(name, names)));
      return;
    }
    if (auto why = assign_text(*found, text))
      errors_.push_back(origin + ": " + std::string{name} + " " + *why);
    else
      origins_[std::string{name}] = origin;
  }

  const option* find(std::string_view name) const {
    auto found = std::find_if(options_.begin(), options_.end(), [&](const option& each) { return each.name == name; });
    return found == options_.end() ? nullptr : &*found;
  }

  /// The option of that key in any section, with its section.
  std::string elsewhere(std::string_view key) const {
    for (auto& known : options_)
      if (key_of(known.name) == key)
        return std::string{key} + " in [" + std::string{section_of(known.name)} + "]";
    return {};
  }

  static std::string bracketed(std::string_view section) { return section.empty() ? "" : "[" + std::string{section} + "]"; }

  /// What no single value can show.
  void check() {
    auto& values = result_.values;
    if (auto address = parse_endpoint(values.server.listen))
      values.address = *address;
    else
      complain("server.listen", address.error().message);
    if (values.server.data_dir.empty())
      complain("server.data_dir", "must name a directory");
    if (values.tls.certificate.empty() != values.tls.key.empty())
      complain(values.tls.key.empty() ? "tls.key" : "tls.certificate", "is missing: TLS needs both the certificate and its key");
    check_readable("tls.certificate", values.tls.certificate);
    check_readable("tls.key", values.tls.key);
    for (auto& origin : values.server.allowed_origins)
      if (auto parsed = parse_url(origin); !parsed || std::count(origin.begin(), origin.end(), '/') != 2)
        complain("server.allowed_origins", "must have origins like \"https://chat.example.org\", not \"" + origin + "\"");
    for (auto& host : values.server.allowed_hosts)
      if (host.empty() || host.find_first_of("/ *@") != std::string::npos)
        complain("server.allowed_hosts", "must have names like \"chat.example.org\", not \"" + host + "\"");
    values.models = make_catalogue(entries_, errors_, result_.warnings);
  }

  void check_readable(std::string_view name, const std::string& path) {
    if (!path.empty() && !std::ifstream{path})
      complain(name, "can't be read: " + path);
  }

  void complain(std::string_view name, std::string_view why) {
    auto origin = origins_.find(name);
    errors_.push_back((origin == origins_.end() ? from_.name : origin->second) + ": " + std::string{name} + " "
                      + std::string{why});
  }

  const settings_source& from_;
  loaded_settings result_;
  std::vector<option> options_;
  catalogue_entries entries_;
  /// Option → the flag or variable that set it last.
  std::map<std::string, std::string, std::less<>> origins_;
  std::vector<std::string> errors_;
};

} // namespace

std::vector<option> options_of(settings& where) {
  auto& [server, log, tls, http, bounds, address, models] = where;
  auto duration = [](std::string_view name, std::chrono::milliseconds* place, std::int64_t least, std::int64_t most) {
    return option{.name = name, .value = place, .least = least, .most = most};
  };
  auto size = [](std::string_view name, std::size_t* place, std::int64_t least, std::int64_t most) {
    return option{.name = name, .value = byte_size{place}, .least = least, .most = most};
  };
  return {
    {.name = "server.listen", .value = &server.listen},
    {.name = "server.data_dir", .value = &server.data_dir},
    {.name = "server.builtin_models", .value = &server.builtin_models},
    {.name = "server.allowed_hosts", .value = &server.allowed_hosts},
    {.name = "server.allowed_origins", .value = &server.allowed_origins},
    {.name = "server.threads", .value = &server.threads, .most = 256},
    duration("server.shutdown_grace", &server.shutdown_grace, 0, hour),
    {.name = "log.level", .value = &log.level, .choices = {"trace", "debug", "info", "warn", "error", "off"}},
    {.name = "log.format", .value = &log.format, .choices = {"text", "json"}},
    {.name = "tls.certificate", .value = &tls.certificate},
    {.name = "tls.key", .value = &tls.key},
    {.name = "http.max_connections", .value = &http.max_connections, .most = 1'000'000},
    size("http.max_header_bytes", &http.max_header_bytes, kib, mib),
    size("http.max_body_bytes", &http.max_body_bytes, kib, gib),
    duration("http.header_timeout", &http.header_timeout, 100, hour),
    duration("http.body_timeout", &http.body_timeout, 100, hour),
    duration("http.idle_timeout", &http.idle_timeout, 100, 24 * hour),
    duration("http.write_timeout", &http.write_timeout, 100, hour),
    size("limits.max_answer_bytes", &bounds.max_answer_bytes, kib, gib),
    size("limits.max_session_bytes", &bounds.max_session_bytes, kib, 64 * gib),
    size("limits.history_bytes", &bounds.history_bytes, kib, gib),
    size("limits.reader_window_bytes", &bounds.reader_window_bytes, 4 * kib, gib),
    duration("limits.checkpoint_interval", &bounds.checkpoint_interval, 10, hour),
    size("limits.checkpoint_bytes", &bounds.checkpoint_bytes, 256, gib),
    duration("limits.replay_window", &bounds.replay_window, 0, 24 * hour),
    size("limits.replay_bytes", &bounds.replay_bytes, 0, 64 * gib),
    duration("limits.heartbeat", &bounds.heartbeat, second, hour),
    duration("limits.cancel_grace", &bounds.cancel_grace, 0, hour),
    duration("limits.session_idle", &bounds.session_idle, second, 30 * 24 * hour),
  };
}

expected<loaded_settings> load_settings(const settings_source& from) {
  return loader{from}.load();
}

expected<std::string> expand(std::string_view text, const environment& variables) {
  std::string result;
  while (!text.empty()) {
    auto dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == std::string_view::npos)
      break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      result += '$';
      text.remove_prefix(1);
      continue;
    }
    if (!text.starts_with('{')) {
      result += '$';
      continue;
    }
    auto end = text.find('}');
    if (end == std::string_view::npos)
      return fail(ec::invalid_request, "has a ${ without its }");
    auto inner = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    auto separator = inner.find(":-");
    auto name = inner.substr(0, separator);
    if (auto found = variables.find(name); found != variables.end() && !found->second.empty())
      result += found->second;
    else if (separator != std::string_view::npos)
      result += inner.substr(separator + 2);
    else
      return fail(ec::invalid_request,
                  "needs the environment variable " + std::string{name} + ", which isn't set (${" + std::string{name}
                    + ":-default} gives it a default)",
                  std::string{name});
  }
  return result;
}

expected<endpoint> parse_endpoint(std::string_view text) {
  auto parts = split_host_port(text);
  if (!parts)
    return tl::unexpected{parts.error()};
  auto& [host, port] = *parts;
  if (!is_loopback(host))
    return fail(ec::invalid_request, "must be a loopback address (127.0.0.1, [::1] or localhost), not " + host
                                       + ": whoever reaches this server may read and write every session, since it can't tell "
                                         "its users apart yet. Put a proxy that authenticates in front of it");
  return endpoint{host == "localhost" ? "127.0.0.1" : host, port};
}

int default_max_connections(std::size_t open_files) {
  constexpr std::size_t kept = 128;
  constexpr std::size_t least = 16;
  return static_cast<int>(std::clamp((open_files - std::min(open_files, kept)) / 2, least, std::size_t{1'000'000}));
}

std::string summary(const settings& values) {
  // The table of options points into settings that can be set.
  auto copy = values;
  std::string result;
  std::string_view section;
  for (auto& each : options_of(copy)) {
    if (section_of(each.name) != section) {
      section = section_of(each.name);
      result += (result.empty() ? "[" : "\n[") + std::string{section} + "]\n";
    }
    result += std::string{key_of(each.name)} + " = " + show(each) + "\n";
  }
  result += "\nmodels:\n";
  for (auto& each : values.models.all()) {
    auto& at = *each->at;
    result += "  " + each->id + " (" + at.provider + (at.base_url.empty() ? "" : ", " + at.base_url) + "): key "
              + (at.api_key.empty() ? "not set" : "set") + ", " + (each->available ? "available" : "not available") + "\n";
  }
  return result;
}

} // namespace parley::config
