#include "persistence/store/node_identity.hpp"

#include <fstream>

namespace parley::persistence {

expected<node_identity> node_identity::take(const std::filesystem::path& data_dir) {
  auto file = data_dir / "node";
  auto lock = file_lock::take(data_dir / "node.lock");
  if (!lock)
    return tl::unexpected{lock.error()};
  std::string text;
  if (std::ifstream{file} >> text) {
    auto id = parse_id<node_id>(text);
    if (!id)
      return fail(ec::unavailable, file.string() + " has no UUID in it");
    return node_identity{*id, std::move(*lock)};
  }
  auto made = new_id<node_id>();
  // Under its name once it is whole.
  auto beginning = file;
  beginning += ".new";
  std::error_code failed;
  if (std::ofstream out{beginning}; !(out << to_string(made) << '\n' << std::flush))
    return fail(ec::unavailable, beginning.string() + " can't be written");
  std::filesystem::rename(beginning, file, failed);
  if (failed)
    return fail(ec::unavailable, file.string() + " can't be written: " + failed.message());
  return node_identity{made, std::move(*lock)};
}

} // namespace parley::persistence
