#include "persistence/sqlite/sqlite_connect.hpp"
#include "persistence/store/copied_tables.hpp"
#include "persistence/store/file_lock.hpp"

#include <filesystem>
#include <stdexcept>

namespace parley::persistence {

namespace {

using sqlite::any_id;

file_lock lock(const std::string& file, copy_role role) {
  if (role == copy_role::source && !std::filesystem::exists(file))
    throw std::runtime_error{"there is no such file"};
  auto taken = file_lock::take(file + ".lock");
  if (!taken)
    throw std::runtime_error{taken.error().message};
  return std::move(*taken);
}

class copied_sqlite final : public copied_store {
public:
  copied_sqlite(const std::string& file, copy_role role)
    : lock_(lock(file, role)), db_(connect_writer(file, {})), begin_(role == copy_role::target ? "BEGIN IMMEDIATE" : "BEGIN") {}

  void in_transaction(const std::function<void()>& work) override {
    db_.execute(begin_);
    try {
      work();
      rows_.reset();
      db_.execute("COMMIT");
    } catch (...) {
      rows_.reset();
      db_.roll_back();
      throw;
    }
  }

  column_names columns(copied_table of) override {
    column_names result;
    auto described = db_.prepare("SELECT name FROM pragma_table_info(?)");
    for (auto found = described.query(name(of)); found.next();)
      if (auto column = found.text(0); column == "message_seq")
        result.emplace_back("message_id");
      else if (column != "seq")
        result.emplace_back(column);
    return result;
  }

  std::int64_t count(copied_table of) override { return db_.integer("SELECT count(*) FROM " + std::string{name(of)}); }

  void start_reading(copied_table which, const column_names& columns) override {
    std::string list;
    for (auto& each : columns)
      list += (list.empty() ? "" : ", ") + (each == "message_id" ? "(SELECT id FROM messages WHERE seq = message_seq)" : each);
    rows_.reset();
    reading_ = db_.prepare("SELECT " + list + " FROM " + std::string{name(which)} + " ORDER BY " + order_of(which));
    rows_.emplace(reading_.query());
    width_ = static_cast<int>(columns.size());
  }

  std::vector<copied_row> next_rows() override {
    std::vector<copied_row> result;
    while (rows_ && result.size() < rows_at_once) {
      if (!rows_->next()) {
        rows_.reset(); // one more step would begin anew
        break;
      }
      auto& row = result.emplace_back();
      for (int i = 0; i < width_; ++i)
        row.push_back(value(i));
    }
    return result;
  }

  void add(copied_table to, const column_names& columns, const std::vector<copied_row>& rows) override {
    std::string names;
    std::string values;
    std::vector<bool> is_id;
    for (auto& each : columns) {
      auto of_message = each == "message_id";
      names += (names.empty() ? "" : ", ") + (of_message ? "message_seq" : each);
      values += (values.empty() ? "" : ", ") + std::string{of_message ? "(SELECT seq FROM messages WHERE id = ?)" : "?"};
      is_id.push_back(of_message || has_ids(to, each));
    }
    auto insert = db_.prepare("INSERT INTO " + std::string{name(to)} + " (" + names + ") VALUES (" + values + ")");
    for (auto& row : rows) {
      std::vector<sqlite::any_value> bound;
      for (std::size_t i = 0; i < row.size(); ++i)
        if (!row[i])
          bound.emplace_back(std::nullopt);
        else if (is_id[i])
          bound.emplace_back(parse_id<any_id>(*row[i]).value());
        else
          bound.emplace_back(std::string_view{*row[i]});
      insert.run_all(bound);
    }
  }

private:
  static std::string order_of(copied_table which) {
    switch (which) {
    case copied_table::sessions:
      return "id";
    case copied_table::messages:
      return "seq";
    case copied_table::answer_pieces:
      return "message_seq, position";
    case copied_table::votes:
      return "id";
    case copied_table::comparisons:
      return "vote_id";
    }
    return {};
  }

  std::optional<std::string> value(int column) const {
    if (rows_->is_null(column))
      return std::nullopt;
    if (rows_->is_blob(column))
      return to_string(rows_->id<any_id>(column));
    return std::string{rows_->text(column)};
  }

  /// All blobs of ours are ids.
  bool has_ids(copied_table of, std::string_view column) {
    auto described = db_.prepare("SELECT type FROM pragma_table_info(?) WHERE name = ?");
    auto found = described.query(name(of), column);
    return found.next() && found.text(0) == "BLOB";
  }

  file_lock lock_;
  sqlite::connection db_;
  std::string begin_;
  // The table that is read.
  sqlite::statement reading_;
  std::optional<sqlite::rows> rows_;
  int width_ = 0;
};

} // namespace

std::unique_ptr<copied_store> open_sqlite_to_copy(const std::string& file, copy_role role) {
  return std::make_unique<copied_sqlite>(file, role);
}

} // namespace parley::persistence
