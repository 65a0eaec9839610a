#include "execution/mailbox.hpp"

#include "history/make.hpp"

#include <iterator>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {

void mailbox::add(const record& signal) {
  std::list<messages::iterator> place(1);
  auto& of_name = by_name_[std::string(signal.name)];
  if (!signal.target.empty()) keys_.emplace(signal.target);
  unread_.push_back(
      {std::string(signal.name), std::string(signal.target), std::string(signal.payload)});
  place.front() = std::prev(unread_.end());
  of_name.splice(of_name.end(), place);
}

bool mailbox::take(std::string_view name, std::string& payload, bool stays) {
  auto of_name = by_name_.find(name);
  if (of_name == by_name_.end()) return false;
  ++looks_;
  auto at = of_name->second.front();
  payload = std::move(at->payload);
  if (stays) return true;
  of_name->second.pop_front();
  if (of_name->second.empty()) by_name_.erase(of_name);
  unread_.erase(at);
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
