// libFuzzer's entry for records that were put aside: refused as malformed, or records one behind
// the other. The checksum is made right for a second try.
#include "base/crc32c.hpp"
#include "decoder_fuzz.hpp"
#include "history/record.hpp"
#include "journal/aside.hpp"

using namespace stet::detail;

namespace {

void read(std::string_view bytes) {
  try {
    std::size_t all = 0;
    for (auto& [lsn, record] : take_aside(bytes)) {
      all += record.size();
      source in(record);
      (void)decode_record(in);
    }
    require(all < bytes.size());
  } catch (const malformed&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = view(data, size);
  read(bytes);
  std::string summed;
  auto sum = crc32c(bytes);
  for (int shift = 24; shift >= 0; shift -= 8) summed.push_back(static_cast<char>(sum >> shift));
  summed += bytes;
  read(summed);
  return 0;
}
