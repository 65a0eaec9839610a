// libFuzzer's entry for the history of the clock: bytes are refused as malformed, or written and
// read back as the same, and then asked about any record. A second try gives each input a right
// checksum.
#include "decoder_fuzz.hpp"
#include "journal/clock_history.hpp"

using namespace stet::detail;

namespace {

void read(std::string_view bytes) {
  try {
    auto h = decode_clock_history(bytes);
    auto once = encode(h);
    require(encode(decode_clock_history(once)) == once);
    for (std::uint64_t n : {std::uint64_t{0}, h.lsn.value(), ~std::uint64_t{0}}) {
      (void)h.shift_at(record_lsn(n));
      (void)h.shift_of_run(run_number(n));
    }
  } catch (const malformed&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = view(data, size);
  read(bytes);
  read(summed(bytes));
  return 0;
}
