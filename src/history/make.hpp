// Makers of records: each takes the fields of its kind. Texts are views, and must outlive the
// record. The recorder fills in the run, and the time of most events.
#pragma once
#include <cstdint>
#include <string_view>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

inline record make(record_kind kind, command_number command = no_command) noexcept {
  record r;
  r.kind = kind;
  r.command = command;
  return r;
}

namespace events {

inline record step_done(command_number command, std::uint32_t attempt, std::string_view result) {
  record r = make(record_kind::step_done, command);
  r.attempt = attempt;
  r.payload = result;
  return r;
}
/// For a command that has failed: a step, a child, a promise or a message. `attempts` is the
/// attempt of its last failure; 1 if it failed by itself.
inline record failed(record_kind kind, command_number command, std::uint32_t attempts, errc code,
                     std::string_view type = {}, std::string_view text = {}) {
  record r = make(kind, command);
  r.attempt = attempts;
  r.code = code;
  r.error_type = type;
  r.error_text = text;
  return r;
}
/// For a step that the engine gives up. If its body failed, set_failure adds the failure.
inline record step_failed(command_number command, std::uint32_t attempt, errc code,
                          std::string_view type = {}, std::string_view text = {}) {
  return failed(record_kind::step_failed, command, attempt, code, type, text);
}
inline record timer_fired(command_number command) {
  return make(record_kind::timer_fired, command);
}
inline record child_done(command_number command, std::string_view result) {
  record r = make(record_kind::child_done, command);
  r.payload = result;
  return r;
}
inline record child_failed(command_number command, std::uint32_t attempts, std::string_view type,
                           std::string_view text) {
  return failed(record_kind::child_failed, command, attempts, errc::child_failed, type, text);
}
inline record cancel_requested(std::string_view reason) {
  record r = make(record_kind::cancel_requested);
  r.name = reason;
  return r;
}
inline record body_returned(command_number command) {
  return make(record_kind::body_returned, command);
}
inline record terminated(std::string_view reason, std::uint8_t flags) {
  record r = make(record_kind::terminated);
  r.flags = flags;
  r.name = reason;
  return r;
}
/// `key` is the signal's idempotency key; it may be empty.
inline record signal(std::string_view name, std::string_view key, std::string_view payload) {
  record r = make(record_kind::signal);
  r.name = name;
  r.target = key;
  r.payload = payload;
  return r;
}
inline record update(std::string_view name, std::string_view id, std::string_view arguments,
                     std::uint8_t flags) {
  record r = make(record_kind::update);
  r.flags = flags;
  r.name = name;
  r.target = id;
  r.payload = arguments;
  return r;
}
inline record message_done(command_number command, std::string_view answer = {}) {
  record r = make(record_kind::message_done, command);
  r.payload = answer;
  return r;
}

}  // namespace events

namespace commands {

inline record met(command_number command, bool takes) {
  record r = make(record_kind::met, command);
  r.flags = takes ? flag::met::takes : 0;
  return r;
}
inline record cancelled(command_number command, bool waits) {
  record r = make(record_kind::cancelled, command);
  r.flags = waits ? flag::cancelled::waits : 0;
  return r;
}
inline record patched(std::string_view patch, std::uint32_t line) {
  record r = make(record_kind::patched);
  r.name = patch;
  r.line = line;
  return r;
}
inline record continued(run_number next, std::string_view workflow, std::string_view arguments) {
  record r = make(record_kind::continued);
  r.related = next;
  r.name = workflow;
  r.payload = arguments;
  return r;
}

}  // namespace commands

namespace notes {

inline record attempt(command_number command, std::uint32_t number) {
  record r = make(record_kind::attempt, command);
  r.attempt = number;
  return r;
}
inline record not_started(command_number command, std::uint32_t attempt) {
  record r = make(record_kind::not_started, command);
  r.attempt = attempt;
  return r;
}
inline record progress(command_number command, std::string_view payload) {
  record r = make(record_kind::progress, command);
  r.payload = payload;
  return r;
}
inline record driven(engine_time time) {
  record r = make(record_kind::driven);
  r.time = time;
  return r;
}
inline record stalled(engine_time time, std::string_view reason) {
  record r = make(record_kind::stalled);
  r.time = time;
  r.name = reason;
  return r;
}
inline record resumed(engine_time time) {
  record r = make(record_kind::resumed);
  r.time = time;
  return r;
}
/// A `command` of 0 means the workflow's own code. With `deaths` 0 it is a suspect no more.
inline record suspect(command_number command, std::uint32_t deaths) {
  record r = make(record_kind::suspect, command);
  r.attempt = deaths;
  return r;
}
inline record written() { return make(record_kind::written); }
inline record moved(engine_time time, std::string_view version) {
  record r = make(record_kind::moved);
  r.time = time;
  r.name = version;
  return r;
}
inline record erased(run_number run) {
  record r = make(record_kind::erased);
  r.related = run;
  return r;
}

}  // namespace notes
}  // namespace detail
}}  // namespace stet::v0
