#include "execution/update_desk.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "execution/execution.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {

// ---------------------------------------------------------------- handlers

handler* update_desk::find_handler(handler::kind k, std::string_view name) const noexcept {
  auto at = std::find_if(handlers_.begin(), handlers_.end(),
                         [&](auto* h) { return h->what == k && h->name == name; });
  return at == handlers_.end() ? nullptr : *at;
}

void update_desk::add(handler& h) {
  if (find_handler(h.what, h.name))
    throw error(errc::conflict, h.name,
                "this run answers " + shown(h.name) + " already: one handler at a time");
  handlers_.push_back(&h);
}

void update_desk::remove(handler& h) noexcept {
  std::erase(handlers_, &h);
  for (auto& u : running_)
    if (u.by == &h) abandon(u);
}

std::string update_desk::answer_query(std::string_view name, std::string_view arguments) {
  auto* h = find_handler(handler::kind::query, name);
  if (!h)
    throw error(errc::not_found, name,
                "the run " + shown(run_.id()) + " has no handler for the query " + shown(name) +
                    " at the moment");
  std::string out;
  h->answer(arguments, out);
  return out;
}

void update_desk::root_returns() noexcept {
  if (!at_return_.asked) return;
  auto* out = run_.replay_cursor.suspend();
  try {
    at_return_.answer = answer_query(at_return_.asked->first, at_return_.asked->second);
  } catch (...) { at_return_.failed = std::current_exception(); }
  run_.replay_cursor.resume(out);
}

std::optional<std::string> update_desk::answered_at_return() {
  if (at_return_.failed) std::rethrow_exception(at_return_.failed);
  return std::move(at_return_.answer);
}

void update_desk::validate(std::string_view update, std::string_view arguments) {
  auto* h = find_handler(handler::kind::update, update);
  if (!h)
    throw error(errc::rejected, update,
                "the run " + shown(run_.id()) + " has no handler for the update " + shown(update) +
                    " at the moment");
  try {
    h->validate(arguments);
  } catch (const error& e) {
    if (e.code() == errc::payload) throw;
    throw error(errc::rejected, update, words_of(e));
  } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
    throw error(errc::rejected, update, words_of(e));
  } catch (...) { throw error(errc::rejected, update, "its validator refuses it"); }
}

// ---------------------------------------------------------------- begin

void update_desk::begin(const record& event) {
  auto& replay_cursor = run_.replay_cursor;
  waiting_update w{std::string(event.name), std::string(event.target), std::string(event.payload),
                   ++last_update_};
  auto& answer = updates_[w.id];
  answer.number = w.number;
  answer.unnamed = event.flags & flag::update::unnamed;
  auto* h = find_handler(handler::kind::update, w.name);
  if (event.flags & flag::update::unasked) {
    try {
      validate(w.name, w.arguments);
    } catch (const std::bad_alloc&) { return replay_cursor.starve(); } catch (...) {
      return refuse(w, std::current_exception());
    }
  } else if (!h) {
    return replay_cursor.reject("the history says that the update " + shown(w.name) +
                                " was accepted, and today's code has no handler for it there");
  }
  bool waits = h->exclusive && (exclusive_runs() || !waiting_.empty());
  if (waits && !STET_SEEDED(calls_overlap)) waiting_.push_back(std::move(w));
  else run_update(*h, std::move(w));
}

void update_desk::run_update(handler& h, waiting_update w) {
  auto& u = running_.emplace_back(*this, h, std::move(w.id), w.number);
  scope_access::attach(u.scope, run_.top());
  try {
    u.work = h.begin(run_.user_context(), w.arguments);
  } catch (...) {
    auto thrown = std::current_exception();
    if (!parks(u.id, thrown)) end(u, thrown);
    return;
  }
  if (u.work->start({&u.scope, root_depth}, u)) end(u, nullptr);
}

bool update_desk::exclusive_runs() const noexcept {
  return std::any_of(running_.begin(), running_.end(),
                     [](auto& u) { return !u.ended && u.by && u.by->exclusive; });
}

bool update_desk::begin_waiting() {
  if (waiting_.empty() || exclusive_runs()) return false;
  auto w = std::move(waiting_.front());
  waiting_.pop_front();
  if (auto* h = find_handler(handler::kind::update, w.name)) {
    run_update(*h, std::move(w));
  } else {
    refuse(w, std::make_exception_ptr(
                  error(errc::update_failed, w.name, "its handler is there no longer")));
  }
  return true;
}

// ---------------------------------------------------------------- end

std::coroutine_handle<> update_desk::update_ended(waiter& w) noexcept {
  auto& u = static_cast<running_update&>(w);
  u.desk.end(u, nullptr);
  return std::noop_coroutine();
}

/// Rejects the run if the handler of an accepted update has read what doesn't decode, unless the
/// history has another end of it. Any other exception is the caller's answer, also that of a decode
/// in the handler's own code: it ends this update alone, and a caller with a bad argument mustn't
/// hold up the run.
bool update_desk::parks(const std::string& id, const std::exception_ptr& escaped) {
  if (!is_undecodable(escaped)) return false;
  if (run_.replay_cursor.has_command_next()) return false;
  run_.replay_cursor.reject("the handler of the update " + shown(id) +
                                " reads something else than was recorded: " + words_of(escaped) +
                                "; a build that can read it lets the run go on",
                            stall_kind::undecodable);
  return true;
}

/// The handler has returned or thrown: records that as the answer. The handler's frame is destroyed
/// when the drive is over.
void update_desk::end(running_update& u, const std::exception_ptr& failed) noexcept {
  u.ended = true;
  record_answer(u.id, u.number, failed, u.work.get());
}

void update_desk::refuse(const waiting_update& w, const std::exception_ptr& why) {
  record_answer(w.id, w.number, why, nullptr);
}

void update_desk::record_answer(const std::string& id, std::uint32_t number,
                                const std::exception_ptr& failed, root* work) noexcept try {
  auto& a = updates_[id];
  record r;
  std::string path;
  r.command = command_number(number);
  try {
    if (failed) std::rethrow_exception(failed);
    work->result(a.payload);
    if (a.payload.size() > payload_limit::now())
      check_payload("the result of the update " + shown(id), "update", a.payload.size(),
                    payload_limit::now());
    r.kind = record_kind::update_done;
    r.payload = a.payload;
  } catch (const std::bad_alloc&) { return run_.replay_cursor.starve(); } catch (...) {
    if (work && parks(id, std::current_exception())) return;
    a.failure = std::make_unique<failure>(run_.errors().describe(std::current_exception()));
    r.kind = record_kind::update_failed;
    r.code = errc::update_failed;
    set_failure(r, *a.failure, path);
  }
  a.done = true;
  run_.replay_cursor.emit(r);
  if (!run_.replay_cursor.is_replaying()) run_.replay_cursor.out().updated.push_back(id);
} catch (const std::bad_alloc&) { run_.replay_cursor.starve(); }

void update_desk::fail(running_update& u, const char* why) noexcept {
  if (u.ended) return;
  end(u, std::make_exception_ptr(error(errc::update_failed, "update", why)));
}

void update_desk::fail_all(bool go_over) {
  for (auto& u : running_) fail(u, "its run ended before its handler had");
  if (go_over) return;
  for (auto& w : std::exchange(waiting_, {}))
    refuse(w, std::make_exception_ptr(
                  error(errc::update_failed, w.name, "its run ended before its turn came")));
}

void update_desk::drop_ended() {
  running_.remove_if([](auto& u) { return u.ended; });
}

/// The handler is being destroyed, and the things that it refers to are destroyed next: no code of
/// it may run any more.
void update_desk::abandon(running_update& u) noexcept {
  if (u.ended) return;
  if (run_.replay_cursor.is_driven()) {
    if (!run_.commands.is_suspended(u.scope)) {  // this update itself destroys the handler
      run_.replay_cursor.reject("the handler of an update destroys what answers it");
      u.by = nullptr;
      return;
    }
    run_.commands.abandon(u.scope);
    for (auto& [w, s] : run_.replay_cursor.out().ready)
      if (w && is_within(s, u.scope)) w = nullptr;
    fail(u, "what answers it was destroyed before its handler had ended");
  }
  u.ended = true;
  execution::destroying inert(run_);
  u.work.reset();
}

// ---------------------------------------------------------------- find

const update_answer* update_desk::find(std::string_view id) const noexcept {
  auto found = updates_.find(id);
  return found == updates_.end() ? nullptr : &found->second;
}

std::size_t update_desk::open() const noexcept {
  return waiting_.size() + static_cast<std::size_t>(std::count_if(
                               running_.begin(), running_.end(), [](auto& u) { return !u.ended; }));
}

void update_desk::add_waiting(run_number run, std::vector<std::string>& all) const {
  for (auto& w : waiting_) {
    auto* a = find(w.id);
    const bool is_unnamed = a && a->unnamed;
    record r = events::update(w.name, w.id, w.arguments,
                              is_unnamed ? flag::update::unnamed : std::uint8_t{0});
    r.run = run;
    encode(all.emplace_back(), r);
  }
}

std::optional<update_answer> find_update(std::string_view history, std::string_view id) {
  std::optional<update_answer> found;
  std::uint32_t updates = 0;
  for (source in(history); !in.done();) {
    auto r = decode_record(in);
    if (r.kind == record_kind::update) {
      ++updates;
      if (found || r.target != id) continue;
      found.emplace();
      found->number = updates;
    } else if (found && r.command.value() == found->number) {
      if (r.kind == record_kind::update_done) found->payload = r.payload;
      else if (r.kind == record_kind::update_failed)
        found->failure = std::make_unique<failure>(failure_of(r));
      else continue;
      found->done = true;
    }
  }
  return found;
}

}}}  // namespace stet::v0::detail
