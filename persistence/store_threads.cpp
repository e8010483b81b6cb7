#include "persistence/store_threads.hpp"

#include "core/check.hpp"
#include "persistence/spool/replay.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace parley::persistence {

namespace {

/// Nobody waits for a checkpoint: those of many runs share a commit. Anything else is written at once, and takes along some of
/// what waits. Small beside the time between an answer's checkpoints.
constexpr std::chrono::milliseconds checkpoint_patience{250};

constexpr std::string_view writing = "writing_thread";

expected<store_found> read(store& from, const store_read& what) {
  return std::visit(
    [&](auto& one) -> expected<store_found> {
      using type = std::decay_t<decltype(one)>;
      if constexpr (std::is_same_v<type, list_sessions> || std::is_same_v<type, list_messages>)
        return from.list(one);
      else if constexpr (std::is_same_v<type, tally_votes>)
        return from.tally(one);
      else
        return from.find(one);
    },
    what);
}

/// What `call()` returns; `store_unavailable` if it throws, which no store may: whether it did anything can't be known.
template <class Call>
auto ask(std::string_view thread, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (...) {
    report_exception(thread);
    return fail(ec::store_unavailable, "The store failed by a defect of the server.");
  }
}

/// The same for a call with a result for each of `count` requests.
template <class Result, class Call>
std::vector<expected<Result>> ask_for_all(std::string_view thread, std::size_t count, Call call) {
  auto results = ask(thread, [&]() -> expected<std::vector<expected<Result>>> {
    auto each = call();
    check(each.size() == count, "a store answers each request of a batch");
    return each;
  });
  return results ? std::move(*results) : std::vector<expected<Result>>(count, tl::unexpected{results.error()});
}

bool is_away(const expected<store_written>& result) {
  return !result && result.error().code == ec::store_unavailable;
}

} // namespace

store_threads::store_threads(stores opened, const persistence_options& options)
  : writes(options.write_queue_bytes, checkpoint_patience), spooling(options.write_queue_bytes), sentinel(options.read_queue),
    writer_(std::move(opened.writer)), spool_(std::move(opened.spool)), sentinel_(std::move(opened.sentinel)) {
  for (auto& each : opened.readers)
    readers.push_back(std::make_unique<reader>(std::move(each), options.read_queue));
}

store_threads::~store_threads() {
  close();
  writes.join();
  close_spool();
  spooling.join();
  sentinel.join();
  for (auto& each : readers)
    each->jobs.join();
}

std::size_t store_threads::start(const store_actor& owner) {
  auto last = [owner] { caf::anon_send(owner, thread_done{}); };
  writes.start([this, owner](std::vector<writer_job> jobs) { write(owner, std::move(jobs)); },
               [owner] { caf::anon_send(owner, thread_done{true}); });
  for (std::size_t i = 0; i < readers.size(); ++i) {
    auto& each = *readers[i];
    each.jobs.start(
      [&each, owner, i](const std::vector<read_job>& jobs) {
        for (auto& job : jobs)
          caf::anon_send(owner, read_done{i, job.request, ask("reading_thread", [&] { return read(*each.from, job.what); })});
        each.jobs.queue.done();
      },
      last);
  }
  if (!spool_)
    return 1 + readers.size();
  spooling.start(
    [this, owner](std::vector<spool_job> jobs) {
      std::vector<store_answer> what;
      for (auto& job : jobs)
        what.push_back(std::move(job.what));
      auto results = ask_for_all<void>("spooling_thread", what.size(), [&] { return spool_->add(what); });
      answers_spooled done;
      for (std::size_t i = 0; i < jobs.size(); ++i)
        done.answers.emplace_back(jobs[i].request, std::move(results[i]));
      spooling.queue.done();
      caf::anon_send(owner, std::move(done));
    },
    last);
  sentinel.start(
    [this, owner](std::vector<request_number> asked) {
      auto outcome = ask("sentinel_thread", [&] { return sentinel_->ping(); });
      sentinel.queue.done();
      caf::anon_send(owner, sentinel_heard{std::move(asked), std::move(outcome)});
    },
    last);
  return 3 + readers.size();
}

void store_threads::close() {
  writes.queue.close();
  sentinel.queue.close();
  for (auto& each : readers)
    each->jobs.queue.close();
}

void store_threads::close_spool() {
  spooling.queue.close();
}

store_threads::reader& store_threads::least_busy() {
  return **std::min_element(readers.begin(), readers.end(), [](auto& a, auto& b) { return a->waiting < b->waiting; });
}

// -- on the writing thread -------------------------------------------------------------------------------------------

void store_threads::write(const store_actor& owner, std::vector<writer_job> jobs) {
  std::vector<write_job> batch;
  std::vector<request_number> health;
  const replay_job* replays = nullptr;
  for (auto& job : jobs) {
    if (auto* write = std::get_if<write_job>(&job))
      batch.push_back(std::move(*write));
    else if (auto* asked = std::get_if<health_job>(&job))
      health.push_back(asked->request);
    else
      replays = &std::get<replay_job>(job);
  }
  batch_written done;
  if (!batch.empty())
    write_batch(std::move(batch), done);
  if (!health.empty()) {
    auto alive = ask(writing, [&] { return writer_->ping(); });
    for (auto number : health)
      done.answers.emplace_back(number, alive.map([] { return store_written{}; }));
  }
  writes.queue.done(); // before the answers: who gets one may write again
  if (!done.answers.empty() || !done.to_spool.empty())
    caf::anon_send(owner, std::move(done));
  if (replays && !writes.queue.closed())
    replay(owner, *replays);
}

void store_threads::write_batch(std::vector<write_job> jobs, batch_written& done) {
  std::vector<store_write> batch;
  for (auto& job : jobs)
    batch.push_back(std::move(job.what));
  auto results = away_ ? std::vector<expected<store_written>>(batch.size(), tl::unexpected{*away_})
                       : ask_for_all<store_written>(writing, batch.size(), [&] { return writer_->write(batch); });
  if (spool_ && !away_)
    if (auto why = std::find_if(results.begin(), results.end(), is_away); why != results.end())
      away_ = why->error();
  if (away_) {
    done.away = away_;
    ++batches_away_;
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (spool_ && is_away(results[i])) {
      if (auto* answer = std::get_if<store_answer>(&batch[i])) {
        done.to_spool.push_back({jobs[i].request, std::move(*answer)});
        continue;
      }
    }
    done.answers.emplace_back(jobs[i].request, std::move(results[i]));
  }
}

void store_threads::replay(const store_actor& owner, const replay_job& wanted) {
  auto outcome = ask(writing, [&] {
    auto alive = writer_->ping();
    if (!alive)
      return alive;
    return replay_all(*spool_, *writer_, [&](message&& stored) { caf::anon_send(owner, answer_left_spool{std::move(stored)}); });
  });
  auto resumes = outcome && wanted.batches_away == batches_away_;
  if (resumes)
    away_.reset();
  else if (!outcome)
    away_ = outcome.error();
  caf::anon_send(owner, spool_replayed{std::move(outcome), resumes});
}

} // namespace parley::persistence
