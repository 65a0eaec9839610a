#include "journal/marks.hpp"

#include "base/bytes.hpp"
#include "base/checksum.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint8_t version_without_sum = 1, marks_version = 2;

}  // namespace

std::string encode(const marks& m) {
  std::string out;
  put_byte(out, m.has_sum ? marks_version : version_without_sum);
  put_varint(out, m.epoch);
  put_varint(out, m.first_block);
  put_varint(out, m.next_lsn.value());
  put_varint(out, m.next_run.value());
  put_signed(out, m.time.value());
  put_byte(out, m.clean);
  if (m.has_sum) add_checksum(out);
  return out;
}

marks decode_marks(std::string_view bytes) {
  auto version = source(bytes).byte();
  if (version != version_without_sum && version != marks_version)
    throw malformed("they are of an unknown version");
  marks m;
  m.has_sum = version == marks_version;
  source in(m.has_sum ? without_checksum(bytes) : bytes);
  if (in.done()) throw malformed("their checksum is wrong");
  (void)in.byte();
  m.epoch = in.varint();
  m.first_block = in.varint();
  m.next_lsn = record_lsn(in.varint());
  m.next_run = run_number(in.varint());
  m.time = engine_time(in.signed_varint());
  m.clean = in.byte() != 0;
  if (!in.done()) throw malformed("they are longer than their fields");
  return m;
}

}}}  // namespace stet::v0::detail
