#pragma once
// SQLite's C interface with owners: a connection, prepared statements, rows. Whatever fails throws `sqlite::error`, which
// the store turns into a failure. A connection and all that comes from it belong to one thread at a time.

#include "core/ids.hpp"

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace parley::persistence::sqlite {

class error : public std::runtime_error {
public:
  error(int code, const std::string& what) : std::runtime_error(what), code_(code) {}

  /// SQLite's extended result code.
  int code() const { return code_; }

  /// Its primary part: `SQLITE_CONSTRAINT`, `SQLITE_FULL`, …
  int primary() const { return code_ & 0xff; }

private:
  int code_;
};

/// The result of a statement under way. Its end resets the statement, which may then run again.
class rows {
public:
  explicit rows(sqlite3_stmt* running) : running_(running) {}
  rows(rows&& other) noexcept : running_(std::exchange(other.running_, nullptr)) {}
  rows& operator=(rows&&) = delete;
  ~rows();

  /// Goes to the next row, at first to the first one. False after the last.
  bool next();

  // -- columns of the row, counted from 0 ------------------------------------------------------------------------------

  bool is_null(int column) const { return sqlite3_column_type(running_, column) == SQLITE_NULL; }

  bool is_blob(int column) const { return sqlite3_column_type(running_, column) == SQLITE_BLOB; }

  std::int64_t integer(int column) const { return sqlite3_column_int64(running_, column); }

  bool boolean(int column) const { return integer(column) != 0; }

  /// Valid until the next row.
  std::string_view text(int column) const;

  template <class Id>
  Id id(int column) const {
    Id result;
    copy_blob(column, result.bytes.data(), result.bytes.size());
    return result;
  }

private:
  void copy_blob(int column, std::uint8_t* to, std::size_t size) const;

  sqlite3_stmt* running_;
};

using any_id = basic_id<struct any_tag>;

/// A column that takes numbers takes them as texts, too.
using any_value = std::variant<std::nullopt_t, std::string_view, any_id>;

/// A prepared statement, run as often as one likes, once at a time.
class statement {
public:
  statement() = default;

  /// Binds the values to the parameters in their order and starts. Texts must live as long as the rows are read.
  template <class... Ts>
  rows query(const Ts&... values) {
    rows result{prepared_.get()};
    int at = 0;
    (bind(++at, values), ...);
    return result;
  }

  /// Runs to its end, for statements without a result.
  template <class... Ts>
  void run(const Ts&... values) {
    auto result = query(values...);
    while (result.next()) {
    }
  }

  /// The same with values whose number and kinds the caller learns when it runs.
  void run_all(std::span<const any_value> values) {
    auto result = query();
    int at = 0;
    for (auto& each : values)
      std::visit([&](auto& value) { bind(++at, value); }, each);
    while (result.next()) {
    }
  }

private:
  friend class connection;

  struct finalizer {
    void operator()(sqlite3_stmt* prepared) const { sqlite3_finalize(prepared); }
  };

  explicit statement(sqlite3_stmt* prepared) : prepared_(prepared) {}

  void check(int code) const;
  void bind(int at, std::nullopt_t) { check(sqlite3_bind_null(prepared_.get(), at)); }
  void bind(int at, std::string_view text);

  void bind(int at, std::integral auto number) {
    check(sqlite3_bind_int64(prepared_.get(), at, static_cast<std::int64_t>(number)));
  }

  template <class Tag>
  void bind(int at, const basic_id<Tag>& id) {
    check(sqlite3_bind_blob(prepared_.get(), at, id.bytes.data(), static_cast<int>(id.bytes.size()), SQLITE_TRANSIENT));
  }

  template <class T>
  void bind(int at, const std::optional<T>& value) {
    if (value)
      bind(at, *value);
    else
      bind(at, std::nullopt);
  }

  std::unique_ptr<sqlite3_stmt, finalizer> prepared_;
};

class connection {
public:
  /// Opens the file for reading and writing, and makes it if it isn't there.
  explicit connection(const std::filesystem::path& file);

  /// Runs statements that have no result.
  void execute(const std::string& sql);

  statement prepare(std::string_view sql);

  /// The first column of the first row; 0 or empty if there is none.
  std::int64_t integer(std::string_view sql);
  std::string text(std::string_view sql);

  bool in_transaction() const { return sqlite3_get_autocommit(open_.get()) == 0; }

  /// Undoes the transaction under way, if SQLite has not done so itself. For clean-ups: fails in silence.
  void roll_back() noexcept;

private:
  struct closer {
    void operator()(sqlite3* open) const { sqlite3_close_v2(open); }
  };

  std::unique_ptr<sqlite3, closer> open_;
};

} // namespace parley::persistence::sqlite
