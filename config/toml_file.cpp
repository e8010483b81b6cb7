#include "config/toml_file.hpp"

#include <algorithm>
#include <toml++/toml.h>

namespace parley::config {

namespace {

std::string_view name_of(const provider_entry& entry) {
  return entry.name;
}

std::string_view name_of(const model_entry& entry) {
  return entry.id;
}

/// A provider whose key isn't in the environment is there, but not available.
bool take_missing_variable(provider_entry& entry, std::string_view key, const std::string& variable) {
  if (key != "api_key")
    return false;
  entry.missing_key = variable;
  return true;
}

bool take_missing_variable(model_entry&, std::string_view, const std::string&) {
  return false;
}

class reader {
public:
  reader(std::string_view file, const environment& variables, std::span<const option> options, option_origins& origins,
         catalogue_entries& entries)
    : file_(file), variables_(variables), options_(options), origins_(origins), entries_(entries) {}

  void read(std::string_view text) {
    try {
      read(toml::parse(text, file_));
    } catch (const toml::parse_error& problem) {
      complain(problem.source(), std::string{problem.description()});
    }
  }

  /// In the order of their lines: a table of toml++ is sorted by its keys.
  void report(std::vector<std::string>& errors) {
    std::stable_sort(complaints_.begin(), complaints_.end(), [](auto& a, auto& b) { return a.first < b.first; });
    for (auto& [line, text] : complaints_)
      errors.push_back(at(line) + ": " + text);
  }

private:
  std::string at(toml::source_index line) const { return std::string{file_} + ":" + std::to_string(line); }

  void complain(const toml::source_region& where, std::string text) {
    complaints_.emplace_back(where.begin.line, std::move(text));
  }

  void read(const toml::table& file) {
    for (auto&& [key, node] : file) {
      if (key == "providers")
        read_entries(node, "providers", entries_.providers);
      else if (key == "models")
        read_entries(node, "models", entries_.models);
      else if (!options_.empty())
        read_section(key, node);
    }
  }

  void read_section(const toml::key& section, const toml::node& node) {
    std::vector<std::string_view> sections{"providers", "models"};
    for (auto& known : options_)
      sections.push_back(section_of(known.name));
    auto table = node.as_table();
    if (!table)
      return complain(section.source(), "unknown option " + std::string{section.str()} + did_you_mean(elsewhere(section.str())));
    if (std::find(sections.begin(), sections.end(), section.str()) == sections.end()) {
      auto suggestion = std::string{nearest(section.str(), sections)};
      return complain(section.source(), "unknown section [" + std::string{section.str()} + "]"
                                          + did_you_mean(suggestion.empty() ? "" : "[" + suggestion + "]"));
    }
    std::vector<std::string_view> keys;
    for (auto& known : options_)
      if (section_of(known.name) == section.str())
        keys.push_back(key_of(known.name));
    for (auto&& [key, value] : *table) {
      auto name = std::string{section.str()} + "." + std::string{key.str()};
      auto found = std::find_if(options_.begin(), options_.end(), [&](const option& each) { return each.name == name; });
      if (found != options_.end()) {
        if (auto why = set(*found, value))
          complain(value.source(), name + " " + why->message);
        else
          origins_[name] = at(value.source().begin.line);
        continue;
      }
      auto suggestion = std::string{nearest(key.str(), keys)};
      complain(key.source(), "unknown option " + std::string{key.str()} + " in [" + std::string{section.str()} + "]"
                               + did_you_mean(suggestion.empty() ? elsewhere(key.str()) : suggestion));
    }
  }

  /// The option of that key in any section, with its section.
  std::string elsewhere(std::string_view key) const {
    for (auto& known : options_)
      if (key_of(known.name) == key)
        return std::string{key} + " in [" + std::string{section_of(known.name)} + "]";
    return {};
  }

  template <class Entry>
  void read_entries(const toml::node& node, std::string_view section, std::vector<Entry>& entries) {
    auto list = node.as_array();
    if (!list || !std::all_of(list->begin(), list->end(), [](const toml::node& each) { return each.is_table(); }))
      return complain(node.source(), std::string{section} + " are written as [[" + std::string{section} + "]]");
    auto earlier = static_cast<std::ptrdiff_t>(entries.size());
    for (auto& each : *list) {
      Entry entry;
      entry.origin = at(each.source().begin.line);
      read_entry(*each.as_table(), section, entry);
      auto same = [&](const Entry& other) { return name_of(other) == name_of(entry); };
      if (std::none_of(entries.begin(), entries.begin() + earlier, same))
        entries.push_back(std::move(entry));
    }
  }

  template <class Entry>
  void read_entry(const toml::table& table, std::string_view section, Entry& entry) {
    auto known = options_of(entry);
    std::vector<std::string_view> keys;
    for (auto& each : known)
      keys.push_back(each.name);
    for (auto&& [key, value] : table) {
      auto found = std::find(keys.begin(), keys.end(), key.str());
      if (found == keys.end()) {
        complain(key.source(), "unknown option " + std::string{key.str()} + " in [[" + std::string{section} + "]]"
                                 + did_you_mean(nearest(key.str(), keys)));
        continue;
      }
      auto why = set(known[static_cast<std::size_t>(found - keys.begin())], value);
      if (why && (why->param.empty() || !take_missing_variable(entry, key.str(), why->param)))
        complain(value.source(), std::string{key.str()} + " " + why->message);
    }
  }

  /// What is wrong, if anything; `param` names a variable that is missing.
  std::optional<failure> set(const option& which, const toml::node& node) {
    auto written = read_value(node);
    if (!written)
      return written.error();
    if (auto why = assign(which, *written))
      return failure{ec::invalid_request, *why, {}};
    return std::nullopt;
  }

  expected<written_value> read_value(const toml::node& node) {
    if (auto text = node.as_string()) {
      auto expanded = expand(text->get(), variables_);
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

  std::string_view file_;
  const environment& variables_;
  std::span<const option> options_;
  option_origins& origins_;
  catalogue_entries& entries_;
  /// With the line of each.
  std::vector<std::pair<toml::source_index, std::string>> complaints_;
};

} // namespace

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

void read_toml(std::string_view text, std::string_view file, const environment& variables, std::span<const option> options,
               option_origins& origins, catalogue_entries& entries, std::vector<std::string>& errors) {
  reader reading{file, variables, options, origins, entries};
  reading.read(text);
  reading.report(errors);
}

} // namespace parley::config
