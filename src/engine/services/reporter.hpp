// Passes the reports of an engine on to the user's listener.
#pragma once
#include <new>
#include <string>
#include <string_view>

#include <stet/observer.hpp>

#include "base/ids.hpp"
#include "base/shown.hpp"
#include "base/users_exception.hpp"
#include "port/mutex.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Calls a listener for several threads, one call at a time. Exceptions of the listener are
/// dropped.
class reporter final : public listener {
 public:
  explicit reporter(listener& l) noexcept : listener_(l) {}

  void log(std::string_view id, std::string_view line) noexcept override {
    port::lock_guard lock(mutex_);
    (void)thrown_by_user([&] { listener_.log(id, line); });
  }
  /// Makes the text one line. If there is no memory for that the listener gets the kind and the
  /// names.
  void event(const engine_event& e) noexcept override {
    port::lock_guard lock(mutex_);
    (void)thrown_by_user([&] {
      auto passed = e;
      std::string line;
      passed.text = "no memory for the text of this event";
      try {
        passed.text = line = on_one_line(e.text);
      } catch (const std::bad_alloc&) {}  // the kind and the names are passed on
      listener_.event(passed);
    });
  }
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
  port::mutex mutex_;  // held while the listener is called
  listener& listener_;
};

}}}  // namespace stet::v0::detail
