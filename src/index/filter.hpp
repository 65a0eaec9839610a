// A filter over runs: the argument of admin::list as a tree, and the test whether a run passes it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A value in a filter. If it is compared with a built-in attribute, it has been converted to that
/// attribute's type: a time and a duration are milliseconds, a status is its number.
using literal = std::variant<bool, std::int64_t, double, std::string>;

enum class comparison : std::uint8_t {
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  between,      // two values
  in,           // any number of them
  starts_with,  // one text
  is_null,      // none
};

struct filter {
  enum class kind : std::uint8_t { everything, both, either, inverse, compares };
  kind what = kind::everything;
  std::vector<filter> parts;  // both, either: two or more; inverse: one
  std::string attribute;
  comparison how = comparison::equal;
  std::vector<literal> values;
};

/// Parses a filter. Throws errc::usage, with the place and what was expected there.
filter parse_filter(std::string_view text);

/// Returns true if a run passes. An attribute that a run doesn't have is neither equal to a value
/// nor less nor greater: for such a run `a = 1` is false, `a != 1` and `NOT a = 1` are true.
bool passes(const filter& f, const run_state& s);
/// Returns true if the filter asks only for the workflow and the status.
bool asks_kind_only(const filter& f);
/// Returns true if all runs of a workflow with this status pass. Only for a filter that
/// asks_kind_only.
bool passes_kind(const filter& f, std::string_view workflow, v0::status s);

// ---------------------------------------------------------------- filter_names.cpp

/// Says why a name without back-ticks is refused: it is a built-in one in other letters, or one of
/// Temporal's that Stet doesn't have. Returns an empty text for every other name.
std::string why_no_name(std::string_view name);

// ---------------------------------------------------------------- literals.cpp

/// "2026-11-25T08:00:00.5+01:00", "2026-11-25T08:00:00Z" or "2026-11-25", in ms since 1970.
std::optional<std::int64_t> parse_time(std::string_view text);
/// "1h30m", "250ms" or "08:00:30", in ms.
std::optional<std::int64_t> parse_duration(std::string_view text);
/// Stet's words and Temporal's: "running", "Canceled", "ContinuedAsNew", …
std::optional<v0::status> parse_status(std::string_view text);

}  // namespace detail
}}  // namespace stet::v0
