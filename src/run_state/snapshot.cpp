// A run's state as bytes: the value of a snapshot key.
#include "base/checksum.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint8_t version = 1;
enum : std::uint8_t {
  is_stalled = 1,
  is_cancel_requested = 2,
  has_error = 4,
  has_about = 8,
  has_secret = 16
};

// About how many bytes a snapshot has apart from its texts, and for each pending command: room is
// made for them.
constexpr std::size_t numbers_bytes = 144, pending_bytes = 96;

void encode(std::string& out, const pending& p) {
  put_varint(out, p.command.value());
  put_byte(out, static_cast<std::uint8_t>(p.kind));
  put_byte(out, static_cast<std::uint8_t>(p.at));
  put_byte(out, p.flags);
  put_varint(out, p.attempt);
  put_varint(out, p.failures);
  put_varint(out, p.crashes);
  put_signed(out, p.armed.value());
  put_signed(out, p.due.value());
  put_signed(out, p.due_since.value());
  put_varint(out, p.lsn.value());
  put_varint(out, p.child.value());
  put_text(out, p.name);
  put_text(out, p.target);
  put_text(out, p.more ? p.more->last_error : std::string_view());
  put_text(out, p.more ? p.more->progress : std::string_view());
}

pending decode_pending(source& in) {
  pending p;
  p.command = command_number(in.varint32());
  p.kind = static_cast<wait_kind>(in.byte());
  p.at = static_cast<pending::phase>(in.byte());
  if (p.kind > wait_kind::message || p.at > pending::phase::ending)
    throw malformed("something pending is of an unknown kind");
  p.flags = in.byte();
  p.attempt = in.varint32();
  p.failures = in.varint32();
  p.crashes = in.varint32();
  p.armed = engine_time(in.signed_varint());
  p.due = engine_time(in.signed_varint());
  p.due_since = engine_time(in.signed_varint());
  p.lsn = record_lsn(in.varint());
  p.child = run_number(in.varint());
  p.name = in.text();
  p.target = in.text();
  auto last_error = in.text();
  auto progress = in.text();
  if (!last_error.empty() || !progress.empty())
    p.more = std::make_unique<pending::details>(
        pending::details{std::string(last_error), std::string(progress)});
  return p;
}

void encode_error(std::string& out, const run_state& s) {
  put_byte(out, static_cast<std::uint8_t>(s.code));
  put_text(out, s.error->type);
  put_text(out, s.error->message);
  put_text(out, s.error->payload);
  put_varint(out, s.error->attempts);
  put_text(out, pack(s.error->path));
}

void decode_error(source& in, run_state& s) {
  s.code = static_cast<errc>(in.byte());
  s.error = std::make_unique<failure>();
  s.error->type = in.text();
  s.error->message = in.text();
  s.error->payload = in.text();
  s.error->attempts = in.varint32();
  s.error->path = unpack_path(in.text());
}

}  // namespace

void encode(std::string& out, const run_state& s) {
  auto at = out.size();
  out.reserve(at + numbers_bytes + pending_bytes * s.waits_for.size() + s.name_space.size() +
              s.id.size() + s.workflow.size() + s.version.size() + s.outcome.size());
  put_byte(out, version);
  put_varint(out, s.run.value());
  put_text(out, s.name_space);
  put_text(out, s.id);
  put_text(out, s.workflow);
  put_text(out, s.version);
  put_big_endian(out, s.seed[0]);
  put_big_endian(out, s.seed[1]);
  put_signed(out, s.started.value());
  put_signed(out, s.now.value());
  put_signed(out, s.clock_time.value());
  put_varint(out, s.parent.value());
  put_varint(out, s.parent_command.value());
  put_varint(out, s.first.value());
  put_varint(out, s.previous.value());
  put_varint(out, s.next.value());
  put_signed(out, s.begins_at.value());
  put_signed(out, s.run_timeout);
  put_signed(out, s.deadline.value());
  put_signed(out, s.execution_deadline.value());
  put_varint(out, s.unread);
  put_varint(out, s.open_updates);
  put_byte(out, static_cast<std::uint8_t>(s.status));
  put_byte(out, static_cast<std::uint8_t>((s.stalled ? is_stalled : 0) | (s.error ? has_error : 0) |
                                          (s.cancel_requested ? is_cancel_requested : 0) |
                                          (s.about ? has_about : 0) |
                                          (s.secret != hash_key{} ? has_secret : 0)));
  put_varint(out, s.records);
  put_varint(out, s.undriven);
  put_varint(out, s.crashes);
  put_varint(out, s.applied_lsn.value());
  put_signed(out, s.indexed_wake.value());
  put_varint(out, s.waits_for.size());
  for (auto& p : s.waits_for) encode(out, p);
  put_text(out, s.outcome);
  if (s.error) encode_error(out, s);
  if (s.about) {
    put_text(out, s.about->attributes);
    put_text(out, s.about->memo);
    put_text(out, s.about->details);
  }
  if (s.secret != hash_key{})
    for (auto half : s.secret) put_big_endian(out, half);
  put_checksum(out, crc32c(std::string_view(out).substr(at)));
}

run_state decode_run_state(std::string_view bytes) {
  if (bytes.size() <= checksum_bytes) throw malformed("a snapshot is too short");
  auto body = without_checksum(bytes);
  if (body.empty()) throw malformed("a snapshot's checksum is wrong");
  source in(body);
  if (in.byte() != version) throw malformed("a snapshot is of an unknown version");
  run_state s;
  s.run = run_number(in.varint());
  s.name_space = in.text();
  s.id = in.text();
  s.workflow = in.text();
  s.version = in.text();
  s.seed[0] = in.big_endian();
  s.seed[1] = in.big_endian();
  s.started = engine_time(in.signed_varint());
  s.now = engine_time(in.signed_varint());
  s.clock_time = engine_time(in.signed_varint());
  s.parent = run_number(in.varint());
  s.parent_command = command_number(in.varint32());
  s.first = run_number(in.varint());
  s.previous = run_number(in.varint());
  s.next = run_number(in.varint());
  s.begins_at = engine_time(in.signed_varint());
  s.run_timeout = in.signed_varint();
  s.deadline = engine_time(in.signed_varint());
  s.execution_deadline = engine_time(in.signed_varint());
  s.unread = in.varint32();
  s.open_updates = in.varint32();
  s.status = static_cast<v0::status>(in.byte());
  if (s.status > v0::status::continued_as_new || s.status == v0::status::stalled)
    throw malformed("a snapshot has an unknown status");
  auto flags = in.byte();
  s.stalled = flags & is_stalled;
  s.cancel_requested = flags & is_cancel_requested;
  s.records = in.varint();
  s.undriven = in.varint32();
  s.crashes = in.varint32();
  s.applied_lsn = record_lsn(in.varint());
  s.indexed_wake = engine_time(in.signed_varint());
  for (auto n = in.varint(); n > 0; --n) {
    auto p = decode_pending(in);
    const auto command = p.command;
    if (!s.waits_for.is_next(command)) throw malformed("a snapshot's commands are in disorder");
    s.waits_for.add(command, std::move(p));
  }
  s.outcome = in.text();
  if (flags & has_error) decode_error(in, s);
  if (flags & has_about) {
    s.about = std::make_unique<description>();
    s.about->attributes = s.about->indexed = in.text();
    s.about->memo = in.text();
    s.about->details = in.text();
  }
  if (flags & has_secret)
    for (auto& half : s.secret) half = in.big_endian();
  s.indexed_status = s.shown_status();
  if (!in.done()) throw malformed("a snapshot is longer than its fields");
  return s;
}

}  // namespace detail
}}  // namespace stet::v0
