#include "text.hpp"

#include <algorithm>

#include "../common/checks.hpp"

namespace stet { inline namespace v0 { namespace conformance {

std::string text_of(std::string_view bytes) { return backend::printable(bytes); }

std::string text_of(const std::optional<std::string>& value) {
  return value ? text_of(std::string_view(*value)) : "nothing";
}

std::string text_of(errc code, std::optional<commit_outcome> outcome) {
  std::string text = "errc::" + std::string(to_string(code));
  if (outcome) text += *outcome == commit_outcome::refused ? ", refused" : ", outcome unknown";
  return text;
}

namespace {

constexpr std::size_t kPairsShown = 12;
constexpr std::size_t kOperationsShown = 8;

std::string text_of_operation(const batch::operation& o) {
  using kind = batch::kind;
  const std::string key = text_of(std::string_view(o.key));
  const std::string value = text_of(std::string_view(o.value));
  switch (o.what) {
    case kind::put: return "put " + key + "=" + value;
    case kind::erase: return "erase " + key;
    case kind::erase_range: return "erase_range " + key + " to " + value;
    case kind::expect: return "expect " + key + (o.absent ? " absent" : "=" + value);
  }
  return {};
}

std::string text_of_pair(const pairs& list, std::size_t i) {
  if (i >= list.size()) return "no more";
  return text_of(std::string_view(list[i].first)) + "=" + text_of(std::string_view(list[i].second));
}

std::string text_of_all(const pairs& list) {
  if (list.empty()) return "nothing";
  std::string text;
  for (std::size_t i = 0; i < list.size(); ++i) text += (i > 0 ? " " : "") + text_of_pair(list, i);
  return text;
}

std::string text_of_one(const pairs& list, std::size_t i) {
  return std::to_string(list.size()) + " pairs, number " + std::to_string(i + 1) + " of them " +
         text_of_pair(list, i);
}

}  // namespace

std::string text_of(const batch& b) {
  const auto& all = b.operations();
  if (all.empty()) return "of nothing";
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kOperationsShown); ++i) {
    text += (i > 0 ? ", " : "") + text_of_operation(all[i]);
  }
  if (all.size() > kOperationsShown) text += ", … (" + std::to_string(all.size()) + " operations)";
  return text;
}

std::pair<std::string, std::string> texts_of(const pairs& expected, const pairs& found) {
  if (std::max(expected.size(), found.size()) <= kPairsShown) {
    return {text_of_all(expected), text_of_all(found)};
  }
  const auto end =
      expected.begin() + static_cast<std::ptrdiff_t>(std::min(expected.size(), found.size()));
  const auto first = std::mismatch(expected.begin(), end, found.begin()).first;
  const auto at = static_cast<std::size_t>(first - expected.begin());
  return {text_of_one(expected, at), text_of_one(found, at)};
}

}  // namespace conformance
}  // namespace v0
}  // namespace stet
