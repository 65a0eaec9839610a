#include "history/block.hpp"

#include "base/bytes.hpp"
#include "base/crc32c.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint32_t magic = 0x53744231;  // "StB1"

void put32(std::string& out, std::uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift));
}
std::uint32_t take32(source& in) {
  std::uint32_t v = 0;
  for (char c : in.take(4)) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

}  // namespace

void seal_block(std::string& block, const block_header& h) {
  std::string head;
  head.reserve(block_header_bytes);
  put32(head, magic);
  put32(head, h.count);
  put_big_endian(head, h.number);
  put_big_endian(head, h.first_lsn.value());
  put_big_endian(head, static_cast<std::uint64_t>(h.time.value()));
  put32(head, static_cast<std::uint32_t>(block.size()));
  block.replace(0, block_header_bytes - 4, head);
  block.replace(block_header_bytes - 4, 4, 4, '\0');
  std::string sum;
  put32(sum, crc32c(block));  // over all bytes, with zeros in the checksum's place
  block.replace(block_header_bytes - 4, 4, sum);
}

block_header open_block(std::string_view block, std::uint64_t expected_number) {
  if (block.size() < block_header_bytes) throw malformed("it is shorter than its header");
  source in(block);
  block_header h;
  if (take32(in) != magic) throw malformed("it doesn't begin as a block does");
  h.count = take32(in);
  h.number = in.big_endian();
  h.first_lsn = record_lsn(in.big_endian());
  h.time = engine_time(static_cast<std::int64_t>(in.big_endian()));
  if (take32(in) != static_cast<std::uint32_t>(block.size()))
    throw malformed("its length is wrong");
  auto sum = take32(in);
  std::string zeroed(block);
  zeroed.replace(block_header_bytes - 4, 4, 4, '\0');
  if (crc32c(zeroed) != sum) throw malformed("its checksum is wrong");
  if (h.number != expected_number)
    throw malformed("it says it is block " + std::to_string(h.number));
  if (h.count > records_of(block).size())
    throw malformed("it counts more records than it can hold");
  return h;
}

}  // namespace detail
}}  // namespace stet::v0
