#include "execution/mailbox.hpp"

#include "history/make.hpp"

#include <algorithm>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {

void mailbox::add(const record& signal) {
  unread_.push_back(
      {std::string(signal.name), std::string(signal.target), std::string(signal.payload)});
  if (!signal.target.empty()) keys_.emplace(signal.target);
}

bool mailbox::take(std::string_view name, std::string& payload, bool stays) {
  auto at = std::find_if(unread_.begin(), unread_.end(), [&](auto& m) {
    ++looks_;
    return m.name == name;
  });
  if (at == unread_.end()) return false;
  payload = std::move(at->payload);
  if (!stays) unread_.erase(at);
  return true;
}

void mailbox::add_unread(run_number run, std::vector<std::string>& all) const {
  for (auto& m : unread_) {
    record r = events::signal(m.name, m.key, m.payload);
    r.run = run;
    encode(all.emplace_back(), r);
  }
}

}}}  // namespace stet::v0::detail
