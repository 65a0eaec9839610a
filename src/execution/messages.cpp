// What others bring to a run: signals, updates, queries; and what it leaves to the next of its
// chain.
#include <algorithm>
#include <new>
#include <stdexcept>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "execution/execution.hpp"

namespace stet { inline namespace v0 { namespace detail {

// ---------------------------------------------------------------- signals

bool execution::take_message(std::string_view name, std::string& payload) {
  auto at = std::find_if(unread_.begin(), unread_.end(), [&](auto& m) { return m.name == name; });
  if (at == unread_.end()) return false;
  payload = std::move(at->payload);
  if (!replay_ || !STET_SEEDED(read_signal_twice)) unread_.erase(at);
  return true;
}

std::vector<std::string> execution::unseen() const {
  std::vector<std::string> all;
  auto add = [&](const record& r) { encode(all.emplace_back(), r); };
  for (auto& m : unread_) {
    record r;
    r.kind = record_kind::signal;
    r.run = run_;
    r.name = m.name;
    r.target = m.key;
    r.payload = m.payload;
    add(r);
  }
  for (auto& w : waiting_) {
    record r;
    r.kind = record_kind::update;
    r.run = run_;
    r.name = w.name;
    r.target = w.id;
    r.payload = w.arguments;
    if (auto* a = find_update(w.id); a && a->unnamed) r.flags = record_flag::unnamed;
    add(r);
  }
  all.insert(all.end(), undriven_.begin(), undriven_.end());
  return all;
}

bool execution::has_queued(record_kind k, std::string_view target) const {
  return std::any_of(undriven_.begin(), undriven_.end(), [&](auto& bytes) {
    source in(bytes);
    auto r = decode_record(in);
    return r.kind == k && r.target == target;
  });
}
bool execution::knows_signal(std::string_view key) const {
  return keys_.contains(key) || has_queued(record_kind::signal, key);
}

void execution::visit_sent(
    const std::function<void(record_kind, std::uint8_t flags, std::string_view)>& visit) const {
  for (auto& key : keys_) visit(record_kind::signal, 0, key);
  for (auto& [id, answer] : updates_)
    visit(record_kind::update, answer.unnamed ? record_flag::unnamed : 0, id);
  for (auto& bytes : undriven_) {
    source in(bytes);
    auto r = decode_record(in);
    if (r.kind == record_kind::signal || r.kind == record_kind::update)
      visit(r.kind, r.flags, r.target);
  }
}

// ---------------------------------------------------------------- handlers

handler* execution::find_handler(handler::kind k, std::string_view name) const noexcept {
  auto at = std::find_if(handlers_.begin(), handlers_.end(),
                         [&](auto* h) { return h->what == k && h->name == name; });
  return at == handlers_.end() ? nullptr : *at;
}

bool execution::add(handler& h) {
  if (is_inert()) return false;
  must_run(h.name);
  if (find_handler(h.what, h.name))
    throw error(errc::conflict, h.name,
                "this run answers " + shown(h.name) + " already: one handler at a time");
  handlers_.push_back(&h);
  return true;
}

void execution::remove(handler& h) noexcept {
  std::erase(handlers_, &h);
  for (auto& u : running_)
    if (u.by == &h) abandon_update(u);
}

std::string execution::answer_query(std::string_view name, std::string_view arguments) {
  auto* h = find_handler(handler::kind::query, name);
  if (!h)
    throw error(errc::not_found, name,
                "the run " + shown(id_) + " has no handler for the query " + shown(name) +
                    " at "
                    "the moment");
  std::string out;
  h->answer(arguments, out);
  return out;
}

void execution::root_returns() noexcept {
  if (!at_return_) return;
  auto* out = std::exchange(out_, nullptr);
  try {
    answer_at_return_ = answer_query(at_return_->first, at_return_->second);
  } catch (...) { failed_at_return_ = std::current_exception(); }
  out_ = out;
}

std::optional<std::string> execution::answered_at_return() {
  if (failed_at_return_) std::rethrow_exception(failed_at_return_);
  return std::move(answer_at_return_);
}

// ---------------------------------------------------------------- updates

const update_answer* execution::find_update(std::string_view id) const noexcept {
  auto found = updates_.find(id);
  return found == updates_.end() ? nullptr : &found->second;
}

std::size_t execution::open_updates() const noexcept {
  return waiting_.size() + static_cast<std::size_t>(std::count_if(
                               running_.begin(), running_.end(), [](auto& u) { return !u.ended; }));
}

void execution::validate(std::string_view update, std::string_view arguments) {
  auto* h = find_handler(handler::kind::update, update);
  if (!h)
    throw error(errc::rejected, update,
                "the run " + shown(id_) + " has no handler for the update " + shown(update) +
                    " at the moment");
  try {
    h->validate(arguments);
  } catch (const error& e) {
    if (e.code() == errc::payload) throw;
    throw error(errc::rejected, update, e.what());
  } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
    throw error(errc::rejected, update, words_of(e));
  } catch (...) { throw error(errc::rejected, update, "its validator refuses it"); }
}

void execution::begin_update(const record& event) {
  waiting_update w{std::string(event.name), std::string(event.target), std::string(event.payload),
                   ++last_update_};
  auto& answer = updates_[w.id];
  answer.number = w.number;
  answer.unnamed = event.flags & record_flag::unnamed;
  auto* h = find_handler(handler::kind::update, w.name);
  if (event.flags & record_flag::unasked) {
    try {
      validate(w.name, w.arguments);
    } catch (const std::bad_alloc&) { return starve(); } catch (...) {
      return refuse_update(w, std::current_exception());
    }
  } else if (!h) {
    problem_ = "the history says that the update " + shown(w.name) +
               " was accepted, and today's code has no handler for it there";
    return;
  }
  bool waits = h->exclusive && (exclusive_runs() || !waiting_.empty());
  if (waits && !STET_SEEDED(calls_overlap)) waiting_.push_back(std::move(w));
  else run_update(*h, std::move(w));
}

void execution::run_update(handler& h, waiting_update w) {
  auto& u = running_.emplace_back(*this, h, std::move(w.id), w.number);
  scope_access::attach(u.part, *top_);
  try {
    u.work = h.begin(context_, w.arguments);
  } catch (...) { return end_update(u, std::current_exception()); }
  if (u.work->start({&u.part, root_depth}, u)) end_update(u, nullptr);
}

bool execution::exclusive_runs() const noexcept {
  return std::any_of(running_.begin(), running_.end(),
                     [](auto& u) { return !u.ended && u.by && u.by->exclusive; });
}

/// The next of those that run one at a time. False: there is none, or it isn't its turn.
bool execution::begin_waiting() {
  if (waiting_.empty() || exclusive_runs()) return false;
  auto w = std::move(waiting_.front());
  waiting_.pop_front();
  if (auto* h = find_handler(handler::kind::update, w.name)) {
    run_update(*h, std::move(w));
  } else {
    refuse_update(w, std::make_exception_ptr(
                         error(errc::update_failed, w.name, "its handler is there no longer")));
  }
  return true;
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
    } else if (found && r.command == found->number) {
      if (r.kind == record_kind::update_done) found->payload = r.payload;
      else if (r.kind == record_kind::update_failed)
        found->failure = std::make_unique<failure>(failure_of(r));
      else continue;
      found->done = true;
    }
  }
  return found;
}

std::coroutine_handle<> execution::update_ended(waiter& w) noexcept {
  auto& u = static_cast<running_update&>(w);
  u.run.end_update(u, nullptr);
  return std::noop_coroutine();
}

/// Its handler has returned, or thrown: that is the answer. Its frame goes when the drive is over.
void execution::end_update(running_update& u, const std::exception_ptr& failed) noexcept {
  u.ended = true;
  record_answer(u.id, u.number, failed, u.work.get());
}
void execution::refuse_update(const waiting_update& w, const std::exception_ptr& why) {
  record_answer(w.id, w.number, why, nullptr);
}

void execution::record_answer(const std::string& id, std::uint32_t number,
                              const std::exception_ptr& failed, root* work) noexcept try {
  auto& a = updates_[id];
  record r;
  std::string path;
  r.command = number;
  try {
    if (failed) std::rethrow_exception(failed);
    work->result(a.payload);
    check_payload("the result of the update " + shown(id), "update", a.payload.size(),
                  payload_limit::now());
    r.kind = record_kind::update_done;
    r.payload = a.payload;
  } catch (const std::bad_alloc&) { return starve(); } catch (...) {
    a.failure = std::make_unique<failure>(errors_.describe(std::current_exception()));
    r.kind = record_kind::update_failed;
    r.code = errc::update_failed;
    set_failure(r, *a.failure, path);
  }
  a.done = true;
  emit(r);
  if (!replay_) out_->updated.push_back(id);
} catch (const std::bad_alloc&) { starve(); }

void execution::fail_update(running_update& u, const char* why) noexcept {
  if (u.ended) return;
  end_update(u, std::make_exception_ptr(error(errc::update_failed, "update", why)));
}

bool execution::is_within(const v0::scope* s, const v0::scope& outer) noexcept {
  while (s && s != &outer) s = s->parent_;
  return s != nullptr;
}

bool execution::is_suspended(const v0::scope& s) const noexcept {
  if (s.commands_) return true;
  for (auto* c = s.child_; c; c = c->next_)
    if (is_suspended(*c)) return true;
  return std::any_of(out_->ready.begin(), out_->ready.end(),
                     [&](auto& r) { return r.first && is_within(r.second, s); });
}

/// What answers it is being destroyed, and what that refers to goes next: no code of the handler
/// may run any more.
void execution::abandon_update(running_update& u) noexcept {
  if (u.ended) return;
  if (out_) {
    if (!is_suspended(u.part)) {  // it is what destroys it
      problem_ = "the handler of an update destroys what answers it";
      u.by = nullptr;
      return;
    }
    abandon(u.part);
    for (auto& [w, s] : out_->ready)
      if (w && is_within(s, u.part)) w = nullptr;
    fail_update(u, "what answers it was destroyed before its handler had ended");
  }
  u.ended = true;
  destroying inert(*this);
  u.work.reset();
}

void execution::abandon(v0::scope& s) noexcept try {
  for (auto* c = s.commands_; c;) {
    auto* following = c->next;
    if (!c->awaits_body) {
      record r;
      r.kind = record_kind::cancelled;
      r.command = c->id;
      emit(r);
      withdraw(c->id);
    }
    if (!replay_ && c->kind == command_kind::step && host_) host_->await_body(run_, c->id);
    unlink(*c);
    c = following;
  }
  for (auto* c = s.child_; c; c = c->next_) abandon(*c);
} catch (const std::bad_alloc&) { starve(); }

// ---------------------------------------------------------------- the next run

bool execution::continue_as(continued_as next, const v0::scope& s, std::string& refused) noexcept {
  if (s.is_cancelled()) {
    try {
      refused = *s.reason_;
    } catch (const std::bad_alloc&) { starve(); }
    return false;
  }
  continues_ = std::move(next);
  return true;
}

}  // namespace detail
}}  // namespace stet::v0
