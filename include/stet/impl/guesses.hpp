// Texts for calls that people write first who know another system, or who forget something: the
// compiler says what to write instead of listing the overloads that don't fit. No user of Stet
// needs this header.
//
// Each guess has an overload that is chosen only if no right one fits: it takes a worse conversion
// of an argument, or an ellipsis. tests/compile_fail/guesses.cpp lists the guesses.
#pragma once
#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <stet/config.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// False, once the template that asks is instantiated.
template <class...> inline constexpr bool never = false;

/// A text that is given where a typed name belongs, or an id.
template <class S>
concept text = std::convertible_to<const std::remove_cvref_t<S>&, std::string_view> &&
               !std::same_as<std::remove_cvref_t<S>, std::nullptr_t>;

/// Takes any value in a designated initialiser.
struct anything {
  constexpr anything() = default;
  template <class T> constexpr anything(T&&) noexcept {}
};
/// The first member of the options below, so that only designated initialisers fit them.
class unnamed {
 public:
  unnamed(const unnamed&) = delete;
  constexpr explicit unnamed(int) noexcept {}
};

/// The names of other systems, and those of retry_policy itself.
struct other_retry_policy {
  unnamed none{0};
  anything max_attempts{}, initial_interval{}, backoff{}, max_interval{}, jitter{}, max_elapsed{},
      retryable{};
  anything maximum_attempts{}, max_retries{}, retries{}, attempts{}, interval{}, interval_seconds{},
      backoff_rate{}, backoff_coefficient{}, factor{}, maximum_interval{}, initial_delay{},
      max_delay{}, max_duration{}, timeout{}, non_retryable_error_types{}, non_retryable{};
};
/// The names of other systems, those of retry_policy, and those of step_options itself.
struct other_step_options {
  unnamed none{0};
  other_retry_policy retry{};
  anything timeout{}, total_timeout{}, at_most_once{}, run_inline{}, heartbeat_timeout{};
  anything max_attempts{}, maximum_attempts{}, max_retries{}, retries{}, retries_allowed{},
      attempts{}, retry_policy{}, initial_interval{}, interval_seconds{}, backoff{}, backoff_rate{},
      backoff_coefficient{}, max_interval{}, jitter{}, max_elapsed{}, retryable{},
      start_to_close_timeout{}, schedule_to_close_timeout{}, schedule_to_start_timeout{},
      start_to_close{}, schedule_to_close{}, time_out{}, timeout_ms{}, timeout_seconds{},
      deadline{}, heartbeat{}, exactly_once{}, once{}, idempotent{}, idempotency_key{},
      task_queue{}, queue{}, priority{}, summary{};
};
/// The names of other systems, and those of start_options itself.
struct other_start_options {
  unnamed none{0};
  anything conflict{}, reuse{}, delay{}, run_timeout{}, execution_timeout{}, attributes{}, memo{};
  anything id{}, workflow_id{}, id_reuse_policy{}, workflow_id_reuse_policy{}, id_conflict_policy{},
      workflow_id_conflict_policy{}, id_conflict{}, id_reuse{}, timeout{}, workflow_timeout{},
      workflow_run_timeout{}, workflow_execution_timeout{}, start_delay{}, delay_seconds{},
      search_attributes{}, task_queue{}, queue{}, queue_name{}, retry{}, retry_policy{}, cron{},
      cron_schedule{}, priority{}, deduplication_id{}, idempotency_key{}, name_space{}, version{};
};

template <class T> consteval void refuse_step_without_name() {
  static_assert(never<T>,
                "stet: a step has a name, which comes first and which the history keeps: "
                "ctx.step(\"charge\", charge, order)");
}
template <class T> consteval void refuse_step_options() {
  static_assert(never<T>,
                "stet: step_options has no option of this name. It has, in this order: .retry = "
                "{.max_attempts, .initial_interval, .backoff, .max_interval, .jitter, "
                ".max_elapsed, .retryable}, .timeout (of one attempt), .total_timeout (of all "
                "attempts), .at_most_once, .run_inline, .heartbeat_timeout");
}
template <class T> consteval void refuse_start_options() {
  static_assert(never<T>,
                "stet: start_options has no option of this name. It has, in this order: .conflict "
                "(an open run has this id), .reuse (an ended one has it), .delay, .run_timeout, "
                ".execution_timeout (with the runs that continue it), .attributes, .memo");
}
template <class T> consteval void refuse_length() {
  if constexpr (std::is_arithmetic_v<T>)
    static_assert(never<T>, "stet: a length of time has a unit: ctx.sleep(5s)");
  else
    static_assert(never<T>,
                  "stet: a length of time is a whole number of milliseconds: "
                  "std::chrono::duration_cast<stet::duration>(…)");
}

}}}  // namespace stet::v0::detail
