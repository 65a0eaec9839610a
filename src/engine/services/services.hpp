// Services that all parts of an engine use. None of them is replaced after the start.
#pragma once
#include <memory>

#include <stet/engine.hpp>

#include "engine/services/crash_slots.hpp"
#include "engine/services/definitions.hpp"
#include "engine/services/reporter.hpp"
#include "engine/services/watchdog.hpp"
#include "execution/errors.hpp"
#include "payloads/payloads.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Throws errc::usage for a negative time for which runs are kept.
void check_retention(std::string_view of, duration kept);
/// Throws errc::usage for a text that can't be the name of a namespace.
void check_name_space(std::string_view name);

struct services {
  /// Throws errc::usage if there is no store, or if an option makes no sense, which the error then
  /// names.
  services(std::unique_ptr<v0::store> s, engine_options o);
  services(const services&) = delete;
  services& operator=(const services&) = delete;

  bool is_manual() const noexcept { return options.threads == 0; }

  std::unique_ptr<v0::store> owned_store;
  v0::store& store;
  engine_options options;
  v0::clock& clock;
  v0::entropy& entropy;

 private:
  listener standard_error_;  // where no listener is given

 public:
  detail::reporter reporter;
  detail::watchdog watchdog;
  detail::payloads payloads;
  detail::crash_slots crash_slots;
  error_registry errors;
  detail::definitions definitions;
};

}}}  // namespace stet::v0::detail
