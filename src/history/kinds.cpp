#include <stet/kinds.hpp>

namespace stet { inline namespace v0 {

std::string_view to_text(status s) noexcept {
  switch (s) {
    case status::running: return "running";
    case status::completed: return "completed";
    case status::failed: return "failed";
    case status::cancelled: return "cancelled";
    case status::terminated: return "terminated";
    case status::stalled: return "stalled";
    case status::timed_out: return "timed_out";
    case status::continued_as_new: return "continued_as_new";
  }
  return "unknown";
}

std::string_view to_text(stall_kind k) noexcept {
  switch (k) {
    case stall_kind::code_differs: return "code_differs";
    case stall_kind::not_defined: return "not_defined";
    case stall_kind::accident: return "accident";
    case stall_kind::undecodable: return "undecodable";
    case stall_kind::crashes: return "crashes";
    case stall_kind::unreadable: return "unreadable";
    case stall_kind::refused: return "refused";
    case stall_kind::no_memory: return "no_memory";
  }
  return "unknown";
}

std::string_view to_text(record_kind k) noexcept {
  switch (k) {
#define STET_KIND(kind, number, text, fields, meaning) \
  case record_kind::kind: return text;
#define STET_FLAG(kind, flag, bit, meaning)
#define STET_FLAG_FIELD(kind, flag, bit, field, meaning)
#include "history/kinds.def"
  }
  return "unknown";
}

std::string_view to_text(step_phase p) noexcept {
  switch (p) {
    case step_phase::none: return "none";
    case step_phase::queued: return "queued";
    case step_phase::running: return "running";
    case step_phase::retrying: return "retrying";
    case step_phase::returning: return "returning";
  }
  return "unknown";
}
std::string_view to_text(wait_kind k) noexcept {
  switch (k) {
    case wait_kind::step: return "step";
    case wait_kind::sleep: return "sleep";
    case wait_kind::child: return "child";
    case wait_kind::condition: return "condition";
    case wait_kind::promise: return "promise";
    case wait_kind::message: return "message";
    case wait_kind::start: return "start";
  }
  return "unknown";
}

}}  // namespace stet::v0
