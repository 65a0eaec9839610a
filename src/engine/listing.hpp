// A list or a count that is under way: lives on its caller's stack, goes on turn by turn, so that
// no long one holds up the loop.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <stet/listing.hpp>

#include "index/filter.hpp"
#include "index/plan.hpp"

namespace stet { inline namespace v0 { namespace detail {

class engine_core;

class listing {
 public:
  enum class kind : std::uint8_t { rows, number, by_status };
  listing(std::string_view name_space, std::string_view filter_text, kind k)
      : wanted(parse_filter(filter_text)), name_space(name_space), what(k) {}

  const filter wanted;
  const std::string name_space;
  const kind what;
  std::size_t rows_max = 0;
  std::uint64_t below = UINT64_MAX;   // it goes on with the runs up to this one
  std::shared_ptr<engine_core> from;  // from which it reads: another one begins anew where it is
  std::unique_ptr<run_stream> runs;
  std::set<std::uint64_t, std::greater<>> ahead;  // of the indexes: see note_ahead
  bool done = false;

  std::vector<run_summary> rows;
  std::uint64_t number = 0;
  std::map<std::pair<std::string, v0::status>, std::uint64_t> by_status;

  /// How far it has come.
  struct place {
    std::uint64_t below;
    std::size_t rows;
    std::uint64_t number;
    std::map<std::pair<std::string, v0::status>, std::uint64_t> by_status;
  };
  place here() const { return {below, rows.size(), number, by_status}; }
  /// What it has found since then doesn't count.
  void go_back(const place& to) {
    below = to.below;
    rows.resize(to.rows);
    number = to.number;
    by_status = to.by_status;
    runs.reset();  // it goes down only
    done = false;
  }
};

}  // namespace detail
}}  // namespace stet::v0
