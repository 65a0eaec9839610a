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
#include <tuple>
#include <type_traits>

#include <stet/config.hpp>

namespace stet { inline namespace v0 {
struct signal_options;
namespace detail {

/// False, once the template that asks is instantiated.
template <class...> inline constexpr bool never = false;

/// A text that is given where a typed name belongs, or an id.
template <class S>
concept text = std::convertible_to<const std::remove_cvref_t<S>&, std::string_view> &&
               !std::same_as<std::remove_cvref_t<S>, std::nullptr_t>;

/// A text or a function where a typed name belongs.
template <class S>
concept text_or_function = text<S> || std::is_function_v<std::remove_pointer_t<S>>;

/// Arguments that aren't those of a workflow, whose types `Tuple` has. Nor does a call fit whose
/// first argument converts to `Options`.
template <class Tuple, class Options, class... X> inline constexpr bool fits_arguments = false;
template <class... A, class Options, class... X>
  requires(sizeof...(A) == sizeof...(X))
inline constexpr bool fits_arguments<std::tuple<A...>, Options, X...> =
    (std::convertible_to<X, A> && ...);
template <class Tuple, class Options, class... X> struct fits_after_options : std::false_type {};
template <class Tuple, class Options, class O, class... X>
struct fits_after_options<Tuple, Options, O, X...>
    : std::bool_constant<std::convertible_to<O, const Options&> &&
                         fits_arguments<Tuple, Options, X...>> {};
template <class Tuple, class Options, class... X>
concept other_arguments =
    !fits_arguments<Tuple, Options, X...> && !fits_after_options<Tuple, Options, X...>::value;

/// The type of what a call that sends a signal of `T` takes after the name: a value, or options.
template <class T> struct value_of_signal {
  using type = T;
};
template <> struct value_of_signal<void> {
  using type = const signal_options&;
};
template <class T> using value_or_none = typename value_of_signal<T>::type;

/// The result of a call that doesn't compile: nearly any use of it compiles, so that the text is
/// the only error. No object of it can be made.
class unknown {
 public:
  unknown(const unknown&) = default;
  template <class T> operator T() const;
};
unknown make_unknown() noexcept;
/// An operation that doesn't compile.
struct refused {
  using result_type = unknown;
  template <class E, class W> bool start(E, W&) noexcept { return true; }
  bool failed() const noexcept { return true; }
  unknown result() { return make_unknown(); }
};

/// Defined in <stet/open.hpp>.
struct opens_urls;
template <class T> inline constexpr bool is_defined = requires { sizeof(T); };
/// A URL of a store, for a call that <stet/open.hpp> declares, where that isn't included. (The
/// header isn't looked for unless a text is given: that asks too early.)
template <class U>
concept url_without_open = text<U> && !is_defined<opens_urls>;

/// Takes any value in a designated initialiser.
struct anything {
  constexpr anything() = default;
  template <class T>
    requires(!std::is_same_v<std::remove_cvref_t<T>, anything>)
  constexpr anything(T&&) noexcept {}
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
  anything timeouts{}, total_time_out{}, overall_timeout{}, attempt_timeout{}, retry_options{},
      retry_strategy{}, delay{}, inline_{}, run_in_line{}, heart_beat_timeout{};
};
/// The names of other systems, and those of start_options itself.
struct other_start_options {
  unnamed none{0};
  anything conflict{}, reuse{}, delay{}, run_timeout{}, execution_timeout{}, attributes{}, memo{},
      expects_same_arguments{};
  anything id{}, workflow_id{}, id_reuse_policy{}, workflow_id_reuse_policy{}, id_conflict_policy{},
      workflow_id_conflict_policy{}, id_conflict{}, id_reuse{}, timeout{}, workflow_timeout{},
      workflow_run_timeout{}, workflow_execution_timeout{}, start_delay{}, delay_seconds{},
      search_attributes{}, task_queue{}, queue{}, queue_name{}, retry{}, retry_policy{}, cron{},
      cron_schedule{}, priority{}, deduplication_id{}, idempotency_key{}, name_space{}, version{},
      expect_same_arguments{}, same_arguments{}, on_conflict{}, if_exists{};
  anything expects_same_argument{}, expect_same_argument{}, attribute{}, memos{}, conflicts{},
      delays{}, start_after{}, start_at{}, run_time_out{}, execution_time_out{};
};
/// The names of other systems, and those of child_options itself.
struct other_child_options {
  unnamed none{0};
  anything parent_close{}, attributes{}, memo{};
  anything parent_close_policy{}, parent_closed{}, on_parent_close{}, id{}, workflow_id{},
      conflict{}, reuse{}, id_reuse_policy{}, workflow_id_reuse_policy{}, timeout{}, run_timeout{},
      execution_timeout{}, workflow_run_timeout{}, workflow_execution_timeout{}, delay{},
      search_attributes{}, retry{}, retry_policy{}, task_queue{}, cancellation_type{}, detached{};
  anything parentclose{}, on_close{}, attribute{}, memos{}, expects_same_arguments{};
};
/// The names of other systems, and those of engine_options itself.
struct other_engine_options {
  unnamed none{0};
  anything threads{}, resident_runs_max{}, tail_bytes_max{}, max_crashes{}, commits{},
      replay_check_interval{}, retention{}, watchdog{}, payload_bytes_max{}, transforms{},
      accident{}, compare{}, clock{}, entropy{}, executor{}, listener{}, interceptor{};
  anything thread_count{}, threads_max{}, max_threads{}, num_threads{}, workers{}, worker_count{},
      worker_threads{}, concurrency{}, max_concurrency{}, pool_size{}, thread_pool{}, durability{},
      commit{}, sync{}, retain{}, retention_period{}, retentions{}, resident_runs{},
      max_resident_runs{}, cache_size{}, max_cached_workflows{}, accidents{}, on_accident{},
      compares{}, compared{}, log{}, logger{}, logging{}, observer{}, listeners{}, interceptors{},
      transform{}, encryption{}, compression{}, codec{}, name_space{}, max_payload_bytes{},
      payload_bytes{}, crashes_max{}, replay_check{}, manual{}, store{}, path{}, url{}, create{};
};
/// The names of other systems, and those of map_options and try_map_options themselves.
struct other_map_options {
  unnamed none{0};
  anything concurrency{}, failures_max{};
  anything max_concurrency{}, concurrency_max{}, concurrent{}, concurency{}, parallelism{},
      parallel{}, limit{}, at_once{}, max_failures{}, failures{}, failure_max{},
      tolerated_failures{}, retry{}, timeout{}, batch_size{}, threads{}, workers{};
};
/// The names of other systems, and those of workflow_options itself.
struct other_workflow_options {
  unnamed none{0};
  anything version{}, accident{};
  anything versions{}, name{}, build{}, build_id{}, versioning_behavior{}, accidents{},
      on_accident{}, timeout{}, run_timeout{}, execution_timeout{}, retry{}, retry_policy{},
      retention{}, task_queue{}, memo{}, attributes{};
};

template <class T> consteval void refuse_step_without_name() {
  static_assert(never<T>,
                "stet: a step has a name, which comes first and which the history keeps: "
                "ctx.step(\"charge\", charge, order)");
}
template <class T> consteval void refuse_step_options() {
  static_assert(
      never<T>,
      "stet: step_options has no option of this name, or it is of another type (a length of "
      "time has a unit: .timeout = 30s). It has, in this order: .retry = "
      "{.max_attempts, .initial_interval, .backoff, .max_interval, .jitter, "
      ".max_elapsed, .retryable}, .timeout (of one attempt), .total_timeout (of all "
      "attempts), .at_most_once, .run_inline, .heartbeat_timeout");
}
template <class T> consteval void refuse_start_options() {
  static_assert(never<T>,
                "stet: start_options has no option of this name, or it is of another type (.memo = "
                "stet::memo(order), .delay = 30s). It has, in this order: .conflict "
                "(an open run has this id), .reuse (an ended one has it), .delay, .run_timeout, "
                ".execution_timeout (with the runs that continue it), .attributes, .memo, "
                ".expects_same_arguments");
}
template <class T> consteval void refuse_child_options() {
  static_assert(never<T>,
                "stet: child_options has no option of this name, or it is of another type. It has, "
                "in this order: .parent_close = stet::parent_close::abandon (or request_cancel, "
                "terminate), .attributes, .memo = stet::memo(order). For a limit of time: "
                "stet::with_timeout(30s, ctx.child(…))");
}
template <class T> consteval void refuse_engine_options() {
  static_assert(never<T>,
                "stet: engine_options has no option of this name, or it is of another type (a "
                "length of time has a unit: .retention = 24h). It has, in this order: .threads, "
                ".resident_runs_max, .tail_bytes_max, .max_crashes, .commits = "
                "stet::durability::process, .replay_check_interval, .retention, .watchdog, "
                ".payload_bytes_max, .transforms, .accident = stet::accident::fail, .compare, "
                ".clock, .entropy, .executor, .listener, .interceptor (pointers)");
}
template <class T> consteval void refuse_map_options() {
  static_assert(never<T>,
                "stet: map_options has no option of this name, or it is of another type. map has "
                ".concurrency (how many elements are under way at once), try_map also "
                ".failures_max (how many may fail). They come before the body: stet::map(files, "
                "{.concurrency = 4}, body)");
}
template <class T> consteval void refuse_workflow_options() {
  static_assert(never<T>,
                "stet: workflow_options has no option of this name, or it is of another type. It "
                "has, in this order: .version = \"2\" (a text), .accident = "
                "stet::accident::fail. A time limit of runs is one of start_options");
}
template <class U> consteval void refuse_url() {
  static_assert(never<U>,
                "stet: for a store by its URL include <stet/open.hpp>, and link stet-open. "
                "Otherwise open the stores first: auto s = stet::lmdb::open(\"bank.stet\"); … "
                "stet::check(*s), stet::copy(*from, *to)");
}
template <class... X> consteval void refuse_workflow_arguments() {
  static_assert(never<X...>,
                "stet: these aren't the arguments of the workflow, as its name has them: "
                "stet::workflow<int(std::string)> takes one std::string (a view has to be made a "
                "std::string). Options come before the arguments");
}
template <class T> consteval void refuse_child_without_id() {
  static_assert(
      never<T>,
      "stet: a child has an id, which comes after the workflow: ctx.child(Pay, ctx.id() + "
      "\"/pay\", arguments…)");
}
template <class T> consteval void refuse_child_by_text() {
  static_assert(never<T>,
                "stet: a workflow is called by its typed name: inline constexpr "
                "stet::workflow<int(int)> Pay{\"pay\"}; … ctx.child(Pay, \"pay-7\", 100)");
}
template <class T> consteval void refuse_query_by_text() {
  static_assert(never<T>,
                "stet: a query is asked by its typed name: inline constexpr stet::query<int()> "
                "Paid{\"paid\"}; … run.query(Paid), or engine.query(\"order-7\", Paid)");
}
template <class T> consteval void refuse_update_by_text() {
  static_assert(
      never<T>,
      "stet: an update is sent by its typed name: inline constexpr stet::update<int(int)> "
      "Add{\"add\"}; … run.update(Add, 1), or engine.update(\"cart-7\", Add, 1)");
}
template <class T> consteval void refuse_signal_by_text() {
  static_assert(never<T>,
                "stet: a signal is sent by its typed name: inline constexpr stet::signal<bool> "
                "Approved{\"approved\"}; … engine.signal(\"order-7\", Approved, true), "
                "run.signal(Approved, true)");
}
template <class T> consteval void refuse_signal_value() {
  static_assert(never<T>,
                "stet: a signal carries a value of its name's type, stet::signal<bool> a bool: "
                "run.signal(Approved, true), engine.signal(\"order-7\", Approved, true); a "
                "stet::signal<> carries none");
}
template <class T> consteval void refuse_placeholder() {
  static_assert(
      never<T>,
      "stet: a filter has no placeholders: compare an attribute, list(Customer == who), or "
      "put the value into the text by stet::quoted: \"customer = \" + stet::quoted(who)");
}
template <class T> consteval void refuse_member_of_temporary() {
  static_assert(never<T>,
                "stet: this temporary is gone before a loop over its member begins: write "
                "f(…).value().member for f(…)->member, or keep the result in a variable first");
}
template <class T> consteval void refuse_length() {
  if constexpr (std::is_arithmetic_v<T>)
    static_assert(never<T>,
                  "stet: a length of time has a unit: ctx.sleep(5s), engine.close(100ms), with "
                  "using namespace std::chrono_literals");
  else
    static_assert(never<T>,
                  "stet: a length of time is a whole number of milliseconds: "
                  "std::chrono::duration_cast<stet::duration>(…)");
}

}  // namespace detail
}}  // namespace stet::v0
