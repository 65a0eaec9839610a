#include "execution/replay_cursor.hpp"

#include <algorithm>
#include <new>

#include "base/shown.hpp"
#include "execution/difference.hpp"
#include "execution/execution.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

std::string quoted(std::string_view s) { return " " + shown(s); }

/// Names the call of the context that emits such a record, and the attributes that it sets.
std::string setter(const record& described) {
  if (described.flags & flag::described::memo) return "set_memo";
  if (described.flags & flag::described::details) return "set_details";
  try {
    return "set_attributes of " + changed_names(described.payload);
  } catch (const malformed&) { return "set_attributes"; }  // a history that is damaged just there
}

std::string describe(const record& r, const char* file) {
  std::string s = r.kind == record_kind::described ? setter(r) : std::string(to_text(r.kind));
  if (!r.name.empty()) s += quoted(r.name);
  if (r.kind == record_kind::child) s += " as" + quoted(r.target);
  if (r.kind == record_kind::message) s += " to" + quoted(r.target);
  if (r.kind == record_kind::sleep)
    s += (r.flags & flag::sleep::absolute ? " until " : " of ") + std::to_string(r.number) + " ms";
  if (r.kind == record_kind::cancelled || r.kind == record_kind::met)
    s += " of command " + std::to_string(r.command.value());
  if (r.kind == record_kind::completed)  // its size: this text goes to logs, and payloads don't
    s += " with " + std::to_string(r.payload.size()) + " bytes";
  if (r.kind == record_kind::failed || r.kind == record_kind::update_failed)
    s += " with " + std::string(r.error_type) + ": " + std::string(r.error_text);
  if (r.line)
    s += std::string(" (") + (*file ? std::string(file) + ":" : "line ") + std::to_string(r.line) +
         ")";
  return s;
}

}  // namespace

// ---------------------------------------------------------------- replay

void replay_cursor::begin_replay(std::string_view history, drive_output& work) {
  replay_.emplace(place{source(history), {}, false});
  out_ = &work;
}

/// Finds the next record that matters to the coroutine; keeps the undriven events before it.
bool replay_cursor::peek() {
  while (!replay_->has_next && !replay_->rest.done()) {
    auto before = replay_->rest.rest();
    auto r = decode_record(replay_->rest);
    if (is_event(r.kind) && (r.flags & flag::event::undriven)) {
      undriven_.emplace_back(before.substr(0, before.size() - replay_->rest.left()));
      continue;
    }
    if (r.kind == record_kind::terminated) was_ended_ = true;
    if (r.kind == record_kind::terminated || (is_note(r.kind) && r.kind != record_kind::driven))
      continue;
    replay_->next = r;
    replay_->has_next = true;
  }
  return replay_->has_next;
}

std::optional<record> replay_cursor::next_event(std::string& bytes) {
  if (!peek()) return std::nullopt;
  auto r = replay_->next;
  if (is_command(r.kind)) {
    problem_ = "the history goes on with " + describe(r, "") + ", where today's code doesn't";
    return std::nullopt;
  }
  replay_->has_next = false;
  if (r.kind != record_kind::driven) return r;
  if (undriven_.empty()) throw malformed("an event drives that isn't there");
  return take_queued(bytes, r.time);
}

// ---------------------------------------------------------------- emit

std::uint8_t replay_cursor::emit(const record& r, const char* file) noexcept try {
  if (!problem_.empty()) return 0;
  ++records_;
  if (!replay_) {
    encode(out_->records, r, run_);
    return r.flags;
  }
  try {
    if (!peek() || !is_command(replay_->next.kind)) {
      diverge(r, file);
      return 0;
    }
    const auto what = records_ > everything_after ? compared::arguments : compare;
    if (auto in = difference(replay_->next, r, what); in != respect::nothing) {
      problem_ = text_of(in, replay_->next, r) + ": ";
      diverge(r, file);
      return 0;
    }
  } catch (const malformed& e) {
    reject(e.what(), stall_kind::unreadable);
    return 0;
  }
  replay_->has_next = false;
  return replay_->next.flags;
} catch (const std::bad_alloc&) {
  starve();
  return 0;
}

void replay_cursor::diverge(const record& emitted, const char* file) noexcept try {
  std::string was = "nothing more";
  if (replay_->has_next && is_command(replay_->next.kind)) was = describe(replay_->next, "");
  problem_ += "the history says " + was + ", today's code says " + describe(emitted, file);
  if (emitted.command) problem_ += " as command " + std::to_string(emitted.command.value());
} catch (const std::bad_alloc&) { starve(); }

run_number replay_cursor::child_number(execution_host* host) noexcept {
  if (!replay_) return host ? host->new_run_number() : no_run;
  try {
    return peek() ? replay_->next.related : no_run;
  } catch (const std::bad_alloc&) {
    starve();
    return {};
  } catch (const std::exception& e) {
    reject(e.what(), stall_kind::unreadable);
    return {};
  }
}

bool replay_cursor::says_met(const condition& c) {
  if (!peek() || replay_->next.command != command_number(c.id)) return false;
  auto& r = replay_->next;
  return r.kind == record_kind::met ||
         (r.kind == record_kind::condition && (r.flags & flag::condition::holds));
}

bool replay_cursor::has_command_next() noexcept {
  try {
    return replay_ && peek() && is_command(replay_->next.kind);
  } catch (const std::bad_alloc&) { starve(); } catch (const std::exception& e) {
    reject(e.what(), stall_kind::unreadable);
  }
  return false;
}

bool replay_cursor::finds_marker(std::string_view patch) noexcept {
  try {
    return peek() && replay_->next.kind == record_kind::patched && replay_->next.name == patch;
  } catch (const std::exception& e) {
    reject(e.what(), stall_kind::unreadable);
    return false;
  }
}

// ---------------------------------------------------------------- undriven events

record replay_cursor::take_queued(std::string& bytes, engine_time time) {
  if (undriven_.empty()) throw malformed("an event should drive that isn't there");
  bytes = std::move(undriven_.front());
  undriven_.pop_front();
  source in(bytes);
  auto event = decode_record(in);
  event.time = time;
  return event;
}

bool replay_cursor::has_queued(record_kind k, std::string_view target) const {
  return std::any_of(undriven_.begin(), undriven_.end(), [&](auto& bytes) {
    source in(bytes);
    auto r = decode_record(in);
    return r.kind == k && r.target == target;
  });
}

}}}  // namespace stet::v0::detail
