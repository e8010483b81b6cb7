#include "persistence/sqlite/sqlite.hpp"

#include <cstring>

namespace parley::persistence::sqlite {

namespace {

[[noreturn]] void raise(sqlite3* open) {
  throw error{sqlite3_extended_errcode(open), sqlite3_errmsg(open)};
}

} // namespace

// -- rows ------------------------------------------------------------------------------------------------------------

rows::~rows() {
  if (!running_)
    return;
  sqlite3_reset(running_);
  sqlite3_clear_bindings(running_); // they point into values that may end now
}

bool rows::next() {
  switch (sqlite3_step(running_)) {
  case SQLITE_ROW:
    return true;
  case SQLITE_DONE:
    return false;
  default:
    raise(sqlite3_db_handle(running_));
  }
}

std::string_view rows::text(int column) const {
  auto* bytes = sqlite3_column_text(running_, column);
  if (!bytes) // NULL, or no memory left
    return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(running_, column))};
}

void rows::copy_blob(int column, std::uint8_t* to, std::size_t size) const {
  auto* bytes = sqlite3_column_blob(running_, column);
  if (!bytes || static_cast<std::size_t>(sqlite3_column_bytes(running_, column)) != size)
    throw error{SQLITE_CORRUPT, "an identifier of the wrong length"};
  std::memcpy(to, bytes, size);
}

// -- statement -------------------------------------------------------------------------------------------------------

void statement::check(int code) const {
  if (code != SQLITE_OK)
    raise(sqlite3_db_handle(prepared_.get()));
}

void statement::bind(int at, std::string_view text) {
  // A null pointer would be taken for NULL.
  auto* bytes = text.empty() ? "" : text.data();
  check(sqlite3_bind_text64(prepared_.get(), at, bytes, text.size(), nullptr, SQLITE_UTF8));
}

// -- connection ------------------------------------------------------------------------------------------------------

connection::connection(const std::filesystem::path& file) {
  // SQLite would count its memory under a lock, for statistics that nobody asks for.
  static const auto uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(uncounted);
  sqlite3* open = nullptr;
  // Each connection is one thread's at a time: SQLite needs no mutex of its own.
  auto code = sqlite3_open_v2(file.c_str(), &open, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  open_.reset(open); // to be closed also when opening failed
  if (code != SQLITE_OK)
    throw error{code, open ? sqlite3_errmsg(open) : "out of memory"};
  sqlite3_extended_result_codes(open, 1);
}

void connection::execute(const std::string& sql) {
  if (sqlite3_exec(open_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    raise(open_.get());
}

statement connection::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v3(open_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &prepared, nullptr)
      != SQLITE_OK)
    raise(open_.get());
  return statement{prepared};
}

std::int64_t connection::integer(std::string_view sql) {
  auto asked = prepare(sql);
  auto answer = asked.query();
  return answer.next() ? answer.integer(0) : 0;
}

std::string connection::text(std::string_view sql) {
  auto asked = prepare(sql);
  auto answer = asked.query();
  return std::string{answer.next() ? answer.text(0) : std::string_view{}};
}

void connection::roll_back() noexcept {
  if (in_transaction())
    sqlite3_exec(open_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

} // namespace parley::persistence::sqlite
