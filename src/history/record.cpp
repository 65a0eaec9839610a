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

void put_fields(std::string& out, const record& r, unsigned f) {
  if (f & record_field::command) put_varint(out, r.command.value());
  if (f & record_field::time) put_signed(out, r.time.value());
  if (f & record_field::related) put_varint(out, r.related.value());
  if (f & record_field::number) put_signed(out, r.number);
  if (f & record_field::attempt) put_varint(out, r.attempt);
  if (f & record_field::line) put_varint(out, r.line);
  if (f & record_field::code) put_byte(out, static_cast<std::uint8_t>(r.code));
  if (f & record_field::seed) {
    put_big_endian(out, r.seed[0]);
    put_big_endian(out, r.seed[1]);
  }
  if (f & record_field::secret)
    for (auto half : r.secret) put_big_endian(out, half);
  if (f & record_field::start) {
    put_varint(out, r.first.value());
    put_varint(out, r.previous.value());
    put_signed(out, r.begins_at.value());
    put_signed(out, r.run_timeout);
    put_signed(out, r.execution_deadline.value());
    put_varint(out, r.payload_limit);
    put_text(out, r.name_space);
    put_text(out, r.attributes);
    put_text(out, r.memo);
    put_text(out, r.details);
    put_text(out, r.version);
  }
  if (f & (record_field::name | record_field::reason)) put_text(out, r.name);
  if (f & record_field::target) put_text(out, r.target);
  if (f & record_field::payload) put_text(out, r.payload);
  if (f & record_field::error) {
    put_text(out, r.error_type);
    put_text(out, r.error_text);
    put_text(out, r.error_path);
  }
  if (f & record_field::late) put_signed(out, r.late);
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

void encode(std::string& out, const record& r) {
  // The record's length is written first, and is known last. Its place is made wide enough at once;
  // if need be, the length is padded to that width.
  auto texts = r.name.size() + r.target.size() + r.payload.size() + r.error_type.size() +
               r.error_text.size() + r.error_path.size() + r.name_space.size() +
               r.attributes.size() + r.memo.size() + r.details.size() + r.version.size();
  // The bytes of all numbers of a record, at most.
  const std::size_t others_max = r.kind == record_kind::started ? 160 : 100;
  std::size_t width = 1;
  for (auto most = texts + others_max; most >= 0x80; most >>= 7) ++width;
  auto at = out.size();
  out.append(width, '\0');
  put_byte(out, static_cast<std::uint8_t>(r.kind));
  put_byte(out, r.flags);
  put_varint(out, r.run.value());
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
