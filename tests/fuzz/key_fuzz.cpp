// libFuzzer's entry for keys: bytes are refused as malformed, or are the key of the parts that they
// parse to.
#include "decoder_fuzz.hpp"
#include "keys/keys.hpp"

using namespace stet::detail;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto bytes = view(data, size);
  for (auto kind : {"n", "t", "s", ""}) {
    std::string key(*kind ? 1 : 0, '\0');
    key += kind;
    key += bytes;
    try {
      auto p = keys::parse_id(key);
      require(keys::id(p.name_space, p.id, p.run).substr(1) == key.substr(1));
      auto prefix = keys::id_prefix(p.name_space, p.id);
      require(keys::id(p.name_space, p.id, p.run).compare(0, prefix.size(), prefix) == 0);
    } catch (const malformed&) {}
    try {
      auto t = keys::parse_timer(key);
      require(key.compare(1, 17, keys::timer(t.wake, t.run), 1, 17) == 0);
    } catch (const malformed&) {}
    try {
      auto p = keys::parse_sent(key);
      require(keys::sent(p.first, p.kind, p.key, p.run).substr(1) == key.substr(1));
    } catch (const malformed&) {}
    try {
      (void)keys::last_number(key);
    } catch (const malformed&) {}
    auto end = keys::end_of(key);
    require(end.empty() || end > key);
  }
  return 0;
}
