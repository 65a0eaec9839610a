#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

// The fields, in the order in which they are written.
enum : unsigned {
  f_command = 1,
  f_time = 2,
  f_related = 4,
  f_number = 8,
  f_attempt = 16,
  f_line = 32,
  f_code = 64,
  f_seed = 128,
  f_name = 256,
  f_target = 512,
  f_payload = 1024,
  f_error = 2048,
  f_start = 4096,
  f_secret = 8192,
  f_late = 16384,
  f_unknown = 1u << 31,
};

constexpr unsigned fields_of(record_kind k) noexcept {
  switch (k) {
    case record_kind::started:
      return f_command | f_time | f_related | f_seed | f_start | f_name | f_target | f_payload;
    case record_kind::step_done: return f_command | f_time | f_attempt | f_payload;
    case record_kind::step_failed:
      return f_command | f_time | f_attempt | f_code | f_payload | f_error;
    case record_kind::timer_fired: return f_command | f_time;
    case record_kind::child_done: return f_command | f_time | f_payload;
    case record_kind::child_failed:
      return f_command | f_time | f_attempt | f_code | f_payload | f_error;
    case record_kind::cancel_requested: return f_time | f_name;
    case record_kind::body_returned: return f_command | f_time;
    case record_kind::terminated: return f_time | f_name;
    case record_kind::signal:
    case record_kind::update: return f_time | f_name | f_target | f_payload;
    case record_kind::promise_resolved: return f_command | f_time | f_payload;
    case record_kind::promise_rejected:
    case record_kind::message_failed:
      return f_command | f_time | f_attempt | f_code | f_payload | f_error;
    case record_kind::message_done: return f_command | f_time | f_payload;
    case record_kind::step: return f_command | f_line | f_name | f_payload;
    case record_kind::sleep: return f_command | f_number | f_line;
    case record_kind::child: return f_command | f_related | f_line | f_name | f_target | f_payload;
    case record_kind::cancelled: return f_command;
    case record_kind::condition:
    case record_kind::promise: return f_command | f_line | f_name;
    case record_kind::met: return f_command;
    case record_kind::written: return f_time;
    case record_kind::erased: return f_time | f_related;
    case record_kind::described: return f_payload;
    case record_kind::patched: return f_line | f_name;
    case record_kind::message: return f_command | f_line | f_name | f_target | f_payload;
    case record_kind::completed: return f_payload;
    case record_kind::failed: return f_attempt | f_code | f_payload | f_error;
    case record_kind::ended_cancelled: return f_name;
    case record_kind::continued: return f_related | f_name | f_payload;
    case record_kind::update_done: return f_command | f_payload;
    case record_kind::update_failed: return f_command | f_attempt | f_code | f_payload | f_error;
    case record_kind::attempt: return f_command | f_attempt;
    case record_kind::retry: return f_command | f_time | f_number | f_attempt | f_error;
    case record_kind::not_started: return f_command | f_attempt;
    case record_kind::progress: return f_command | f_payload;
    case record_kind::driven: return f_time;
    case record_kind::stalled: return f_time | f_name;
    case record_kind::resumed: return f_time;
    case record_kind::moved: return f_time | f_name;
    case record_kind::suspect: return f_command | f_attempt;
  }
  return f_unknown;
}

/// The fields of this very record.
constexpr unsigned fields_of(const record& r) noexcept {
  auto fields = fields_of(r.kind);
  if (r.kind == record_kind::started && (r.flags & record_flag::has_secret)) fields |= f_secret;
  bool may_be_late =
      r.kind == record_kind::step || r.kind == record_kind::sleep || r.kind == record_kind::retry;
  if (may_be_late && (r.flags & record_flag::late)) fields |= f_late;
  return fields;
}

void put_fields(std::string& out, const record& r, unsigned f) {
  if (f & f_command) put_varint(out, r.command);
  if (f & f_time) put_signed(out, r.time);
  if (f & f_related) put_varint(out, r.related);
  if (f & f_number) put_signed(out, r.number);
  if (f & f_attempt) put_varint(out, r.attempt);
  if (f & f_line) put_varint(out, r.line);
  if (f & f_code) put_byte(out, static_cast<std::uint8_t>(r.code));
  if (f & f_seed) {
    put_big_endian(out, r.seed[0]);
    put_big_endian(out, r.seed[1]);
  }
  if (f & f_secret)
    for (auto half : r.secret) put_big_endian(out, half);
  if (f & f_start) {
    put_varint(out, r.first);
    put_varint(out, r.previous);
    put_signed(out, r.begins_at);
    put_signed(out, r.run_timeout);
    put_signed(out, r.execution_deadline);
    put_varint(out, r.payload_limit);
    put_text(out, r.name_space);
    put_text(out, r.attributes);
    put_text(out, r.memo);
    put_text(out, r.details);
    put_text(out, r.version);
  }
  if (f & f_name) put_text(out, r.name);
  if (f & f_target) put_text(out, r.target);
  if (f & f_payload) put_text(out, r.payload);
  if (f & f_error) {
    put_text(out, r.error_type);
    put_text(out, r.error_text);
    put_text(out, r.error_path);
  }
  if (f & f_late) put_signed(out, r.late);
}

void take_fields(source& in, record& r, unsigned f) {
  if (f & f_command) r.command = in.varint32();
  if (f & f_time) r.time = in.signed_varint();
  if (f & f_related) r.related = in.varint();
  if (f & f_number) r.number = in.signed_varint();
  if (f & f_attempt) r.attempt = in.varint32();
  if (f & f_line) r.line = in.varint32();
  if (f & f_code) r.code = static_cast<errc>(in.byte());
  if (f & f_seed) {
    r.seed[0] = in.big_endian();
    r.seed[1] = in.big_endian();
  }
  if (f & f_secret)
    for (auto& half : r.secret) half = in.big_endian();
  if (f & f_start) {
    r.first = in.varint();
    r.previous = in.varint();
    r.begins_at = in.signed_varint();
    r.run_timeout = in.signed_varint();
    r.execution_deadline = in.signed_varint();
    r.payload_limit = in.varint32();
    r.name_space = in.text();
    r.attributes = in.text();
    r.memo = in.text();
    r.details = in.text();
    r.version = in.text();
  }
  if (f & f_name) r.name = in.text();
  if (f & f_target) r.target = in.text();
  if (f & f_payload) r.payload = in.text();
  if (f & f_error) {
    r.error_type = in.text();
    r.error_text = in.text();
    r.error_path = in.text();
  }
  if (f & f_late) r.late = in.signed_varint();
}

}  // namespace

std::string_view to_text(record_kind k) noexcept {
  switch (k) {
    case record_kind::started: return "started";
    case record_kind::step_done: return "step done";
    case record_kind::step_failed: return "step failed";
    case record_kind::timer_fired: return "timer fired";
    case record_kind::child_done: return "child done";
    case record_kind::child_failed: return "child failed";
    case record_kind::cancel_requested: return "cancel requested";
    case record_kind::body_returned: return "body returned";
    case record_kind::terminated: return "terminated";
    case record_kind::signal: return "signal";
    case record_kind::update: return "update accepted";
    case record_kind::promise_resolved: return "promise resolved";
    case record_kind::promise_rejected: return "promise rejected";
    case record_kind::message_done: return "message delivered";
    case record_kind::message_failed: return "message failed";
    case record_kind::condition: return "wait for";
    case record_kind::met: return "met";
    case record_kind::promise: return "promise";
    case record_kind::message: return "message";
    case record_kind::continued: return "continued as new";
    case record_kind::update_done: return "update completed";
    case record_kind::update_failed: return "update failed";
    case record_kind::step: return "step";
    case record_kind::sleep: return "sleep";
    case record_kind::child: return "child";
    case record_kind::cancelled: return "cancelled";
    case record_kind::completed: return "completed";
    case record_kind::failed: return "failed";
    case record_kind::ended_cancelled: return "ended by cancellation";
    case record_kind::attempt: return "attempt";
    case record_kind::retry: return "retry";
    case record_kind::not_started: return "not started";
    case record_kind::progress: return "progress";
    case record_kind::driven: return "driven";
    case record_kind::stalled: return "stalled";
    case record_kind::resumed: return "resumed";
    case record_kind::suspect: return "suspect";
    case record_kind::written: return "state written";
    case record_kind::erased: return "erased";
    case record_kind::described: return "described";
    case record_kind::patched: return "patch";
    case record_kind::moved: return "moved to version";
  }
  return "unknown";
}

void encode(std::string& out, const record& r) {
  // The length comes first and is known last: its place is made wide enough at once, a padded
  // varint where need be.
  auto texts = r.name.size() + r.target.size() + r.payload.size() + r.error_type.size() +
               r.error_text.size() + r.error_path.size() + r.name_space.size() +
               r.attributes.size() + r.memo.size() + r.details.size() + r.version.size();
  // Bytes of all numbers of a record.
  const std::size_t others_max = r.kind == record_kind::started ? 160 : 100;
  std::size_t width = 1;
  for (auto most = texts + others_max; most >= 0x80; most >>= 7) ++width;
  auto at = out.size();
  out.append(width, '\0');
  put_byte(out, static_cast<std::uint8_t>(r.kind));
  put_byte(out, r.flags);
  put_varint(out, r.run);
  put_fields(out, r, fields_of(r));
  auto length = out.size() - at - width;
  for (std::size_t i = 0; i < width; ++i, length >>= 7)
    out[at + i] = static_cast<char>((length & 0x7f) | (i + 1 < width ? 0x80 : 0));
}

std::string pack(const std::vector<failed_operation>& path) {
  std::string out;
  for (auto& o : path) {
    put_byte(out, static_cast<std::uint8_t>(o.code));
    put_varint(out, o.attempts);
    put_text(out, o.operation);
  }
  return out;
}
std::vector<failed_operation> unpack_path(std::string_view bytes) {
  std::vector<failed_operation> path;
  for (source in(bytes); !in.done();) {
    auto& o = path.emplace_back();
    o.code = static_cast<errc>(in.byte());
    o.attempts = in.varint32();
    o.operation = in.text();
  }
  return path;
}

failure failure_of(const record& r) {
  return {std::string(r.error_type), std::string(r.error_text), std::string(r.payload), r.attempt,
          unpack_path(r.error_path)};
}
void set_failure(record& r, const failure& f, std::string& path) {
  path = pack(f.path);
  r.attempt = f.attempts;
  r.payload = f.payload;
  r.error_type = f.type;
  r.error_text = f.message;
  r.error_path = path;
}

record decode_record(source& in) {
  source body(in.text());
  record r;
  r.kind = static_cast<record_kind>(body.byte());
  r.flags = body.byte();
  r.run = body.varint();
  auto f = fields_of(r);
  if (f & f_unknown)
    throw malformed("a record is of kind " + std::to_string(static_cast<int>(r.kind)) +
                    ", which this version doesn't know");
  take_fields(body, r, f);
  if (!body.done()) throw malformed("a record is longer than its fields");
  return r;
}

}  // namespace detail
}}  // namespace stet::v0
