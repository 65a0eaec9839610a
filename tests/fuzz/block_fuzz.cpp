// libFuzzer's entry for blocks and marks: bytes are refused as malformed, or are exactly what they
// say. Every other input gets a right checksum, so that the code after it is tested as well.
#include "decoder_fuzz.hpp"
#include "history/block.hpp"
#include "history/record.hpp"
#include "journal/journal.hpp"

using namespace stet::detail;

namespace {

void read(std::string_view block, std::uint64_t number) {
  try {
    auto h = open_block(block, number);
    require(h.number == number && h.count <= records_of(block).size());
    source in(records_of(block));
    for (auto n = h.count; n > 0; --n) (void)decode_record(in);
  } catch (const malformed&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = view(data, size);
  read(bytes, 1);
  if (size > 0) {
    std::string sealed(block_header_bytes, '\0');
    sealed += bytes.substr(1);
    seal_block(sealed, {1, record_lsn(1), data[0], {}});
    read(sealed, 1);
  }
  try {
    auto m = decode_marks(bytes);
    auto once = encode(m);
    require(encode(decode_marks(once)) == once);
  } catch (const malformed&) {}
  return 0;
}
