// libFuzzer's entry for search attributes: bytes are refused as malformed, or read and written back
// as the same.
#include "decoder_fuzz.hpp"
#include "history/attributes.hpp"

using namespace stet::detail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = view(data, size);
  try {
    const auto all = unpack_attributes(bytes);
    for (auto& [name, value] : all) (void)to_text(value);
    const auto once = pack(all);
    require(pack(unpack_attributes(once)) == once);
  } catch (const malformed&) {}
  try {
    const auto half = size / 2;
    const auto merged = merge(bytes.substr(0, half), bytes.substr(half));
    require(pack(unpack_attributes(merged)) == merged);
  } catch (const malformed&) {}
  return 0;
}
