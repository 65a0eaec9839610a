// Passes the reports of an engine on to the user's listener.
#pragma once
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <stet/observer.hpp>

#include "base/ids.hpp"
#include "base/shown.hpp"
#include "port/mutex.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Calls a listener for several threads, one call at a time. Exceptions of the listener are
/// dropped, and the first of them is reported.
class reporter final : public listener {
 public:
  /// `complaints` gets the first exception of the listener, as a text.
  explicit reporter(listener& l, listener* complaints = nullptr) noexcept
      : listener_(l), complaints_(complaints) {}

  void log(std::string_view id, std::string_view line) noexcept override;
  /// Makes the text one line. If there is no memory for that the listener gets the kind and the
  /// names.
  void event(const engine_event& e) noexcept override;
  void run_ended(const ended_run& r) noexcept override;
  /// Whether this thread is inside a function of a listener, of any engine. A call of an engine
  /// from there could wait for a thread that waits for the listener.
  static bool is_in_listener() noexcept;

  void report(event_kind kind, std::string_view text) noexcept { event({kind, text, {}, {}, {}}); }
  /// Reports an event of a run, and perhaps of one of its steps.
  void report(event_kind kind, std::string_view text, const run_state& of,
              std::string_view step = {}) noexcept {
    event({kind, text, of.workflow, of.id, step, of.run.value()});
  }
  /// Reports that a run is stalled.
  void report_stalled(std::string_view text, const run_state& of, stall_kind why) noexcept {
    event({event_kind::run_stalled, text, of.workflow, of.id, {}, of.run.value(), why});
  }
  /// Reports an event of several runs of a workflow.
  void report_runs(event_kind kind, std::string_view text, std::string_view workflow,
                   std::uint64_t count) noexcept {
    event({kind, text, workflow, {}, {}, 0, std::nullopt, count});
  }
  /// Reports an event of a run of which only the number is known.
  void report_of_run(event_kind kind, std::string_view text, run_number run) noexcept {
    event({kind, text, {}, {}, {}, run.value()});
  }
  /// Reports `what`, followed by `why` if there is memory for both.
  void report_failure(event_kind kind, std::string_view what, const char* why) noexcept {
    try {
      report(kind, std::string(what) + why);
    } catch (const std::bad_alloc&) { report(kind, what); }
  }

 private:
  template <class F> void call(F f) noexcept STET_EXCLUDES(mutex_);
  void complain(const std::exception_ptr& why) noexcept STET_REQUIRES(mutex_);

  port::mutex mutex_;  // held while the listener is called
  listener& listener_;
  listener* complaints_ STET_GUARDED_BY(mutex_);  // null when it has had it
};

}}}  // namespace stet::v0::detail
