#include "engine/runs/history_reader.hpp"

#include "base/hooks.hpp"
#include "journal/checkpoint.hpp"

namespace stet { inline namespace v0 { namespace detail {

std::string history_reader::stored(resident& r) const {
  ++reads_;
  std::string history;
  try {
    history =
        read_history(services_.store, r.state.run, r.riding ? r.riding->first : r.unsaved_first);
  } catch (const malformed& e) { throw unreadable_history(r.state, e.what()); }
  if (r.riding && !STET_SEEDED(forget_riding)) history += r.riding->records;
  history += r.unsaved;
  return history;
}

std::string history_reader::opened(resident& r) const {
  auto history = stored(r);
  try {
    services_.payloads.open_for_replay(history, owner_of(r.state));
  } catch (const malformed& e) { throw unreadable_history(r.state, e.what()); }
  return history;
}

}}}  // namespace stet::v0::detail
