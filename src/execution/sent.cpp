#include "execution/sent.hpp"

namespace stet { inline namespace v0 { namespace detail {

bool knows_signal(const execution& e, std::string_view key) {
  return e.signals.knows(key) || e.replay_cursor.has_queued(record_kind::signal, key);
}

void visit_sent(
    const execution& e,
    const std::function<void(record_kind, std::uint8_t flags, std::string_view)>& visit) {
  for (auto& key : e.signals.keys()) visit(record_kind::signal, 0, key);
  for (auto& [id, answer] : e.updates.all())
    visit(record_kind::update, answer.unnamed ? flag::update::unnamed : 0, id);
  for (auto& bytes : e.replay_cursor.queued()) {
    source in(bytes);
    auto r = decode_record(in);
    if (r.kind == record_kind::signal || r.kind == record_kind::update)
      visit(r.kind, r.flags, r.target);
  }
}

std::vector<std::string> unseen(const execution& e) {
  std::vector<std::string> all;
  e.signals.add_unread(e.run(), all);
  e.updates.add_waiting(e.run(), all);
  all.insert(all.end(), e.replay_cursor.queued().begin(), e.replay_cursor.queued().end());
  return all;
}

}}}  // namespace stet::v0::detail
