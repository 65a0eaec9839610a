#include "engine/runs/sent_log.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/hooks.hpp"
#include "execution/sent.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// The entry of a request; empty if it has no key or id by which it could come again.
std::optional<std::string> entry_of(const run_state& s, record_kind k, std::uint8_t flags,
                                    std::string_view target) {
  auto key = request_key(k, flags, target);
  if (key.empty()) return std::nullopt;
  bool is_signal = k == record_kind::signal;
  return keys::sent(s.first, is_signal ? keys::sent_kind::signal : keys::sent_kind::update, key,
                    s.run);
}

}  // namespace

void sent_log::remember(const execution& frame, const run_state& s) {
  if (STET_SEEDED(forget_what_was_sent)) return;
  bool any = false;
  visit_sent(frame, [&](record_kind k, std::uint8_t flags, std::string_view target) {
    auto entry = entry_of(s, k, flags, target);
    if (!entry) return;
    keys_.add(*std::move(entry), journal_.extra_writes());
    any = true;
  });
  if (any) keys_.add(keys::sent(s.first, keys::sent_kind::all, {}, s.run), journal_.extra_writes());
}

void sent_log::forget(resident& r) {
  auto first = r.state.first, run = r.state.run;
  if (!r.state.next || !keys_.has_all(first, run)) return;
  if (block_.is_refused) return keys_.erase_run(first, run, journal_.extra_writes());
  try {
    history_.for_each(r, [&](const record& rec) {
      if (auto entry = entry_of(r.state, rec.kind, rec.flags, rec.target))
        keys_.erase(*std::move(entry), journal_.extra_writes());
    });
    keys_.erase(keys::sent(first, keys::sent_kind::all, {}, run), journal_.extra_writes());
  } catch (const error& e) {
    if (!is_of_one_run(e)) throw;
    keys_.erase_run(first, run, journal_.extra_writes());
  }
}

run_number sent_log::sent_before(resident& r, keys::sent_kind kind, std::string_view key) {
  auto& s = r.state;
  if (!s.previous) return {};
  if (auto run = keys_.latest(s.first, kind, key)) return *run;
  if (keys_.has_all(s.first, s.previous)) return {};
  // The previous run left no entries: either it was sent nothing, or an older build continued it.
  // Its history tells.
  if (!r.sent_before) {
    auto sent = std::make_unique<std::unordered_set<std::string>>();
    if (auto before = table_.load(s.previous)) {
      history_.for_each(*before, [&](const record& rec) {
        if (auto entry = entry_of(before->state, rec.kind, rec.flags, rec.target))
          sent->insert(*entry);
      });
    }
    r.sent_before = std::move(sent);
  }
  return r.sent_before->contains(keys::sent(s.first, kind, key, s.previous)) ? s.previous : no_run;
}

}}}  // namespace stet::v0::detail
