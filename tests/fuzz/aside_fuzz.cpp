// libFuzzer's entry for records that were put aside and for debts: bytes are refused as malformed,
// or read as one such value after the other. A second try gives each input a right checksum.
#include "decoder_fuzz.hpp"
#include "history/record.hpp"
#include "journal/aside.hpp"
#include "journal/debts.hpp"

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
void read_owed(std::string_view bytes) {
  try {
    std::size_t all = 0;
    for (auto& d : take_debts(bytes)) all += d.reason.size() + 1;
    require(all < bytes.size());
  } catch (const malformed&) {}
}
std::string summed(std::uint32_t sum, std::string_view bytes) {
  std::string all;
  put_checksum(all, sum);
  return all += bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = view(data, size);
  read(bytes);
  read_owed(bytes);
  read(summed(crc32c(bytes), bytes));
  read_owed(summed(~crc32c(bytes), bytes));
  return 0;
}
