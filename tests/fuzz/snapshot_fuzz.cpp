// libFuzzer's entry for snapshots: bytes are refused as malformed, or written and read back as the
// same. A second try gives each input a right checksum.
#include "decoder_fuzz.hpp"
#include "run_state/run_state.hpp"

using namespace stet::detail;

namespace {

void read(std::string_view bytes) {
  try {
    auto s = decode_run_state(bytes);
    std::string once, twice;
    encode(once, s);
    encode(twice, decode_run_state(once));
    require(once == twice);
    (void)wake_of(s);
  } catch (const malformed&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = view(data, size);
  read(bytes);
  read(summed(bytes));
  return 0;
}
