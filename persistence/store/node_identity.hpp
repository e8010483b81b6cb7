#pragma once
// Who a node is to the others that share its database.

#include "core/ids.hpp"
#include "persistence/store/file_lock.hpp"

#include <filesystem>

namespace parley::persistence {

using node_id = basic_id<struct node_tag>;

/// Kept in the node's folder, and held by one process at a time: who has it knows that whoever had it before is dead.
struct node_identity {
  node_id id;
  file_lock lock;

  /// Makes one if the folder has none. Fails with a reason.
  static expected<node_identity> take(const std::filesystem::path& data_dir);
};

} // namespace parley::persistence
