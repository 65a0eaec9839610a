#include "engine/calls/transacting.hpp"

#include <utility>

#include "base/users_exception.hpp"
#include "engine/calls/calls_room.hpp"
#include "history/make.hpp"

namespace stet { inline namespace v0 { namespace detail {

answer<void> transact(engine_parts& e, std::string_view name_space, transact_function& f) {
  transaction_state state(e.tables, name_space);
  transaction tx(state);
  auto thrown = thrown_by_user([&] { f.run(tx); });
  e.tables.rethrow_failure();  // thrown even if `f` has caught it
  if (thrown) throw users_exception(thrown);
  if (state.writes.empty()) return {e.journal.last_lsn()};  // for what it has read
  auto writes = e.tables.seal(std::move(state.writes));
  auto lsn = e.recorder.append_own(notes::written());
  e.tables.stage(std::move(writes), e.journal.extra_writes());
  return {lsn};
}

answer<void> perform(calls_room& e, const transact_in& c) {
  return transact(e.parts, c.name_space, c.function);
}

}}}  // namespace stet::v0::detail
