#include "execution/execution.hpp"

#include <algorithm>
#include <new>

#include "base/crc32c.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint32_t refused_awaits_max = 1000;

}  // namespace

execution::execution(definition& d, const error_registry& errors, execution_host* host,
                     std::uint64_t run, std::string_view id)
    : waiter(&root_ended),
      definition_(d),
      errors_(errors),
      host_(host),
      run_(run),
      id_(id),
      context_(*this),
      top_(std::make_unique<scope>()),
      id_checksum_(crc32c(id)) {
  top_->run_ = this;
}

execution::~execution() {
  destroying inert(*this);
  host_ = nullptr;
  root_.reset();
  running_.clear();
  for (auto* c : std::exchange(pending_, {})) {
    if (!c->detached) continue;
    c->owner = nullptr;
    c->drop();
  }
}

std::coroutine_handle<> execution::root_ended(waiter& w) noexcept {
  static_cast<execution&>(w).root_done_ = true;
  return std::noop_coroutine();
}

// ---------------------------------------------------------------- driving

bool execution::deliver(const record& event, drive_output& out) {
  out_ = &out;
  payload_limit limited(event.kind == record_kind::started ? event.payload_limit : limit_);
  try {
    dispatch(event);
    drain();
  } catch (const std::bad_alloc&) { starve(); } catch (...) {
    reject_by(std::current_exception());
  }
  out_ = nullptr;
  if (problem_.empty() && waits_for_nothing() && undriven_.empty())
    problem_ =
        "the workflow isn't finished and waits for nothing: it awaits something that isn't Stet's";
  return problem_.empty();
}

/// Something was thrown while it was driven that is no answer of the workflow's: by a function that
/// is no coroutine yet, or because of a history that makes no sense.
void execution::reject_by(const std::exception_ptr& thrown) noexcept try {
  if (problem_.empty()) problem_ = words_of(thrown);
} catch (const std::bad_alloc&) { starve(); }

record execution::take_queued(std::string& bytes, std::int64_t time) {
  if (undriven_.empty()) throw malformed("an event should drive that isn't there");
  bytes = std::move(undriven_.front());
  undriven_.pop_front();
  source in(bytes);
  auto event = decode_record(in);
  event.time = time;
  return event;
}

bool execution::drive_next(std::int64_t time, drive_output& out) {
  std::string bytes;
  return deliver(take_queued(bytes, time), out);
}

void execution::dispatch(const record& event) {
  now_ = std::max(now_, event.time);
  ++records_;
  switch (event.kind) {
    case record_kind::started: start(event); break;
    case record_kind::cancel_requested: top_->cancel(event.name); break;
    case record_kind::signal:
      unread_.push_back(
          {std::string(event.name), std::string(event.target), std::string(event.payload)});
      if (!event.target.empty()) keys_.emplace(event.target);
      break;
    case record_kind::update: begin_update(event); break;
    default: answer(event);
  }
}

void execution::start(const record& event) {
  random_state_ = event.seed[0] ^ (event.seed[1] * 0x9e3779b97f4a7c15);
  seed_[0] = event.seed[0];
  seed_[1] = event.seed[1];
  secret_ = event.secret;
  limit_ = event.payload_limit;
  try {
    root_ = definition_.begin(context_, event.payload);
  } catch (const error& e) {
    if (e.code() != errc::payload) throw;
    problem_ = "the arguments of workflow " + shown(event.name) + " don't decode: " + e.what();
    return;
  }
  if (root_->start({top_.get(), 0}, *this)) root_done_ = true;
}

/// An event that answers a command.
void execution::answer(const record& event) {
  auto* c = find_pending(event.command);
  if (!c) return;  // it was given up since
  if (answered_by(event.kind) != record_of(c->kind))
    throw malformed("the history is damaged: " + shown(to_text(event.kind)) + " answers a " +
                    std::string(to_text(record_of(c->kind))));
  switch (event.kind) {
    case record_kind::step_done:
    case record_kind::child_done:
    case record_kind::promise_resolved:
    case record_kind::message_done:
      c->answered = answer_kind::value;
      c->payload = event.payload;
      break;
    case record_kind::timer_fired: c->answered = answer_kind::value; break;
    case record_kind::step_failed:
    case record_kind::child_failed:
    case record_kind::promise_rejected:
    case record_kind::message_failed:
      c->answered = answer_kind::failure;
      c->code = event.code;
      c->error = std::make_unique<failure>(failure_of(event));
      if (event.flags & record_flag::waits) {
        c->awaits_body = true;  // its outcome stands; it goes on when the body has returned
        return;
      }
      break;
    default: break;  // body_returned: answered already
  }
  complete(*c);
}

void execution::complete(command& c) noexcept try {
  if (auto* w = c.awaited_by) out_->ready.emplace_back(w, c.part);
  unlink(c);
} catch (const std::bad_alloc&) { starve(); }

void execution::drain() {
  auto& ready = out_->ready;
  do {
    for (std::size_t i = 0; i < ready.size() && problem_.empty() && !stops(); ++i)
      if (auto* w = std::exchange(ready[i].first, nullptr)) w->notify().resume();
    ready.clear();
  } while (problem_.empty() && !stops() && (meet_condition() || begin_waiting()));
  {
    destroying inert(*this);  // what a parameter's destructor asked for here would come too late
    running_.remove_if([](auto& u) { return u.ended; });
  }
  if (stops() && problem_.empty() && !ended_) finish();
}

/// Looks at what the run itself answers.
bool execution::look(condition& c) noexcept {
  try {
    if (!c.holds(*this)) return false;
    if (c.answered == answer_kind::none) c.answered = answer_kind::value;
  } catch (const std::bad_alloc&) {
    starve();
    return false;
  } catch (...) {
    c.thrown = std::current_exception();
    c.answered = answer_kind::failure;
  }
  return true;
}

bool execution::meet_condition() noexcept {
  for (auto* c : conditions_) {
    if (!look(*c)) continue;
    record r;
    r.kind = record_kind::met;
    r.command = c->id;
    if (c->takes) r.flags = record_flag::takes;
    emit(r);
    if (!problem_.empty()) return false;
    complete(*c);
    return true;
  }
  return false;
}

void execution::finish() {
  for (auto& u : running_) fail_update(u, "its run ended before its handler had");
  if (!continues_)  // else they go over
    for (auto& w : std::exchange(waiting_, {}))
      refuse_update(w, std::make_exception_ptr(error(errc::update_failed, w.name,
                                                     "its run ended before its turn came")));
  record end;
  std::string payload;
  failure f;
  std::string path;
  if (continues_) {
    continues_->run = child_number();
    end.kind = record_kind::continued;
    end.related = continues_->run;
    end.name = continues_->workflow;
    end.payload = continues_->arguments;
    emit(end);
    ended_ = problem_.empty();
    return;
  }
  try {
    if (swallows_)
      throw cancelled("the workflow went on after " + std::to_string(refused_awaits_max) +
                      " awaits were refused because it was cancelled");
    root_->result(payload);
    check_payload("the workflow's result", "co_return", payload.size(), payload_limit::now());
    end.kind = record_kind::completed;
    end.payload = payload;
  } catch (const cancelled& c) {
    f.message = c.reason();
    end.kind = record_kind::ended_cancelled;
    end.name = f.message;
  } catch (const std::bad_alloc&) { return starve(); } catch (...) {
    if (definition_.is_entity() && !replay_)
      return reject("the entity's own code threw, and its state would end with it: " +
                    words_of(std::current_exception()));
    f = errors_.describe(std::current_exception());
    end.kind = record_kind::failed;
    end.code = errc::run_failed;
    set_failure(end, f, path);
  }
  emit(end);
  ended_ = problem_.empty();
}

// ---------------------------------------------------------------- what operations call

bool execution::begin(command& c, environment e, waiter& w) noexcept try {
  c.awaited_by = &w;
  c.part = e.scope;
  c.errors = &errors_;
  if (e.scope->is_cancelled()) {
    c.answered = answer_kind::cancelled;
    c.payload = *e.scope->reason_;
    if (++refused_ < refused_awaits_max) return true;
    swallows_ = true;  // never resumed: the run ends here
    return false;
  }
  c.id = ++last_command_;
  auto flags = record_command(c);
  if (!problem_.empty()) return false;
  if (c.kind == command_kind::condition) {
    if (flags & record_flag::holds) return true;
    conditions_.reserve(conditions_.size() + 1);
  }
  pending_.add(c.id, &c);
  if (c.kind == command_kind::condition) conditions_.push_back(static_cast<condition*>(&c));
  c.owner = this;
  c.next = e.scope->commands_;
  c.previous = nullptr;
  if (c.next) c.next->previous = &c;
  e.scope->commands_ = &c;
  return false;
} catch (const std::bad_alloc&) {
  starve();
  return false;
}

void execution::must_run(std::string_view what) const {
  if (out_) return;
  throw error(errc::usage, what,
              "this is for the workflow's own code: not for the handlers of queries, and not for "
              "validators");
}
void execution::show(std::uint8_t what, std::string_view bytes) {
  must_run("set_attributes, set_memo, set_details");
  record r;
  r.kind = record_kind::described;
  r.flags = what;
  r.payload = bytes;
  emit(r);
}
void execution::hold(command& c) {
  if (is_inert()) return;
  must_run(c.label());
  c.detached = true;
  c.errors = &errors_;
  c.id = ++last_command_;
  record_command(c);
  if (!problem_.empty()) return;
  pending_.add(c.id, &c);
  c.owner = this;
  c.hold();
}

/// Its lengths of time count from now, which may be long after the event that drives the run.
void execution::count_from_here(record& r) noexcept {
  r.late = replay_ || !host_ ? 0 : host_->late_by();
  if (r.late) r.flags |= record_flag::late;
}

/// Emits a command, or holds it against the history.
std::uint8_t execution::record_command(command& c) noexcept try {
  record r;
  r.command = c.id;
  r.line = c.line;
  r.kind = record_of(c.kind);
  switch (c.kind) {
    case command_kind::sleep:
      r.number = c.wait_ms;
      r.flags = c.absolute ? record_flag::absolute : 0;
      if (!c.absolute) count_from_here(r);
      break;
    case command_kind::condition: {
      auto& w = static_cast<condition&>(c);
      r.name = w.name;
      if (w.takes) r.flags |= record_flag::takes;
      if (look(w)) r.flags |= record_flag::holds;
      break;
    }
    default: {
      auto& q = static_cast<request&>(c);
      r.flags = q.flags;
      if (q.options.at_most_once) r.flags |= record_flag::at_most_once;
      if (q.transacts) r.flags |= record_flag::transacts;
      if (q.options.total_timeout.count() > 0 || q.options.retry.max_elapsed.count() > 0)
        count_from_here(r);
      if (c.kind == command_kind::child) r.related = child_number();
      r.name = q.name;
      r.target = q.target;
      r.payload = q.arguments;
      if (!replay_ && c.kind != command_kind::promise) out_->begun.push_back({c.id, &q, r.related});
    }
  }
  file_ = c.file;
  at_ = {c.file, r.line};
  auto flags = emit(r);
  file_ = "";
  return c.kind == command_kind::condition ? r.flags : flags;
} catch (const std::bad_alloc&) {
  starve();
  return 0;
}

void execution::give_up(command& c, const std::string& reason) noexcept try {
  bool waits = !replay_ && c.kind == command_kind::step && host_ && host_->stop_body(run_, c.id);
  record r;
  r.kind = record_kind::cancelled;
  r.command = c.id;
  if (waits) r.flags = record_flag::waits;
  auto flags = emit(r);
  if (!problem_.empty()) return;
  withdraw(c.id);
  c.answered = answer_kind::cancelled;
  c.payload = reason;
  if (flags & record_flag::waits) c.awaits_body = true;
  else complete(c);
} catch (const std::bad_alloc&) { starve(); }

/// A command that is given up: if this drive has asked for it, nobody need do it.
void execution::withdraw(std::uint32_t command) noexcept {
  auto at = std::lower_bound(out_->begun.begin(), out_->begun.end(), command,
                             [](const intent& i, std::uint32_t c) { return i.command < c; });
  if (at != out_->begun.end() && at->command == command) at->what = nullptr;
}

void execution::unlink(command& c) noexcept {
  if (find_pending(c.id) == &c) pending_.erase(c.id);
  if (c.kind == command_kind::condition) std::erase(conditions_, static_cast<condition*>(&c));
  if (c.previous) c.previous->next = c.next;
  else if (c.part) c.part->commands_ = c.next;
  if (c.next) c.next->previous = c.previous;
  c.next = c.previous = nullptr;
  c.owner = nullptr;
  if (c.detached) c.drop();
}

command* execution::find_pending(std::uint32_t number) noexcept {
  auto* found = pending_.find(number);
  return found ? *found : nullptr;
}
request* execution::find(std::uint32_t number) noexcept {
  auto* c = find_pending(number);
  bool is_request = c && c->kind != command_kind::sleep && c->kind != command_kind::condition;
  return is_request ? static_cast<request*>(c) : nullptr;
}

std::uint64_t execution::random() noexcept {
  auto z = random_state_ + 0x9e3779b97f4a7c15;
  if (runs()) random_state_ = z;  // a query only looks
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void execution::log(std::string_view line) noexcept {
  if (!replay_ && host_ && !is_inert()) host_->log(id_, line);
}

}  // namespace detail
}}  // namespace stet::v0
