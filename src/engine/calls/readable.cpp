#include "engine/calls/readable.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <stet/codec.hpp>

#include "base/shown.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t text_bytes_max = 200;  // of a text in a record, as of a payload

/// Texts with a separator between those that aren't empty.
class parts {
 public:
  parts& operator<<(std::string_view part) {
    if (part.empty()) return *this;
    if (!text_.empty()) text_ += "; ";
    text_ += part;
    return *this;
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string payload_text(std::string_view payload) {
  return payload.empty() ? std::string() : describe_payload(payload);
}
std::string plain_text(std::string_view text) { return on_one_line(text, text_bytes_max); }
std::string time_text(engine_time t) { return to_text(to_time_point(t)); }
std::string labelled(std::string_view label, std::string_view text) {
  return text.empty() ? std::string() : std::string(label) + " " + std::string(text);
}
std::string attributes_text(std::string_view changes) {
  try {
    return changes_text(changes);
  } catch (const malformed& e) { return std::string("attributes that can't be read: ") + e.what(); }
}
std::string number_of(run_number run) { return "run " + std::to_string(run.value()); }

std::string error_of(const record& r) {
  std::string type(r.error_type.empty() ? v0::to_string(r.code) : r.error_type);
  return plain_text(r.error_text.empty() ? type : type + ": " + std::string(r.error_text));
}

std::string start_text(const record& r) {
  parts all;
  all << payload_text(r.payload);
  if (r.related) all << "child of " + number_of(r.related);
  if (r.previous) all << "continues " + number_of(r.previous);
  if (r.begins_at) all << "begins at " + time_text(r.begins_at);
  if (r.run_timeout) all << "may take " + length_text(r.run_timeout);
  if (r.execution_deadline) all << "ends at " + time_text(r.execution_deadline) + " at the latest";
  if (!r.version.empty()) all << "version " + shown(r.version);
  all << labelled("attributes:", attributes_text(r.attributes));
  all << labelled("memo:", payload_text(r.memo)) << labelled("details:", plain_text(r.details));
  return std::move(all).text();
}

std::string sleep_text(const record& r, engine_time event) {
  if (r.flags & flag::sleep::absolute) return "until " + time_text(engine_time(r.number));
  return length_text(r.number) + ", until " + time_text(event + r.late + r.number);
}

std::string step_text(const record& r) {
  parts all;
  all << payload_text(r.payload);
  if (r.flags & flag::step::at_most_once) all << "at most once";
  if (r.flags & flag::step::transacts) all << "a transaction";
  return std::move(all).text();
}

std::string child_text(const record& r) {
  parts all;
  all << payload_text(r.payload) << "as " + shown(r.target) << number_of(r.related);
  if (r.flags & flag::child::asks_to_end) all << "is asked to end with its parent";
  if (r.flags & flag::child::abandons) all << "goes on without its parent";
  return std::move(all).text();
}

std::string message_text(const record& r) {
  if (r.flags & flag::message::asks_to_end)
    return std::move(parts() << "a request to end" << plain_text(r.payload)
                             << "to " + shown(r.target))
        .text();
  return std::move(parts() << payload_text(r.payload) << "to " + shown(r.target)).text();
}

std::string signal_text(const record& r) {
  parts all;
  all << payload_text(r.payload);
  if (!r.target.empty()) all << "key " + shown(r.target);
  return std::move(all).text();
}

std::string update_text(const record& r) {
  parts all;
  all << payload_text(r.payload);
  if (!(r.flags & flag::update::unnamed)) all << "id " + shown(r.target);
  return std::move(all).text();
}

std::string described_text(const record& r) {
  if (r.flags & flag::described::attributes)
    return labelled("attributes:", attributes_text(r.payload));
  if (r.flags & flag::described::memo) return labelled("memo:", payload_text(r.payload));
  return "details: " + plain_text(r.payload);
}

std::string end_text(const record& terminated) {
  if (terminated.flags & flag::terminated::timed_out) return "timed out";
  return terminated.flags & flag::terminated::unbegun ? "before it began" : "";
}

std::string suspect_text(const record& r) {
  if (r.attempt == 0) return "no longer";
  return std::to_string(r.attempt) + (r.attempt == 1 ? " death" : " deaths") + " of the process";
}

/// Commands and notes that have a payload, or numbers.
std::string command_text(const record& r, engine_time event) {
  switch (r.kind) {
    case record_kind::step: return step_text(r);
    case record_kind::sleep: return sleep_text(r, event);
    case record_kind::child: return child_text(r);
    case record_kind::message: return message_text(r);
    case record_kind::condition: return r.flags & flag::condition::holds ? "holds at once" : "";
    case record_kind::cancelled:
      return r.flags & flag::cancelled::waits ? "its body has yet to return" : "";
    case record_kind::continued:
      return std::move(parts() << payload_text(r.payload) << "as " + number_of(r.related)).text();
    case record_kind::described: return described_text(r);
    default: return payload_text(r.payload);
  }
}

std::string note_text(const record& r) {
  auto attempt = "attempt " + std::to_string(r.attempt);
  switch (r.kind) {
    case record_kind::attempt:
    case record_kind::not_started: return attempt;
    case record_kind::retry:
      return attempt + ": " + error_of(r) + "; the next one begins at " +
             time_text(engine_time(r.number));
    case record_kind::suspect: return suspect_text(r);
    case record_kind::moved: return r.name.empty() ? "without a version" : "";
    case record_kind::erased: return number_of(r.related);
    default: return payload_text(r.payload);
  }
}

}  // namespace

std::string readable(const record& r, engine_time event) {
  switch (r.kind) {
    case record_kind::started: return start_text(r);
    case record_kind::signal: return signal_text(r);
    case record_kind::update: return update_text(r);
    case record_kind::terminated: return end_text(r);
    case record_kind::step_failed:
    case record_kind::child_failed:
    case record_kind::promise_rejected:
    case record_kind::message_failed:
    case record_kind::failed:
    case record_kind::update_failed: return error_of(r);
    default: return is_note(r.kind) ? note_text(r) : command_text(r, event);
  }
}

std::string length_text(std::int64_t ms) {
  if (ms <= 0) return std::to_string(ms) + " ms";
  constexpr std::array<std::pair<std::int64_t, const char*>, 5> units{
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1000, "s"}, {1, "ms"}}};
  std::string text;
  for (auto [unit, name] : units) {
    if (ms / unit == 0) continue;
    text += (text.empty() ? "" : " ") + std::to_string(ms / unit) + " " + name;
    ms %= unit;
  }
  return text;
}

}}}  // namespace stet::v0::detail
