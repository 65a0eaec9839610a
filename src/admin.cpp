#include <stet/admin.hpp>

#include "base/shown.hpp"

namespace stet { inline namespace v0 {

found<run_info> admin::describe(std::string_view id) const {
  auto info = engine_->perform(detail::describe_run{.target = {0, name_space_, id}});
  if (info) return *std::move(info);
  return found<run_info>(std::nullopt, "run with the id " + detail::shown(id));
}
found<run_info> admin::wait_for_change(const run_info& known, duration limit) const {
  (void)engine_->perform(detail::await_change{
      .target = {known.run, name_space_, known.id}, .records = known.records, .limit = limit});
  return describe(known.id);
}
std::vector<history_entry> admin::history(std::string_view id) const {
  return engine_->perform(detail::history_of_run{.target = {0, name_space_, id}});
}
run_page admin::list(const run_filter& filter, const list_options& o) const {
  return engine_->perform(
      detail::list_runs{.name_space = name_space_, .filter = filter.text(), .options = o});
}
std::uint64_t admin::count(const run_filter& filter) const {
  return engine_->perform(detail::count_runs{.name_space = name_space_, .filter = filter.text()});
}
std::vector<run_count> admin::count_by_status(const run_filter& filter) const {
  return engine_->perform(
      detail::count_by_status{.name_space = name_space_, .filter = filter.text()});
}
std::vector<std::string> admin::open_runs(std::string_view after, std::size_t count_max) const {
  return engine_->perform(
      detail::list_open_ids{.name_space = name_space_, .after = after, .count_max = count_max});
}
void admin::resume(std::string_view id) const {
  engine_->perform(detail::resume_run{.target = {0, name_space_, id}});
}
void admin::move(std::string_view id, std::string_view version) const {
  engine_->perform(detail::move_run{.target = {0, name_space_, id}, .version = version});
}
std::size_t admin::erase(std::string_view id, erase_options o) const {
  return engine_->perform(detail::erase_runs{.target = {0, name_space_, id}, .options = o});
}

}}  // namespace stet::v0
