// The public shell.
#include <stet/engine.hpp>

#include "engine/core.hpp"

namespace stet { inline namespace v0 {

engine::engine(std::unique_ptr<store> s, engine_options o)
    : client(std::make_shared<detail::engine_core>(std::move(s), std::move(o)),
             std::string(detail::default_namespace)) {}
engine::~engine() {
  try {
    (void)core_->close(std::nullopt);
  } catch (const std::exception& e) { core_->report(e); }
}
void engine::add(std::string_view name, std::string_view version,
                 std::unique_ptr<detail::definition> d) {
  core_->define(name, version, std::move(d));
}
void engine::add(std::unique_ptr<detail::declared_error> e) { core_->define(std::move(e)); }
start_preview engine::preview(std::size_t listed_max) { return core_->preview(listed_max); }
void engine::start() { core_->start(); }
client engine::in(std::string_view name_space) const {
  constexpr std::size_t bytes_max = 64;
  if (name_space.empty() || name_space.size() > bytes_max ||
      name_space.find('\0') != std::string_view::npos)
    throw error(errc::usage, name_space,
                "the name of a namespace is 1 to " + std::to_string(bytes_max) +
                    " bytes without a zero, this one has " + std::to_string(name_space.size()));
  return {core_, std::string(name_space)};
}
void client::cancel(std::string_view id, std::string_view reason) {
  detail::core::cancel(*core_, {0, name_space_, id}, reason);
}
void client::terminate(std::string_view id, std::string_view reason) {
  detail::core::terminate(*core_, {0, name_space_, id}, reason);
}
void client::move(std::string_view id, std::string_view version) {
  detail::core::move(*core_, {0, name_space_, id}, version);
}
void client::resume(std::string_view id) {
  core_->ask([&] { core_->resume_run({0, name_space_, id}); });
}
std::optional<run_info> client::describe(std::string_view id) {
  return core_->look(
      [&](detail::engine_core& from) { return from.describe_run({0, name_space_, id}); });
}
std::vector<history_entry> client::history(std::string_view id) {
  return core_->look(
      [&](detail::engine_core& from) { return from.history_of_id({0, name_space_, id}); });
}
void engine::close() { (void)core_->close(std::nullopt); }
bool engine::close(duration limit) { return core_->close(limit); }
bool engine::poll() { return core_->poll(); }
bool engine::run_until_idle(duration limit) { return core_->run_until_idle(limit); }
std::optional<time_point> engine::next_wakeup() { return core_->next_wakeup(); }

}}  // namespace stet::v0
