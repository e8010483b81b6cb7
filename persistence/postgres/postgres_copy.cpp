#include "persistence/postgres/postgres_connection.hpp"
#include "persistence/postgres/postgres_rows.hpp"
#include "persistence/store/copied_tables.hpp"

#include <map>

namespace parley::persistence {

namespace {

using namespace postgres;

/// Whoever started the copy ends it.
postgres_options patient(const std::string& url) {
  postgres_options options;
  options.url = url;
  options.statement_timeout = options.idle_timeout = std::chrono::milliseconds{0}; // none
  options.call_timeout = std::chrono::hours{24};
  return options;
}

/// A column of that type as the text that all stores share, …
std::string to_shared(const std::string& column, std::string_view type) {
  if (type == "timestamp with time zone")
    return "coalesce((extract(epoch FROM " + column + ") * 1000)::bigint, 0)";
  if (type == "boolean")
    return column + "::integer";
  return column;
}

/// … and back.
std::string from_shared(const std::string& text, std::string_view type) {
  if (type == "timestamp with time zone")
    return "'epoch'::timestamptz + nullif(" + text + "::bigint, 0) * interval '1 millisecond'";
  if (type == "boolean")
    return text + "::integer::boolean";
  return text + "::" + std::string{type};
}

class copied_postgres final : public copied_store {
public:
  copied_postgres(const std::string& url, copy_role role)
    : role_(role), server_(patient(url), role == copy_role::target ? access::write : access::read_only) {
    if (auto done = migrate_postgres(patient(url)); !done)
      throw copy_refused{done.error().message};
  }

  void in_transaction(const std::function<void()>& work) override {
    server_.start_call();
    server_.in_transaction([&](transaction& in) {
      in_ = &in;
      // Nobody else fills what was found empty.
      if (role_ == copy_role::target)
        in.run("LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE");
      work();
      return true;
    });
  }

  column_names columns(copied_table of) override {
    column_names result;
    for (auto& each : types(of))
      result.push_back(each.first);
    return result;
  }

  std::int64_t count(copied_table of) override {
    return in_->run("SELECT count(*) FROM " + std::string{name(of)})[0][0].as<std::int64_t>();
  }

  void start_reading(copied_table which, const column_names& columns) override {
    auto known = types(which);
    std::string list;
    for (auto& each : columns)
      list += (list.empty() ? "" : ", ") + to_shared(each, known.at(each));
    if (reads_)
      in_->run("CLOSE copied");
    reads_ = true;
    in_->run("DECLARE copied NO SCROLL CURSOR FOR SELECT " + list + " FROM " + std::string{name(which)} + " ORDER BY "
             + order_of(which));
  }

  std::vector<copied_row> next_rows() override {
    std::vector<copied_row> result;
    for (auto found : in_->run("FETCH " + std::to_string(rows_at_once) + " FROM copied")) {
      auto& row = result.emplace_back();
      for (auto field : found)
        row.push_back(field.is_null() ? std::nullopt : std::optional{std::string{field.c_str(), field.size()}});
    }
    return result;
  }

  void add(copied_table to, const column_names& columns, const std::vector<copied_row>& rows) override {
    auto known = types(to);
    std::string names, values, arrays, parameters;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      array of_column;
      for (auto& row : rows)
        if (row[i])
          of_column.add(std::string_view{*row[i]});
        else
          of_column.add_null();
      texts.push_back(of_column.text());
      auto comma = i == 0 ? "" : ", ";
      names += comma + columns[i];
      values += comma + from_shared("u." + columns[i], known.at(columns[i]));
      arrays += comma + ("$" + std::to_string(i + 1)) + "::text[]";
      parameters += columns[i] + ", ";
    }
    // No node owns what is copied: who opens a session takes it over.
    if (to == copied_table::sessions) {
      names += ", owner";
      values += ", '00000000-0000-0000-0000-000000000000'";
    }
    in_->run("INSERT INTO " + std::string{name(to)} + " (" + names + ") SELECT " + values + " FROM unnest(" + arrays
               + ") WITH ORDINALITY AS u(" + parameters + "place) ORDER BY u.place",
             pqxx::prepare::make_dynamic_params(texts));
  }

private:
  using column_types = std::map<std::string, std::string>;

  static std::string order_of(copied_table which) {
    switch (which) {
    case copied_table::sessions:
      return "id";
    case copied_table::messages:
      return "seq";
    case copied_table::answer_pieces:
      return "message_id, position";
    case copied_table::votes:
      return "id";
    case copied_table::comparisons:
      return "vote_id";
    }
    return {};
  }

  const column_types& types(copied_table of) {
    auto& known = types_[of];
    if (known.empty())
      for (auto row : in_->run("SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
                               "WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped "
                               "AND attname NOT IN ('owner', 'seq')",
                               std::string{name(of)}))
        known.emplace(row[0].as<std::string>(), row[1].as<std::string>());
    return known;
  }

  copy_role role_;
  connection server_;
  transaction* in_ = nullptr;
  std::map<copied_table, column_types> types_;
  bool reads_ = false;
};

} // namespace

std::unique_ptr<copied_store> open_postgres_to_copy(const std::string& url, copy_role role) {
  return std::make_unique<copied_postgres>(url, role);
}

} // namespace parley::persistence
