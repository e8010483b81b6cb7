#include "persistence/sqlite/sqlite_backup.hpp"

#include "persistence/sqlite/sqlite_connect.hpp"
#include "persistence/store/file_lock.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace parley::persistence {

namespace {

[[noreturn]] void complain(const std::filesystem::path& about) {
  throw std::runtime_error{about.string() + ": " + std::strerror(errno)};
}

/// What is written is on the disk afterwards; of a folder: its names.
void sync(const std::filesystem::path& what) {
  auto descriptor = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
  auto done = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (!done)
    complain(what);
  ::close(descriptor);
}

/// Removed unless it got its name.
class unfinished_file {
public:
  explicit unfinished_file(std::filesystem::path path) : path_(std::move(path)) {
    auto descriptor = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
      complain(path_);
    ::close(descriptor);
  }

  ~unfinished_file() { ::unlink(path_.c_str()); }

  const std::filesystem::path& path() const { return path_; }

  /// Fails if there is a file of that name.
  void become(const std::filesystem::path& name) {
    if (::link(path_.c_str(), name.c_str()) != 0)
      complain(name);
  }

private:
  std::filesystem::path path_;
};

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (auto c : text) {
    if (c == '\'')
      result += c;
    result += c;
  }
  return result + "'";
}

backup_made back_up(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (!std::filesystem::exists(from))
    throw std::runtime_error{from.string() + ": there is no such file"};
  if (std::filesystem::exists(to))
    throw std::runtime_error{to.string() + ": there is a file already"};
  unfinished_file growing{to.string() + ".unfinished"};
  backup_made result;
  {
    sqlite::connection source{from};
    source.execute("PRAGMA busy_timeout = 5000");
    if (source.integer("PRAGMA application_id") != sqlite_application_id)
      throw std::runtime_error{from.string() + ": it is not a database of Parley's"};
    // One read of the whole: a write-ahead log lets others write meanwhile.
    source.execute("VACUUM INTO " + quoted(growing.path().string()));
  }
  {
    sqlite::connection copy{growing.path()};
    if (auto state = copy.text("PRAGMA integrity_check"); state != "ok")
      throw std::runtime_error{"the copy is damaged: " + state};
    result.sessions = copy.integer("SELECT count(*) FROM sessions");
    result.messages = copy.integer("SELECT count(*) FROM messages");
  }
  sync(growing.path());
  result.bytes = std::filesystem::file_size(growing.path());
  growing.become(to);
  sync(std::filesystem::absolute(to).parent_path());
  return result;
}

} // namespace

expected<backup_made> back_up_sqlite(const std::filesystem::path& from, const std::filesystem::path& to) {
  try {
    return back_up(from, to);
  } catch (const std::exception& why) {
    return fail(ec::store_unavailable, std::string{"There is no backup: "} + why.what() + ".");
  }
}

expected<int> migrate_sqlite(const std::filesystem::path& file) {
  auto what = "The database " + file.string() + " cannot be used: ";
  try {
    auto lock = file_lock::take(file.string() + ".lock");
    if (!lock)
      return fail(ec::store_unavailable, what + lock.error().message + ".");
    return static_cast<int>(connect_writer(file, {}).integer("PRAGMA user_version"));
  } catch (const std::exception& why) {
    return fail(ec::store_unavailable, what + why.what() + ".");
  }
}

} // namespace parley::persistence
