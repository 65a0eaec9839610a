#include "engine/loop/core.hpp"

#include <new>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "engine/calls/blob_store.hpp"
#include "engine/services/failures.hpp"
#include "port/process.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// The store of another engine, for reading.
class borrowed_store final : public store {
 public:
  explicit borrowed_store(store& s) noexcept : store_(s) {}
  std::optional<std::string> get(std::string_view key) override { return store_.get(key); }
  void scan(const scan_range& range, visitor& v) override { store_.scan(range, v); }
  void commit(const batch&, durability) override {
    throw error(errc::usage, "commit", "a view of a store writes nothing");
  }
  void close() override {}
  store_info info() const override { return store_.info(); }

 private:
  store& store_;
};

}  // namespace

engine_core::engine_core(std::unique_ptr<store> s, engine_options o)
    : parts(std::move(s), std::move(o)),
      calls(parts),
      turns_(parts, calls),
      closing_(parts, turns_),
      recovery_(parts) {
  parts.bodies.read_blob = [this](std::string_view name_space, const blob& b, std::uint64_t offset,
                                  std::uint64_t length) {
    if (!parts.thread.is_here())
      return perform(detail::read_blob{
          .name_space = name_space, .value = b, .offset = offset, .length = length});
    return blob_bytes(parts.tables, name_space, b, offset, length);
  };
}

engine_core::~engine_core() {
  try {
    (void)close(std::nullopt);
  } catch (const std::exception& e) {
    parts.services.reporter.report_failure(event_kind::engine_stopped,
                                           "closing the engine failed: ", text_of(e));
  }
}

// ---------------------------------------------------------------- before the start

void engine_core::must_be_new(std::string_view what, const char* why) const {
  if (phase_ != phase::made) throw error(errc::usage, what, why);
}

void engine_core::define(std::string_view name, std::string_view version,
                         std::unique_ptr<definition> d) {
  must_be_new(name, "define workflows before the engine is started");
  parts.services.definitions.add(name, version, std::move(d));
}

void engine_core::define(std::unique_ptr<declared_error> e) {
  must_be_new(e->name(), "declare error types before the engine is started");
  parts.services.errors.add(std::move(e));
}

void engine_core::retain(std::string_view name_space, duration d) {
  must_be_new(name_space, "retention is set before the engine is started");
  check_name_space(name_space);
  check_retention(name_space, d);
  parts.runs.sweeps.keep[std::string(name_space)] = d;
}

start_preview engine_core::preview(std::size_t listed_max) {
  must_be_new("preview", "a preview is of a start: call it before start()");
  try {
    recovery_.read_only();
    auto p = calls.previews.of_start(listed_max, shared_from_this());
    recovery_.forget();
    return p;
  } catch (...) {
    auto why = as_error(std::current_exception());
    recovery_.forget();
    std::rethrow_exception(why);
  }
}

stalled_run engine_core::replay_history(std::string_view exported) {
  must_be_new("replay_history", "an engine that is started replays its own runs");
  try {
    parts.time.keeper.update_now(false);
    return calls.previews.of_history(exported);
  } catch (...) { std::rethrow_exception(as_error(std::current_exception())); }
}

// ---------------------------------------------------------------- the start

void engine_core::start() {
  if (phase_ == phase::running) throw error(errc::usage, "start", "the engine is started already");
  if (phase_ == phase::closed) throw error(errc::closed, "start", "the engine is closed");
  as_loop here(parts);
  process_ = port::process_id();
  try {
    recovery_.recover();
    was_busy_ = !parts.runs.agenda.empty();
    start_threads();
  } catch (...) {
    give_up_start(std::current_exception());
    std::rethrow_exception(as_error(std::current_exception()));
  }
}

void engine_core::start_threads() {
  parts.bodies.threads.start();
  phase_ = phase::running;  // a body may begin before this returns
  if (parts.services.is_manual()) return;
  parts.commit.start();
  parts.services.watchdog.start();
  parts.thread.start(std::thread([this] { turns_.loop(); }));
}

/// A start that failed halfway can't be repeated. But if the store had no room for its owner's
/// mark, nothing was read, and the start may be tried again.
void engine_core::give_up_start(const std::exception_ptr& why) {
  if (recovery_.may_try_again(why)) return;
  parts.services.watchdog.stop();
  parts.commit.commit_thread.stop();
  phase_ = phase::closed;
  recovery_.let_go();
  parts.runs.table.clear();
  parts.services.store.close();
}

// ---------------------------------------------------------------- the close

/// In a forked child the threads don't exist, and the store is the parent's. Nothing is touched,
/// and the threads' objects are leaked.
bool engine_core::abandon_in_fork() noexcept {
  if (phase_ == phase::made || process_ == port::process_id()) return false;
  if (parts.thread.joinable()) parts.thread.forget();
  parts.bodies.threads.leak();
  for (auto& [run, r] : parts.runs.table.all())
    for (auto* a : r->attempts)
      if (a->later) a->later->orphan();
  parts.commit.commit_thread.leak();
  parts.services.watchdog.leak();
  phase_ = phase::closed;
  return true;
}

namespace {

/// Returns null if this thread may close the engine.
const char* why_not_closed_here(const engine_parts& e) noexcept {
  if (reporter::is_in_listener())
    return "a listener can't close an engine, which waits for the listener: close it from another "
           "thread";
  auto* body = attempt_of_thread();
  if (e.thread.is_here() || (body && &body->home == &e.bodies))
    return "an engine can't be closed from its own threads: a body would wait for itself";
  return nullptr;
}

}  // namespace

void close_at_end(engine_core& e) noexcept {
  auto close_it = [](engine_core& core) noexcept {
    try {
      (void)core.close(std::nullopt);
    } catch (const std::exception& why) {
      core.parts.services.reporter.report(event_kind::engine_stopped, text_of(why));
    }
  };
  if (!why_not_closed_here(e.parts)) return close_it(e);
  try {
    std::thread([close_it, alive = e.shared_from_this()] { close_it(*alive); }).detach();
  } catch (...) {  // no more threads, or no memory: it goes on, and is never destroyed
    std::ignore = new (std::nothrow) std::shared_ptr<engine_core>(e.shared_from_this());
  }
}

bool engine_core::close(std::optional<duration> limit) {
  if (abandon_in_fork()) return true;
  if (limit && limit->count() < 0)
    throw error(errc::usage, "close",
                "the time to wait is negative, " + shown(*limit) + ": close() waits without limit");
  if (auto* why = why_not_closed_here(parts)) throw error(errc::usage, "close", why);
  constexpr duration no_limit = std::chrono::hours(24 * 365);
  std::optional<std::chrono::steady_clock::time_point> close_by;
  if (limit && *limit < no_limit) close_by = std::chrono::steady_clock::now() + *limit;
  if (!parts.inbox.begin_close()) return one_close_.wait(close_by) && !closing_.left_bodies;
  const auto alive =
      weak_from_this().lock();  // a second close, and its engine, may end before this
  one_close::under_way here_first(one_close_);
  const bool is_loop_left = parts.thread.joinable() && !parts.thread.join(close_by);
  parts.commit.commit_thread.stop();
  parts.services.watchdog.stop();
  port::lock_guard lock(drive_mutex_);
  as_loop here(parts);
  closing_.set_limit(close_by);
  closing_.left_bodies = is_loop_left;
  auto why = finish(is_loop_left);
  turns_.fail_everybody(why ? why : engine_is_closed());
  if (closing_.left_bodies) {
    keep_for_ever();
  } else {
    turns_.discard_attempts();
    calls.queries.clear();
    parts.runs.table.clear();
  }
  parts.services.store.close();
  if (why) std::rethrow_exception(why);
  return !closing_.left_bodies;
}

/// Returns what the store has thrown. `is_loop_left`: a run is in the midst of a drive, so the data
/// in memory is incomplete.
std::exception_ptr engine_core::finish(bool is_loop_left) {
  if (phase_.exchange(phase::closed) != phase::running) return nullptr;
  std::exception_ptr why;
  try {
    if (!is_loop_left) closing_.finish();
  } catch (...) { why = as_error(std::current_exception()); }
  closing_.end_bodies();  // also if finish() has failed: frames are destroyed now
  return why;
}

/// Bodies that still run may touch everything here, so it is kept. They don't touch the host's
/// objects any more, apart from an interceptor that one of them is in.
void engine_core::keep_for_ever() {
  static port::mutex mutex;
  static auto* kept STET_PT_GUARDED_BY(mutex) = new std::vector<std::shared_ptr<engine_core>>;
  parts.services.crash_slots.detach();
  parts.bodies.leave_host();
  port::lock_guard lock(mutex);
  kept->push_back(shared_from_this());
}

// ---------------------------------------------------------------- what readers see

/// The engine that a reader reads from. While the store refuses to write it is another engine,
/// which has read the store; nothing changes the store meanwhile.
engine_core& engine_core::readable() {
  auto& commit = parts.commit;
  if (!commit.is_refused()) return *this;
  if (!commit.until_written) {
    auto options = parts.services.options;
    options.threads = 0;
    options.executor = nullptr;
    options.listener = &parts.services.reporter;  // the reporter calls it one event at a time
    auto view = std::make_shared<engine_core>(
        std::make_unique<borrowed_store>(parts.services.store), std::move(options));
    view->recovery_.read_only();
    view->recovery_.let_go();
    commit.until_written = std::move(view);
  }
  return *static_cast<engine_core*>(commit.until_written.get());
}

}}}  // namespace stet::v0::detail
