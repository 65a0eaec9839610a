// Which runs there are: what engine::list and engine::count take and give.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <stet/attributes.hpp>
#include <stet/export.hpp>
#include <stet/time.hpp>

namespace stet { inline namespace v0 {

/// What a run is doing. On disk: never renumber (docs/format.md).
enum class status : std::uint8_t {
  running = 0,
  completed = 1,
  failed = 2,  ///< the workflow let an exception escape
  cancelled = 3,
  terminated = 4,
  stalled =
      5,  ///< parked: today's code doesn't fit its history, or isn't defined; see run_info::reason
  timed_out = 6,         ///< its time was over: see start_options
  continued_as_new = 7,  ///< the next run of its chain goes on
};

/// The word for it: "running", "timed_out", …
STET_API std::string_view to_text(status s) noexcept;

/// The value of a search attribute.
using attribute_value =
    std::variant<bool, std::int64_t, double, time_point, std::string, std::vector<std::string>>;

/// The search attributes of a run, by name.
class STET_API attributes {
 public:
  attributes() = default;
  explicit attributes(std::map<std::string, attribute_value, std::less<>> all)
      : all_(std::move(all)) {}
  /// The value of one; nothing if the run has none of this name and type.
  ///     auto customer = info.attributes.get(Customer);
  template <class T> std::optional<T> get(const attribute<T>& a) const {
    auto found = all_.find(a.text());
    if (found == all_.end()) return std::nullopt;
    auto* value = std::get_if<T>(&found->second);
    return value ? std::optional<T>(*value) : std::nullopt;
  }
  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }
  std::size_t size() const noexcept { return all_.size(); }

 private:
  std::map<std::string, attribute_value, std::less<>> all_;
};

/// A run in a list.
struct run_summary {
  std::string id;
  std::string workflow;
  std::string version;    ///< of the workflow, that it is pinned to; empty: none
  std::uint64_t run = 0;  ///< the run's number: a later start has a higher one
  stet::status status = status::running;
  std::string reason;  ///< why it is stalled, failed, cancelled or terminated
  time_point started{};
  time_point closed{};  ///< when it ended; zero: it hasn't
  stet::attributes attributes;
  std::string memo;     ///< a payload: `stet::decode<order>(summary.memo)`
  std::string details;  ///< what it says of itself: context::set_details
};

/// Some of the runs that a filter lets through.
struct run_page {
  std::vector<run_summary> runs;  ///< the latest start first
  std::string next;               ///< where the next page begins: list_options::cursor; empty: none
};

/// How a list is given.
struct list_options {
  std::size_t page_size = 100;  ///< runs at most, 1 to 10,000
  std::string_view cursor{};    ///< run_page::next of the page before; empty: the first page
};

/// How many runs there are of one workflow with one status.
struct run_count {
  std::string workflow;
  stet::status status = status::running;
  std::uint64_t count = 0;
};

}}  // namespace stet::v0
