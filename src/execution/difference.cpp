#include "execution/difference.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/definition.hpp>

#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t field_name_max = 40;
constexpr std::size_t fields_max = 100;           // a map with more of them is data, and no struct
constexpr unsigned cbor_array = 4, cbor_map = 5;  // the first three bits of an item

/// Returns true for a memo, or details, that can't be opened now: it can't be compared.
bool is_unknown(const record& r) noexcept {
  bool may_be = r.kind == record_kind::described && !(r.flags & flag::described::attributes);
  return may_be && !r.payload.empty() && r.payload.front() == '\xff';
}

bool is_of(std::string_view item, unsigned major) noexcept {
  return !item.empty() && static_cast<unsigned char>(item.front()) >> 5 == major;
}

/// The name of a field, if it looks like one: the key of a map may also be data.
std::string field_name(std::string_view key, std::size_t number) {
  std::string_view text;
  try {
    text = reader(key).text();
  } catch (const v0::error&) {}  // it isn't a text
  auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  bool is_name = !text.empty() && text.size() <= field_name_max &&
                 std::all_of(text.begin(), text.end(), is_letter);
  return is_name ? shown(text) : "number " + std::to_string(number);
}

using field = std::pair<std::string_view, std::string_view>;  // key and value, as items

std::vector<field> fields_of(std::string_view map) {
  std::vector<field> all;
  reader in(map);
  for (auto n = in.map(); n > 0; --n) {
    const auto key = in.item();
    all.emplace_back(key, in.item());
  }
  return all;
}
/// Names the first field of `some` whose key none of `others` has; empty if there is none.
std::string field_beyond(const std::vector<field>& some, const std::vector<field>& others) {
  for (std::size_t i = 0; i < some.size(); ++i) {
    auto has_key = [&](const field& f) { return f.first == some[i].first; };
    if (std::none_of(others.begin(), others.end(), has_key))
      return field_name(some[i].first, i + 1);
  }
  return {};
}

bool is_struct(std::string_view item) {
  return is_of(item, cbor_map) && reader(item).map() <= fields_max;
}

/// Says which field of two maps differs, or is in one of them only; empty if they are no maps, have
/// very many fields, or have their fields in another order.
std::string field_that_differs(std::string_view was, std::string_view is) {
  if (!is_struct(was) || !is_struct(is)) return {};
  const auto a = fields_of(was), b = fields_of(is);
  if (auto name = field_beyond(b, a); !name.empty())
    return ", with the field " + name + ", which the history doesn't have";
  if (auto name = field_beyond(a, b); !name.empty())
    return ", without the field " + name + ", which the history has";
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    if (a[i].first == b[i].first && a[i].second != b[i].second)
      return ", in its field " + field_name(a[i].first, i + 1);
  return {};
}

/// Says which of the arguments differs, of two arrays of arguments.
std::string argument_that_differs(std::string_view was, std::string_view is) {
  if (!is_of(was, cbor_array) || !is_of(is, cbor_array)) return "other arguments";
  reader a(was), b(is);
  const auto in_was = a.array(), in_is = b.array();
  if (in_was != in_is)
    return "another number of arguments, " + std::to_string(in_was) + " in the history, " +
           std::to_string(in_is) + " today";
  for (std::size_t i = 1; i <= in_was; ++i) {
    const auto was_item = a.item(), is_item = b.item();
    if (was_item != is_item)
      return "another argument " + std::to_string(i) + field_that_differs(was_item, is_item);
  }
  return "other arguments";
}

std::string payload_that_differs(const record& was, const record& is) {
  switch (was.kind) {
    case record_kind::step:
    case record_kind::child:
    case record_kind::continued: return argument_that_differs(was.payload, is.payload);
    case record_kind::message:
      if (was.flags & flag::message::asks_to_end) return "another reason";
      if (was.flags & flag::message::calls) return argument_that_differs(was.payload, is.payload);
      return "another value" + field_that_differs(was.payload, is.payload);
    case record_kind::completed:
    case record_kind::update_done:
      return "another result" + field_that_differs(was.payload, is.payload);
    case record_kind::described:
      if (was.flags & flag::described::attributes) return "other attributes";
      return was.flags & flag::described::memo
                 ? "another memo" + field_that_differs(was.payload, is.payload)
                 : std::string("other details");
    default: return "another payload";
  }
}

}  // namespace

respect difference(const record& was, const record& is, compared what) noexcept {
  if (was.kind != is.kind) return respect::kind;
  if (was.command != is.command) return respect::number;
  if (was.name != is.name) return respect::name;
  if (was.target != is.target) return respect::target;
  if (was.kind == record_kind::condition && ((was.flags ^ is.flags) & flag::condition::holds))
    return respect::outcome;
  if (was.kind == record_kind::described && was.flags != is.flags) return respect::description;
  if (what == compared::names) return respect::nothing;
  if (was.payload != is.payload && !is_unknown(was)) return respect::argument;
  if (was.kind == record_kind::sleep &&
      (was.number != is.number || ((was.flags ^ is.flags) & flag::sleep::absolute)))
    return respect::time;
  if (was.error_type != is.error_type) return respect::error;
  return respect::nothing;
}

std::string arguments_text(std::string_view was, std::string_view is) {
  try {
    return argument_that_differs(was, is);
  } catch (const v0::error&) { return "other bytes, which can't be read"; }
}

std::string text_of(respect r, const record& was, const record& is) {
  switch (r) {
    case respect::nothing: return "nothing";
    case respect::kind: return "another kind";
    case respect::number: return "another number";
    case respect::name: return "another name";
    case respect::target:
      return was.kind == record_kind::message ? "another receiver" : "another id";
    case respect::outcome: return "another outcome";
    case respect::description: return "another description";
    case respect::time: return "another time";
    case respect::error: return "another error";
    case respect::argument: break;
  }
  try {
    return payload_that_differs(was, is);
  } catch (const v0::error&) { return "other bytes, which can't be read"; }
}

}}}  // namespace stet::v0::detail
