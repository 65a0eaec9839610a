#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// The fields, in the order in which they are written.
namespace record_field {
enum : unsigned {
  command = 1,
  time = 2,
  related = 4,
  number = 8,
  attempt = 16,
  line = 32,
  code = 64,
  seed = 128,
  secret = 256,
  start = 512,
  name = 1024,
  reason = 2048,  // the field `name`, as a reason
  target = 4096,
  payload = 8192,
  error = 16384,
  late = 32768,
  unknown = 1u << 31,
};
}  // namespace record_field

constexpr unsigned fields_of(record_kind k) noexcept {
  using namespace record_field;
  switch (k) {
#define STET_KIND(kind, number, text, fields, meaning) \
  case record_kind::kind: return fields;
#define STET_FLAG(kind, flag, bit, meaning)
#define STET_FLAG_FIELD(kind, flag, bit, field, meaning)
#include "history/kinds.def"
  }
  return unknown;
}

/// Returns the fields of this very record, those of its flags included.
constexpr unsigned fields_of(const record& r) noexcept {
  unsigned all = fields_of(r.kind);
#define STET_KIND(kind, number, text, fields, meaning)
#define STET_FLAG(kind, flag, bit, meaning)
#define STET_FLAG_FIELD(kind_of_record, flag, bit, field, meaning) \
  if (r.kind == record_kind::kind_of_record && (r.flags & (bit))) all |= record_field::field;
#include "history/kinds.def"
  return all;
}

// Room for a record apart from its texts, if it had every field, each as long as it can be: 25
// numbers and lengths, the kind, the flags and a code, and the halves of seed and secret. (The
// width of a record's length comes from another, smaller number, which is on disk.)
constexpr std::size_t room_for_others = 25 * varint_bytes_max + 3 + 4 * sizeof(std::uint64_t);

void put_fields(sink& out, const record& r, unsigned f) noexcept {
  if (f & record_field::command) out.varint(r.command.value());
  if (f & record_field::time) out.signed_varint(r.time.value());
  if (f & record_field::related) out.varint(r.related.value());
  if (f & record_field::number) out.signed_varint(r.number);
  if (f & record_field::attempt) out.varint(r.attempt);
  if (f & record_field::line) out.varint(r.line);
  if (f & record_field::code) out.byte(static_cast<std::uint8_t>(r.code));
  if (f & record_field::seed) {
    out.big_endian(r.seed[0]);
    out.big_endian(r.seed[1]);
  }
  if (f & record_field::secret)
    for (auto half : r.secret) out.big_endian(half);
  if (f & record_field::start) {
    out.varint(r.first.value());
    out.varint(r.previous.value());
    out.signed_varint(r.begins_at.value());
    out.signed_varint(r.run_timeout);
    out.signed_varint(r.execution_deadline.value());
    out.varint(r.payload_limit);
    out.text(r.name_space);
    out.text(r.attributes);
    out.text(r.memo);
    out.text(r.details);
    out.text(r.version);
  }
  if (f & (record_field::name | record_field::reason)) out.text(r.name);
  if (f & record_field::target) out.text(r.target);
  if (f & record_field::payload) out.text(r.payload);
  if (f & record_field::error) {
    out.text(r.error_type);
    out.text(r.error_text);
    out.text(r.error_path);
  }
  if (f & record_field::late) out.signed_varint(r.late);
}

void take_fields(source& in, record& r, unsigned f) {
  if (f & record_field::command) r.command = command_number(in.varint32());
  if (f & record_field::time) r.time = engine_time(in.signed_varint());
  if (f & record_field::related) r.related = run_number(in.varint());
  if (f & record_field::number) r.number = in.signed_varint();
  if (f & record_field::attempt) r.attempt = in.varint32();
  if (f & record_field::line) r.line = in.varint32();
  if (f & record_field::code) r.code = static_cast<errc>(in.byte());
  if (f & record_field::seed) {
    r.seed[0] = in.big_endian();
    r.seed[1] = in.big_endian();
  }
  if (f & record_field::secret)
    for (auto& half : r.secret) half = in.big_endian();
  if (f & record_field::start) {
    r.first = run_number(in.varint());
    r.previous = run_number(in.varint());
    r.begins_at = engine_time(in.signed_varint());
    r.run_timeout = in.signed_varint();
    r.execution_deadline = engine_time(in.signed_varint());
    r.payload_limit = in.varint32();
    r.name_space = in.text();
    r.attributes = in.text();
    r.memo = in.text();
    r.details = in.text();
    r.version = in.text();
  }
  if (f & (record_field::name | record_field::reason)) r.name = in.text();
  if (f & record_field::target) r.target = in.text();
  if (f & record_field::payload) r.payload = in.text();
  if (f & record_field::error) {
    r.error_type = in.text();
    r.error_text = in.text();
    r.error_path = in.text();
  }
  if (f & record_field::late) r.late = in.signed_varint();
}

}  // namespace

bool has_reason(record_kind k) noexcept { return (fields_of(k) & record_field::reason) != 0; }

void encode(std::string& out, const record& r) { encode(out, r, r.run); }

void encode(std::string& out, const record& r, run_number run) {
  // The record's length is written first, and is known last. Its place is made wide enough at once;
  // if need be, the length is padded to that width.
  auto texts = r.name.size() + r.target.size() + r.payload.size() + r.error_type.size() +
               r.error_text.size() + r.error_path.size() + r.name_space.size() +
               r.attributes.size() + r.memo.size() + r.details.size() + r.version.size();
  // The bytes of all numbers of a record, at most.
  const std::size_t others_max = r.kind == record_kind::started ? 160 : 100;
  std::size_t width = 1;
  for (auto most = texts + others_max; most >= 0x80; most >>= 7) ++width;
  const auto at = out.size();
  out.resize(at + width + room_for_others + texts);
  char* const begin = out.data() + at + width;
  sink to(begin);
  to.byte(static_cast<std::uint8_t>(r.kind));
  to.byte(r.flags);
  to.varint(run.value());
  put_fields(to, r, fields_of(r));
  auto length = static_cast<std::size_t>(to.end() - begin);
  out.resize(at + width + length);
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
  r.run = run_number(body.varint());
  auto f = fields_of(r);
  if (f & record_field::unknown)
    throw malformed("a record is of kind " + std::to_string(static_cast<int>(r.kind)) +
                    ", which this version doesn't know");
  take_fields(body, r, f);
  if (!body.done()) throw malformed("a record is longer than its fields");
  return r;
}

}  // namespace detail
}}  // namespace stet::v0
