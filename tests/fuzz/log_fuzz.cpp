// libFuzzer's entry for the log before LMDB. Random bytes are no records, or are exactly the bytes
// of a batch. A log that was cut or damaged gives only whole records of its own.
#include "backends/common/log_record.hpp"
#include "decoder_fuzz.hpp"

using namespace stet;
using namespace stet::backend;

namespace {

std::string written(const batch& b, std::uint64_t sequence) {
  std::string record;
  encode_record({7, sequence, sequence - 1}, b, record);
  record.resize(to_log_units(record.size()));
  return record;
}

void walk(std::string_view log, std::uint64_t most) {
  log_walk w(log, 7, 0);
  std::uint64_t count = 0;
  while (auto payload = w.next()) {
    ++count;
    (void)decode_payload(*payload);
    require(w.offset() <= to_log_units(log.size()));  // the padding of the last one may be cut
  }
  require(w.sequence() == count && count <= most);
  (void)w.find_damage();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = view(data, size);
  (void)decode_log_header(bytes);
  for (std::size_t at = 0; at < size + 2 * log_unit_bytes; at += log_unit_bytes)
    (void)record_at(bytes, at);
  if (auto b = decode_payload(bytes)) {
    const auto again = written(*b, 1);
    const auto r = record_at(again, 0);
    require(r && r->position.sequence == 1 && decode_payload(r->payload));
  }
  // Makes a log of three records, the second with these bytes, and changes one byte.
  batch first, second;
  first.put("a", "1");
  if (size > 0)
    second.put(std::string(bytes.substr(0, std::min<std::size_t>(size, 400))), std::string(bytes));
  second.erase("a");
  std::string log = encode_log_header(7);
  log.resize(log_header_bytes);
  log += written(first, 1) + written(second, 2) + written(first, 3);
  walk(log, 3);
  if (size >= 4) {
    const auto at = (data[0] | data[1] << 8 | data[2] << 16) % log.size();
    log[at] = static_cast<char>(log[at] ^ (data[3] | 1));
    walk(log, 3);
    walk(std::string_view(log).substr(0, at), 3);
  }
  std::string behind = log.substr(0, log_header_bytes) + std::string(bytes);
  walk(behind, size);
  return 0;
}
