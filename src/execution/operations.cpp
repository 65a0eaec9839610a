// The functions of scopes and operations that the public headers declare.
#include <stet/context.hpp>
#include <stet/definition.hpp>
#include <stet/entity.hpp>

#include <cmath>
#include <cstdio>
#include <new>

#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "execution/execution.hpp"

namespace stet { inline namespace v0 {

// ---------------------------------------------------------------- scope

scope::~scope() {
  if (parent_) {
    if (previous_) previous_->next_ = next_;
    else parent_->child_ = next_;
    if (next_) next_->previous_ = previous_;
  }
  for (scope* c = child_; c;) {
    auto* following = c->next_;
    c->parent_ = c->next_ = c->previous_ = nullptr;
    c = following;
  }
  for (auto* c = commands_; c; c = c->next) c->scope = nullptr;
}

void scope::cancel(std::string_view reason) noexcept {
  if (cancelled_ || !run_ || !run_->runs()) return;
  try {
    reason_ = std::make_unique<std::string>(detail::cut_reason(reason));
  } catch (const std::bad_alloc&) { return run_->replay_cursor.starve(); }
  cancelled_ = true;
  // A command that is given up unlinks itself, and no other; one that waits for its body stays,
  // answered.
  for (auto* c = commands_; c && run_->replay_cursor.is_well();) {
    auto* following = c->next;
    if (!c->awaits_body) run_->commands.give_up(*c, *reason_);
    c = following;
  }
  for (scope* c = child_; c; c = c->next_)
    if (!c->shielded_) c->cancel(reason);
}

namespace detail {

void scope_access::attach(scope& s, scope& parent, bool shielded) noexcept {
  s.run_ = parent.run_;
  s.parent_ = &parent;
  s.shielded_ = shielded;
  s.next_ = parent.child_;
  if (s.next_) s.next_->previous_ = &s;
  parent.child_ = &s;
  if (!shielded && parent.cancelled_) {
    try {
      s.reason_ = std::make_unique<std::string>(*parent.reason_);
    } catch (const std::bad_alloc&) { return s.run_->replay_cursor.starve(); }
    s.cancelled_ = true;
  }
}

context& context_of(environment e) noexcept {
  return scope_access::run_of(*e.scope).user_context();
}
void root_returns(environment e) noexcept { scope_access::run_of(*e.scope).updates.root_returns(); }
std::exception_ptr thrown(environment e) noexcept {
  auto what = std::current_exception();
  try {
    throw;
  } catch (const std::bad_alloc&) {
    scope_access::run_of(*e.scope).replay_cursor.starve();
  } catch (...) {}
  return what;
}
namespace {

/// Does nothing if the run is rejected already, or its history goes on with a command here.
void stall_unless_recorded(environment e, const std::exception_ptr& thrown, const char* means,
                           stall_kind kind) noexcept {
  auto& cursor = scope_access::run_of(*e.scope).replay_cursor;
  try {
    if (!cursor.is_well() || cursor.has_command_next() || !cursor.is_well()) return;
    cursor.reject(words_of(thrown) + means, kind);
  } catch (const std::bad_alloc&) { cursor.starve(); }
}

}  // namespace

void stall_undecodable(environment e, const std::exception_ptr& why) noexcept {
  if (!is_undecodable(why)) return;
  stall_unless_recorded(
      e, why,
      "; its saga undoes nothing because of that: a build that can read it lets the run go on",
      stall_kind::undecodable);
}
void stall_without_undo(environment e, const std::exception_ptr& why) noexcept {
  stall_unless_recorded(e, why,
                        ". So the undo of what its saga has done can't be registered: a build in "
                        "which it can be lets the run go on",
                        stall_kind::accident);
}
void throw_awaited_twice() {
  throw error(errc::usage, "co_await",
              "this operation has been awaited already, or was moved from");
}
void throw_too_deep() {
  throw error(errc::too_deep, "co_await",
              "tasks await each other more than " + std::to_string(max_depth) + " deep");
}
void destroy_frame(std::coroutine_handle<> h) noexcept {
  try {
    h.destroy();
  } catch (...) {
    std::fputs(
        "stet: a destructor of a workflow's local variable threw while its frame was destroyed; "
        "ignored\n",
        stderr);
  }
}

// ---------------------------------------------------------------- commands

command::~command() = default;
request::request(wait_kind k, std::string_view n, source_point at) : command(k), name(n) {
  line = at.line;
  file = at.file;
}
request::~request() = default;
child_request::~child_request() = default;
void request::run(step_context&, std::string&) {}
void request::begin(completion_state&) {}
void request::run_transaction(transaction&, std::string&) {}

command* make_sleep(std::int64_t ms, bool absolute, source_point at) {
  auto* c = new command(wait_kind::sleep);
  c->file = at.file;
  c->line = at.line;
  c->wait_ms = ms;
  c->absolute = absolute;
  return c;
}
void check_arguments(std::string_view what, std::size_t bytes) {
  if (bytes <= payload_limit::now()) return;
  check_payload("the arguments, or the value, of " + shown(what), what, bytes,
                payload_limit::now());
}
command* make_child(std::string_view workflow, std::string_view id, std::string arguments,
                    const child_options& o, source_point at) {
  check_arguments(workflow, arguments.size());
  check_name("the id of a child", id);
  auto c = std::make_unique<child_request>(workflow, at);
  c->attributes = pack(o.attributes);
  o.memo.encode_to(c->memo);
  check_memo(workflow, c->memo.size());
  c->target = id;
  c->arguments = std::move(arguments);
  if (o.parent_close == parent_close::request_cancel) c->flags = flag::child::asks_to_end;
  if (o.parent_close == parent_close::abandon) c->flags = flag::child::abandons;
  return c.release();
}
condition::condition(std::string_view n, source_point at) : command(wait_kind::condition), name(n) {
  line = at.line;
  file = at.file;
}
condition::~condition() = default;

namespace {

class receive_condition final : public condition {
 public:
  receive_condition(std::string_view s, source_point at)
      : condition("signal '" + std::string(s) + "'", at), signal_(s) {
    takes = true;
    awaited_signal = signal_;
  }
  bool holds(execution& e) override {
    bool stays = e.replay_cursor.is_replaying() && STET_SEEDED(read_signal_twice);
    return e.signals.take(signal_, payload, stays);
  }

 private:
  std::string signal_;
};

/// A promise: the token by which it is answered from outside.
class promise_request final : public request {
 public:
  promise_request(std::string_view n, source_point at) : request(wait_kind::promise, n, at) {}
  std::string token;
};

/// The answer to a command that belongs to the whole run, as a condition to wait for.
class answer_condition final : public condition {
 public:
  answer_condition(command& of, source_point at)
      : condition(std::string(of.kind == wait_kind::promise ? "promise '" : "child '") +
                      std::string(of.label()) + "'",
                  at),
        of_(of) {
    of_.hold();
    awaited_command = of_.id;
  }
  ~answer_condition() override { of_.drop(); }
  std::string_view label() const noexcept override { return of_.label(); }
  bool holds(execution&) override {
    if (of_.answered == answer_kind::none) return false;
    answered = of_.answered;
    code = of_.code;
    payload = of_.payload;
    if (of_.error) error = std::make_unique<v0::failure>(*of_.error);
    return true;
  }

 private:
  command& of_;
};

}  // namespace

command* make_receive(std::string_view signal, source_point at) {
  return new receive_condition(signal, at);
}
command* make_message(std::string_view signal, std::string_view id, std::string payload,
                      source_point at) {
  check_arguments(signal, payload.size());
  check_name("the id of a run", id);
  auto* c = new request(wait_kind::message, signal, at);
  c->target = id;
  c->arguments = std::move(payload);
  return c;
}
command* make_call(std::string_view update, std::string_view id, std::string arguments,
                   source_point at) {
  auto* c = make_message(update, id, std::move(arguments), at);
  static_cast<request*>(c)->flags = flag::message::calls;
  return c;
}
command* make_cancel(std::string_view id, std::string_view reason, source_point at) {
  check_name("the id of a run", id);
  check_reason("cancel", reason);
  auto* c = new request(wait_kind::message, "cancel", at);
  c->flags = flag::message::asks_to_end;
  c->target = id;
  c->arguments = reason;
  return c;
}
std::string null_payload() {
  std::string b;
  writer(b).null();
  return b;
}

held_command::held_command(const held_command& o) noexcept : command_(o.command_) {
  if (command_) command_->hold();
}
held_command::~held_command() {
  if (command_) command_->drop();
}
command* held_command::wait(source_point at) const { return new answer_condition(*command_, at); }
std::string held_command::token() const { return static_cast<promise_request&>(*command_).token; }
const std::string& held_command::target() const noexcept {
  return static_cast<request&>(*command_).target;
}

going_over::going_over(std::string& arguments, source_point at)
    : condition("condition", at), arguments_(arguments) {}
going_over::~going_over() = default;

namespace {

constexpr std::uint64_t records_between_looks = 64;  // a state may be megabytes

}  // namespace

bool going_over::holds(execution& e) {
  if (e.replay_cursor.is_replaying()) return e.replay_cursor.says_met(*this);
  if (is_busy() || !e.continue_suggested() || e.replay_cursor.records() < look_from_) return false;
  arguments_.clear();
  try {
    encode_state(arguments_);
  } catch (const std::bad_alloc&) { throw; } catch (...) {
    e.replay_cursor.reject("its state can't be encoded, to go over to its next run: " +
                               words_of(std::current_exception()),
                           stall_kind::refused);
    return false;
  }
  auto limit = payload_limit::now();
  if (arguments_.size() <= limit) return true;
  look_from_ = e.replay_cursor.records() + records_between_looks;
  if (!std::exchange(told_, true))
    e.log("the state of this entity has " + std::to_string(arguments_.size()) +
          " bytes, and a payload at most " + std::to_string(limit) +
          ": it doesn't go over to a new run, and its history grows, until the state is shorter");
  arguments_ = {};
  return false;
}

continuation::continuation(std::string_view workflow, std::string arguments)
    : workflow_(workflow), arguments_(std::move(arguments)) {
  check_arguments(workflow, arguments_.size());
}
bool continuation::start(environment e, waiter&) noexcept {
  return !scope_access::run_of(*e.scope).continue_as({workflow_, arguments_, no_run}, *e.scope,
                                                     refused_);
}
void continuation::throw_refused() const { throw cancelled(refused_); }

ready_root::~ready_root() = default;
handler::handler(context& c, kind k, std::string_view n) : what(k), name(n), run_(c.run_) {
  if (run_->is_inert()) {
    run_ = nullptr;
    return;
  }
  run_->must_run(name);
  run_->updates.add(*this);
}
handler::~handler() { leave(); }
void handler::leave() noexcept {
  if (run_) std::exchange(run_, nullptr)->updates.remove(*this);
}
void throw_undecodable_arguments(std::string_view update) {
  try {
    throw;
  } catch (const std::bad_alloc&) { throw; } catch (...) {
    throw undecodable(
        errc::payload, update,
        "the arguments of the update don't decode: " + words_of(std::current_exception()));
  }
}
void handler::answer(std::string_view, std::string&) {}
void handler::validate(std::string_view) {}
std::unique_ptr<root> handler::begin(context&, std::string_view) { return nullptr; }

void check_options(std::string_view step, const step_options& o) {
  auto refuse = [&](const std::string& what) {
    throw error(errc::usage, step, "step " + shown(step) + ": " + what);
  };
  auto check = [&](const char* what, duration d, const char* instead) {
    if (d < duration{}) refuse(std::string(what) + " is negative, " + shown(d) + ": " + instead);
  };
  auto& r = o.retry;
  if (step.empty()) refuse("a step's name must not be empty: name it by what it does");
  check_name("the name of a step", step);
  check("timeout", o.timeout, "0 means no limit");
  check("total_timeout", o.total_timeout, "0 means no limit");
  check("heartbeat_timeout", o.heartbeat_timeout, "0 means no limit");
  check("retry.initial_interval", r.initial_interval, "0 means no pause");
  check("retry.max_interval", r.max_interval, "leave it out for a hundred times the first pause");
  check("retry.max_elapsed", r.max_elapsed, "0 means no limit");
  if (!(r.backoff >= 1) || std::isinf(r.backoff))
    refuse("retry.backoff is " + std::to_string(r.backoff) + ": give a number that is at least 1");
  if (!(r.jitter >= 0 && r.jitter <= 1))
    refuse("retry.jitter is " + std::to_string(r.jitter) + ": give a number from 0 to 1");
}
void throw_unencodable() {
  try {
    throw;
  } catch (const std::exception& e) {
    throw permanent_error("the result of the step can't be encoded: " + words_of(e));
  } catch (...) { throw permanent_error("the result of the step can't be encoded"); }
}

leaf::~leaf() {
  if (!command_) return;
  if (command_->owner) command_->owner->commands.unlink(*command_);
  command_->drop();
}
bool leaf::failed() const noexcept {
  return !command_ || command_->answered == answer_kind::failure ||
         command_->answered == answer_kind::cancelled;
}
bool leaf::begin(environment e, waiter& w) noexcept {
  if (!command_) return true;
  if (command_->awaited_by) {
    command_->answered = answer_kind::failure;
    command_->code = errc::usage;
    return true;
  }
  return scope_access::run_of(*e.scope).commands.begin(*command_, e, w);
}
std::string_view leaf::bytes() try {
  const bool is_second = command_ && command_->code == errc::usage && !command_->error;
  if (!command_ || is_second) throw_awaited_twice();
  auto& c = *command_;
  if (c.answered == answer_kind::cancelled) throw cancelled(c.payload);
  if (c.answered == answer_kind::failure) {
    if (c.kind == wait_kind::condition && static_cast<condition&>(c).thrown)
      std::rethrow_exception(static_cast<condition&>(c).thrown);
    c.errors->raise(c.code, c.label(), *c.error);
  }
  return c.payload;
} catch (const std::bad_alloc&) {  // not the command's outcome: it may not be taken for that
  if (command_ && command_->scope) scope_access::run_of(*command_->scope).replay_cursor.starve();
  throw;
}

namespace {

/// Names what a command waits for: "step 'charge'", "signal 'paid'".
std::string named(const command& c) {
  if (c.kind == wait_kind::condition) return static_cast<const condition&>(c).name;
  return std::string(to_text(c.kind)) + " " + shown(c.label());
}

}  // namespace

void leaf::throw_undecodable() const {
  try {
    throw;
  } catch (const std::bad_alloc&) { throw; } catch (...) {
    throw undecodable(errc::payload, command_->label(),
                      "what came for the " + named(*command_) +
                          " doesn't decode: " + words_of(std::current_exception()));
  }
}

// ---------------------------------------------------------------- groups

void throw_no_operations() {
  throw error(errc::usage, "co_await",
              "stet::any and stet::first_success of an empty list: none of no operations ends "
              "first; ask whether the list is empty before");
}
void group::admit(branch& b, std::size_t index) noexcept {
  b.owner = this;
  b.index = index;
  b.live = true;
  ++live_;
  scope_access::attach(b.scope, *env_.scope);
}
void group::end(branch& b) noexcept {
  b.live = false;
  --live_;
  bool failed = branch_failed(b.index);
  if (!decided_ && (rule_ == rule::any || failed == (rule_ == rule::all))) {
    decided_ = true;
    decisive_ = b.index;
    cancel_rest();
  }
  after(b.index);
}
std::coroutine_handle<> group::branch::on_end(waiter& w) noexcept {
  auto& b = static_cast<branch&>(w);
  auto& g = *b.owner;
  g.end(b);
  return g.live_ == 0 && !g.opening_ ? g.waiter_->notify() : std::noop_coroutine();
}

// ---------------------------------------------------------------- anchors

root::~root() = default;
definition::~definition() = default;
std::string definition::new_arguments() const { return {}; }
bool definition::answer_new(std::string_view, std::string_view, std::string&) const {
  return false;
}
declared_error::~declared_error() = default;

}  // namespace detail

// ---------------------------------------------------------------- context

time_point context::now() const noexcept { return to_time_point(run_->now()); }
std::uint64_t context::random() noexcept { return run_->run_random.next(run_->runs()); }
std::string context::uuid() {
  auto high = (random() & 0xffffffffffff0fff) | 0x4000;
  auto low = (random() & 0x3fffffffffffffff) | 0x8000000000000000;
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16) & 0xffff, static_cast<unsigned>(high) & 0xffff,
                static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  return text;
}
const std::string& context::id() const noexcept { return run_->id(); }
bool context::replaying() const noexcept { return run_->replay_cursor.is_replaying(); }
void context::log(std::string_view line) { run_->log(line); }
bool context::continue_suggested() const noexcept { return run_->continue_suggested(); }
bool context::is_inert() const noexcept { return run_->is_inert(); }
void context::describe_run(described what, std::string_view bytes, source_point at) {
  if (is_inert()) return;
  static_assert(described_attributes == detail::flag::described::attributes &&
                described_memo == detail::flag::described::memo &&
                described_text == detail::flag::described::details);
  if (what == described_memo) detail::check_memo(id(), bytes.size());
  if (what == described_text && bytes.size() > details_bytes_max)
    throw error(errc::usage, id(),
                "the details of a run have at most " + std::to_string(details_bytes_max) +
                    " bytes, these have " + std::to_string(bytes.size()));
  run_->must_run("set_attributes, set_memo, set_details");
  detail::record r;
  r.kind = record_kind::described;
  r.flags = what;
  r.line = at.line;  // for the text of a difference; the history has none of this kind
  r.payload = bytes;
  run_->replay_cursor.emit(r, at.file);
}
void context::set_attributes(const attribute_list& changes, source_point at) {
  if (!changes.empty() && !is_inert())
    describe_run(described_attributes, detail::pack(changes), at);
}
void context::set_details(std::string_view text, source_point at) {
  describe_run(described_text, text, at);
}
namespace {
void check_patch(detail::execution& run, std::string_view what, std::string_view id) {
  run.must_run(what);
  if (id.empty() || id.size() > detail::patch_bytes_max)
    throw error(errc::usage, what,
                "the id of a patch is 1 to " + std::to_string(detail::patch_bytes_max) +
                    " bytes, this one has " + std::to_string(id.size()));
}
}  // namespace
bool context::patched(step_name patch_id) {
  if (is_inert()) return run_->patches.knows(patch_id.text);
  check_patch(*run_, "patched", patch_id.text);
  return run_->patches.is_patched(patch_id.text, patch_id.where.line);
}
void context::deprecate_patch(step_name patch_id) {
  if (is_inert()) return;
  check_patch(*run_, "deprecate_patch", patch_id.text);
  run_->patches.deprecate(patch_id.text, patch_id.where.line);
}
std::size_t context::open_updates() const noexcept { return run_->updates.open(); }
detail::held_command context::hold(detail::command* c) {
  detail::held_command held(c);
  if (run_->is_inert()) return held;
  run_->must_run(c->label());
  run_->commands.hold(*c);
  return held;
}
detail::held_command context::open_promise(std::string_view name, source_point at) {
  auto* q = new detail::promise_request(name, at);
  auto held = hold(q);
  if (!is_inert()) q->token = run_->run_random.token(run_->run(), detail::command_number(q->id));
  return held;
}

}}  // namespace stet::v0
