#include "engine/runs/sent_keys.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace stet { inline namespace v0 { namespace detail {

std::optional<bool> sent_keys::known(std::string_view entry) const {
  for (auto* layer : {&filling_, &flying_})
    if (auto at = layer->find(entry); at != layer->end()) return at->second;
  return std::nullopt;
}

std::optional<std::string> sent_keys::last_of(const std::string& from,
                                              const std::string& to) const {
  std::optional<std::string> last;
  scan(store_, {from, to, true}, [&](std::string_view key, std::string_view) {
    if (!known(key).value_or(true)) return true;  // it is being erased
    last = key;
    return false;
  });
  for (auto* layer : {&filling_, &flying_})
    for (auto at = layer->lower_bound(from); at != layer->end() && at->first < to; ++at)
      if (known(at->first).value_or(false) && (!last || *last < at->first)) last = at->first;
  return last;
}

std::optional<run_number> sent_keys::latest(run_number first, keys::sent_kind k,
                                            std::string_view key) const {
  auto prefix = keys::sent_prefix(first, k, key);
  auto last = last_of(prefix, keys::end_of(prefix));
  if (!last) return std::nullopt;
  return keys::last_run(*last);
}

bool sent_keys::has_all(run_number first, run_number run) const {
  auto entry = keys::sent(first, keys::sent_kind::all, {}, run);
  auto staged = known(entry);
  return staged ? *staged : store_.get(entry).has_value();
}

void sent_keys::add(std::string entry, batch& extra_writes) {
  extra_writes.put(entry, {});
  filling_.insert_or_assign(std::move(entry), true);
}

void sent_keys::erase(std::string entry, batch& extra_writes) {
  extra_writes.erase(entry);
  filling_.insert_or_assign(std::move(entry), false);
}

void sent_keys::erase_run(run_number first, run_number run, batch& extra_writes) {
  erase_run(run, keys::sent_prefix(first), extra_writes);
}
void sent_keys::erase_run(run_number run, batch& extra_writes) {
  erase_run(run, keys::all(keys::space::sent), extra_writes);
}
void sent_keys::erase_run(run_number run, const std::string& from, batch& extra_writes) {
  auto to = keys::end_of(from);
  std::vector<std::string> all;
  auto take = [&](std::string_view entry) {
    if (keys::last_run(entry) == run) all.emplace_back(entry);
  };
  scan(store_, {from, to}, [&](std::string_view key, std::string_view) {
    take(key);
    return true;
  });
  for (auto* layer : {&filling_, &flying_})
    for (auto at = layer->lower_bound(from); at != layer->end() && at->first < to; ++at)
      take(at->first);
  for (auto& entry : all) erase(std::move(entry), extra_writes);
}

void sent_keys::sealed() {
  filling_.merge(flying_);  // where both have an entry, the newer one stays
  flying_ = std::exchange(filling_, {});
}

}  // namespace detail
}}  // namespace stet::v0
