#include "journal/strays.hpp"

#include <string>
#include <utility>
#include <vector>

#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr int strays_max = 300;

/// The ranges in which keys may lie, each from its first key to before the second, in order.
std::vector<std::pair<std::string, std::string>> known_places() {
  using keys::space;
  std::vector<std::pair<std::string, std::string>> places;
  auto add = [&](std::string from, std::string to) {
    places.emplace_back(std::move(from), std::move(to));
  };
  auto whole = [&](space s) { add(keys::all(s), keys::end_of(keys::all(s))); };
  auto single = [&](const std::string& key) { add(key, key + '\0'); };
  for (auto s : {space::aside, space::counts, space::history, space::journal}) whole(s);
  single(keys::clock());
  whole(space::ids);
  single(keys::owner());
  for (auto s : {space::snapshot, space::sent, space::timers, space::state, space::index}) whole(s);
  single(keys::copy_note());
  single(keys::format());
  return places;
}

}  // namespace

void find_strays(store& s,
                 const std::function<void(std::string_view key, std::string_view value)>& each) {
  int left = strays_max;
  std::string from;
  auto look_until = [&](const std::string& to) {
    if (from == to || left == 0) return;
    scan(s, {from, to}, [&](std::string_view key, std::string_view value) {
      each(key, value);
      return --left > 0;
    });
  };
  for (auto& [first, last] : known_places()) {
    look_until(first);
    from = last;
  }
  look_until({});
}

}  // namespace detail
}}  // namespace stet::v0
