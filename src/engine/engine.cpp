// The public shell.
#include <stet/engine.hpp>

#include "engine/core.hpp"

namespace stet { inline namespace v0 {

engine::engine(std::unique_ptr<store> s, engine_options o)
    : core_(std::make_shared<detail::engine_core>(std::move(s), o)) {}
engine::~engine() {
  try {
    core_->close();
  } catch (const std::exception& e) { core_->report(e); }
}
void engine::add(std::string_view name, std::unique_ptr<detail::definition> d) {
  core_->define(name, std::move(d));
}
void engine::add(std::unique_ptr<detail::declared_error> e) { core_->define(std::move(e)); }
void engine::start() { core_->start(); }
void engine::cancel(std::string_view id, std::string_view reason) {
  detail::core::cancel(*core_, 0, id, reason);
}
void engine::terminate(std::string_view id, std::string_view reason) {
  detail::core::terminate(*core_, 0, id, reason);
}
void engine::resume(std::string_view id) {
  core_->ask([&] { core_->resume_run(id); });
}
std::optional<run_info> engine::describe(std::string_view id) {
  return core_->look([&] { return core_->describe_run(id); });
}
std::vector<history_entry> engine::history(std::string_view id) {
  return core_->look([&] { return core_->history_of_id(id); });
}
std::vector<std::string> engine::open_runs(std::string_view after, std::size_t count_max) {
  return core_->look([&] { return core_->list_open_runs(after, count_max); });
}
void engine::close() { core_->close(); }
bool engine::poll() { return core_->poll(); }
void engine::run_until_idle() { core_->run_until_idle(); }
std::optional<time_point> engine::next_wakeup() { return core_->next_wakeup(); }

}}  // namespace stet::v0
