// libFuzzer's entry for records: any bytes are either refused as malformed, or decode to records
// that are written and read back as the same, and that a fold takes or refuses.
//
//     clang++ -std=c++20 -Iinclude -Isrc -I. -fsanitize=fuzzer,address,undefined
//     tests/fuzz/record_fuzz.cpp libstet.a
#include "decoder_fuzz.hpp"
#include "run_state/run_state.hpp"

using namespace stet::detail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run_state state;
  record_lsn lsn;
  try {
    for (source in(view(data, size)); !in.done();) {
      auto r = decode_record(in);
      std::string once, twice;
      encode(once, r);
      source again(once);
      encode(twice, decode_record(again));
      require(again.done() && once.substr(once.size() - 3) == twice.substr(twice.size() - 3));
      require(source(once).text() == source(twice).text());
      apply(state, r, ++lsn);
      std::string snapshot;
      encode(snapshot, state);
      (void)decode_run_state(snapshot);
    }
  } catch (const malformed&) {}
  return 0;
}
