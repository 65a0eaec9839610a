// stet::engine, the public class around engine_core.
#include <stet/engine.hpp>

#include "engine/loop/core.hpp"

namespace stet { inline namespace v0 {

engine::engine(std::unique_ptr<store> s, engine_options o)
    : client((detail::check_codecs(),
              std::make_shared<detail::engine_core>(std::move(s), std::move(o))),
             std::string(detail::default_namespace)),
      core_(static_cast<detail::engine_core*>(engine_.get())) {}
engine::~engine() { detail::close_at_end(*core_); }
void engine::add(std::string_view name, const workflow_options& o,
                 std::unique_ptr<detail::definition> d) {
  d->compare = core_->parts.services.options.compare;
  d->accident = o.accident.value_or(core_->parts.services.options.accident);
  core_->define(name, o.version, std::move(d));
}
void engine::add(std::unique_ptr<detail::declared_error> e) { core_->define(std::move(e)); }
start_preview engine::preview(std::size_t listed_max) { return core_->preview(listed_max); }
void engine::start() { core_->start(); }
void engine::retain(std::string_view name_space, duration d) { core_->retain(name_space, d); }
client engine::in(std::string_view name_space) const {
  detail::check_name_space(name_space);
  return {engine_, std::string(name_space)};
}
void engine::close() { (void)core_->close(std::nullopt); }
bool engine::close(duration limit) { return core_->close(limit); }
bool engine::poll() { return core_->poll(); }
bool engine::run_until_idle(duration limit) { return core_->run_until_idle(limit); }
std::optional<time_point> engine::next_wakeup() {
  auto next = core_->next_wakeup();
  return next ? std::optional(next->at) : std::nullopt;
}
std::optional<duration> engine::time_to_next_wakeup() {
  auto next = core_->next_wakeup();
  return next ? std::optional(next->in) : std::nullopt;
}

}}  // namespace stet::v0
