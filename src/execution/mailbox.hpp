// The signals that a run has been given.
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

class mailbox {
 public:
  void add(const record& signal);
  /// Takes the oldest unread signal with this name; with `stays`, a seeded fault, leaves it.
  /// Returns false if there is none.
  bool take(std::string_view name, std::string& payload, bool stays);
  /// Returns true if a signal with this key was given, read or not.
  bool knows(std::string_view key) const { return keys_.contains(key); }
  const std::set<std::string, std::less<>>& keys() const noexcept { return keys_; }
  /// How many unread signals have been looked at.
  std::uint64_t looks() const noexcept { return looks_; }
  /// Appends the unread signals, as records of the run, in its order.
  void add_unread(run_number run, std::vector<std::string>& all) const;

 private:
  struct message {
    std::string name, key, payload;
  };
  using messages = std::list<message>;

  messages unread_;  // in their order; an empty list needs no memory, an empty deque does
  std::map<std::string, std::list<messages::iterator>, std::less<>> by_name_;  // the same
  std::set<std::string, std::less<>> keys_;
  std::uint64_t looks_ = 0;
};

}}}  // namespace stet::v0::detail
