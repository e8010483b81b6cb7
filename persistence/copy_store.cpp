#include "persistence/copy_store.hpp"

#include "persistence/postgres/postgres_store.hpp"
#include "persistence/store/copied_tables.hpp"

#include <algorithm>
#include <stdexcept>

namespace parley::persistence {

namespace {

bool is_postgres(const std::string& place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

std::string shown(const std::string& place) {
  return is_postgres(place) ? postgres_place(place) : place;
}

std::unique_ptr<copied_store> open(const std::string& place, copy_role role) {
  return is_postgres(place) ? open_postgres_to_copy(place, role) : open_sqlite_to_copy(place, role);
}

/// Whatever has to do with one of the stores says which.
template <class Function>
auto at(const std::string& place, Function&& work) {
  try {
    return work();
  } catch (const copy_refused&) {
    throw;
  } catch (const std::exception& why) {
    std::string_view text = why.what();
    text = text.substr(0, text.find('\n')); // further lines quote statements
    throw copy_refused{shown(place) + " cannot be used: " + std::string{text}};
  }
}

class copy {
public:
  copy(const std::string& from, const std::string& to, const copy_progress& progress)
    : from_(from), to_(to), progress_(progress), source_(at(from, [&] { return open(from, copy_role::source); })),
      target_(at(to, [&] { return open(to, copy_role::target); })) {}

  copied_rows all() {
    copied_rows result;
    source_->in_transaction([&] {
      target_->in_transaction([&] {
        // An earlier copy was all or nothing: what is there is somebody's.
        refuse_if_there_are(copied_table::sessions, "sessions");
        refuse_if_there_are(copied_table::comparisons, "votes that count");
        result.sessions = one(copied_table::sessions);
        result.messages = one(copied_table::messages);
        result.pieces = one(copied_table::answer_pieces);
        result.votes = one(copied_table::votes);
        result.comparisons = one(copied_table::comparisons);
      });
    });
    return result;
  }

private:
  void refuse_if_there_are(copied_table which, std::string_view what) {
    if (auto there = target_->count(which); there > 0)
      throw copy_refused{shown(to_) + " already has " + std::to_string(there) + " " + std::string{what}
                         + "; a copy goes into an empty store only"};
  }

  std::int64_t one(copied_table which) {
    auto of = at(from_, [&] { return source_->count(which); });
    auto columns = at(to_, [&] { return target_->columns(which); });
    check_columns(which, columns);
    at(from_, [&] { source_->start_reading(which, columns); });
    std::int64_t done = 0;
    while (true) {
      auto rows = at(from_, [&] { return source_->next_rows(); });
      if (rows.empty())
        break;
      at(to_, [&] { target_->add(which, columns, rows); });
      done += std::ssize(rows);
      if (progress_)
        progress_(name(which), done, of);
    }
    if (auto arrived = at(to_, [&] { return target_->count(which); }); done != of || arrived != of)
      throw copy_refused{"of " + std::to_string(of) + " rows of " + std::string{name(which)} + " " + std::to_string(done)
                         + " were read and " + std::to_string(arrived) + " arrived"};
    return done;
  }

  /// Both stores are of the newest version, and so have the same; a migration that forgot one of them would lose data here.
  void check_columns(copied_table which, column_names expected) {
    auto there = source_->columns(which);
    std::sort(there.begin(), there.end());
    std::sort(expected.begin(), expected.end());
    if (there != expected)
      throw copy_refused{"the two stores have different columns in " + std::string{name(which)}};
  }

  const std::string& from_;
  const std::string& to_;
  const copy_progress& progress_;
  std::unique_ptr<copied_store> source_;
  std::unique_ptr<copied_store> target_;
};

} // namespace

expected<copied_rows> copy_store(const std::string& from, const std::string& to, const copy_progress& progress) {
  try {
    return copy{from, to, progress}.all();
  } catch (const std::exception& why) {
    std::string text = why.what();
    if (!text.ends_with('.'))
      text += '.';
    return fail(ec::store_unavailable, "Nothing was copied: " + text);
  }
}

} // namespace parley::persistence
