#include "engine/calls/history_bytes.hpp"

#include <stet/codec.hpp>
#include <stet/error.hpp>

#include "base/crc32c.hpp"
#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::string_view magic = "stet history 1";
constexpr std::size_t fields = 8;

}  // namespace

std::string encode(const history_bytes& h) {
  std::string out;
  writer w(out);
  w.array(fields);
  w.text(magic);
  w.text(h.name_space);
  w.text(h.id);
  w.text(h.workflow);
  w.text(h.version);
  w.natural(h.run.value());
  w.natural(crc32c(h.records));
  w.bytes(h.records);
  return out;
}

history_bytes decode_history(std::string_view exported) {
  history_bytes h;
  std::uint64_t sum = 0;
  try {
    reader in(exported);
    if (in.array() != fields || in.text() != magic) in.fail("an exported history");
    h.name_space = in.text();
    h.id = in.text();
    h.workflow = in.text();
    h.version = in.text();
    h.run = run_number(in.natural());
    sum = in.natural();
    h.records = in.bytes();
    in.end();
  } catch (const error& e) { throw error(errc::corrupt, "replay_history", e.what()); }
  if (sum != crc32c(h.records))
    throw error(errc::corrupt, "replay_history",
                "the history of the run " + shown(h.id) + " is damaged: its checksum is wrong");
  return h;
}

}}}  // namespace stet::v0::detail
