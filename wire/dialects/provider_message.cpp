#include "wire/dialects/provider_message.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace parley::wire {

namespace {

constexpr std::size_t max_quoted_chars = 300;
constexpr std::string_view omission = "[…]";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What words are made of that may be a key or an address. Keys come masked too: `sk-abcd****wxyz`.
bool is_word_char(char c) {
  return is_digit(c) || is_letter(c) || std::string_view{"_-.:/+=*@%?&#~[]"}.find(c) != std::string_view::npos;
}

/// 20 letters and digits in a row, both among them. Model names have dashes between shorter parts.
bool has_random_part(std::string_view word) {
  std::size_t length = 0;
  bool digit = false;
  bool letter = false;
  for (auto c : word) {
    if (!is_digit(c) && !is_letter(c) && c != '_') {
      length = 0;
      digit = letter = false;
      continue;
    }
    ++length;
    digit = digit || is_digit(c);
    letter = letter || is_letter(c);
    if (length >= 20 && digit && letter)
      return true;
  }
  return false;
}

/// `10.0.0.1`, alone or followed by a port: four numbers between dots. Also `::1` and its kin.
bool is_ip_address(std::string_view word) {
  if (word.find("::") != std::string_view::npos)
    return true;
  return std::count(word.begin(), word.end(), '.') >= 3
         && std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.' || c == ':'; });
}

/// `name:8080`
bool is_host_and_port(std::string_view word) {
  auto colon = word.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return false;
  auto host = word.substr(0, colon);
  auto port = word.substr(colon + 1);
  return std::any_of(host.begin(), host.end(), is_letter) && port.size() >= 2 && port.size() <= 5
         && std::all_of(port.begin(), port.end(), is_digit);
}

/// True if `word`, or what follows a sign in it (`api_key=sk-…`), begins like a well-known provider's key or a JSON Web
/// Token.
bool has_key_prefix(std::string_view word) {
  constexpr std::size_t shortest_key = 10;
  constexpr std::array<std::string_view, 11> prefixes{"sk-", "pk-",  "rk-",  "sk_", "gsk_", "xai-",
                                                      "hf_", "AIza", "AKIA", "eyJ", "ghp_"};
  for (std::size_t at = 0; at + shortest_key <= word.size(); ++at) {
    if (at > 0 && (is_letter(word[at - 1]) || is_digit(word[at - 1])))
      continue;
    auto rest = word.substr(at);
    if (std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) { return rest.starts_with(prefix); }))
      return true;
  }
  return false;
}

bool is_private(std::string_view word) {
  return has_key_prefix(word) || has_random_part(word) || word.find("://") != std::string_view::npos || is_ip_address(word)
         || is_host_and_port(word);
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

} // namespace

std::string quotable(std::string_view message, std::string_view secret) {
  // Far more than is quoted, and little enough that a huge message costs nothing.
  constexpr std::size_t max_read_bytes = 16 * 1024;
  if (message.size() > max_read_bytes) {
    message = message.substr(0, max_read_bytes);
    message = message.substr(0, message.rfind(' ')); // half a key might not look like one
  }
  auto text = to_clean_text(message);
  if (!secret.empty())
    replace_all(text, secret, omission);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word_char(text[at])) {
      out += text[at++];
      continue;
    }
    auto end = at;
    while (end < text.size() && is_word_char(text[end]))
      ++end;
    auto word = std::string_view{text}.substr(at, end - at);
    at = end;
    // A sentence's punctuation belongs to no address.
    auto trailing = word.size();
    while (trailing > 0 && std::string_view{".:?"}.find(word[trailing - 1]) != std::string_view::npos)
      --trailing;
    auto core = word.substr(0, trailing);
    out += is_private(core) ? omission : core;
    out += word.substr(trailing);
  }
  return title_of(out, max_quoted_chars - 1); // the last one is its ellipsis
}

std::string describe_error_event(std::string_view message) {
  auto quote = quotable(message, {});
  return quote.empty() ? "The provider reported an error." : "The provider reported an error: " + quote;
}

} // namespace parley::wire
