#pragma once
// A configuration file's text, read into options and entries. The only place that knows TOML.

#include "config/catalogue_file.hpp"
#include "config/option.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parley::config {

using environment = std::map<std::string, std::string, std::less<>>;

/// `${NAME}` and `${NAME:-default}`; `$$` is one `$`. A variable that is set but empty counts as missing.
/// The failure's `param` is the missing variable's name.
expected<std::string> expand(std::string_view text, const environment& variables);

/// Option → where its value stands: `<file>:<line>`, a flag, or a variable.
using option_origins = std::map<std::string, std::string, std::less<>>;

/// Sets `options`, notes their `origins`, and adds to `entries`; what is wrong goes to `errors`, in the order of lines. Without
/// options the sections are skipped. An entry is skipped if an earlier file has one of that name.
void read_toml(std::string_view text, std::string_view file, const environment& variables, std::span<const option> options,
               option_origins& origins, catalogue_entries& entries, std::vector<std::string>& errors);

} // namespace parley::config
