// libFuzzer's entry for sealed payloads: whatever the bytes are, they are refused, or open to
// something within the limit.
#include "decoder_fuzz.hpp"
#include "payloads/payloads.hpp"
#if STET_TESTS_HAVE_SODIUM
#include <stet/encryption.hpp>
#endif
#if STET_TESTS_HAVE_ZSTD
#include <stet/zstd.hpp>
#endif

using namespace stet::detail;

namespace {

transform_list all_transforms() {
  transform_list list;
#if STET_TESTS_HAVE_ZSTD
  list.push_back(stet::zstd({.bytes_min = 0}));
#endif
#if STET_TESTS_HAVE_SODIUM
  list.push_back(std::make_shared<stet::encryption>("k", std::string(32, 'k')));
#endif
  return list;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static payloads p(all_transforms());
  auto bytes = view(data, size);
  try {
    (void)p.open_entry(bytes, "default", "key");
  } catch (const stet::error&) {}
  require(p.open_entry(p.seal_entry(bytes, "default", "key"), "default", "key") == bytes);
  std::string zipped("\xff\x04zstd", 6);
  zipped += bytes;
  try {
    (void)p.open_entry(zipped, "default", "key");
  } catch (const stet::error&) {}
  try {
    std::string history(bytes);
    p.open_for_replay(history, {run_number(1), {2, 3}, "default", "id"});
  } catch (const stet::error&) {
  } catch (const malformed&) {}
  return 0;
}
