#include "engine/commit/end_reports.hpp"

#include <utility>

#include "base/ensure.hpp"
#include "index/entries.hpp"

namespace stet { inline namespace v0 { namespace detail {

void end_reports::add(const run_state& s, record_lsn lsn, std::string reason) {
  ensure(!s.open(), "an end that is reported has been recorded");
  waiting_.push_back(
      {lsn, s.workflow, s.id, std::string(namespace_of(s)), std::move(reason), s.run, s.status});
}

void end_reports::release() {
  while (!waiting_.empty() && waiting_.front().lsn <= journal_.durable_lsn()) {
    auto e = std::move(waiting_.front());
    waiting_.pop_front();
    services_.reporter.run_ended({.workflow = e.workflow,
                                  .workflow_id = e.id,
                                  .name_space = e.name_space,
                                  .run = e.run.value(),
                                  .status = e.status,
                                  .reason = e.reason});
  }
}

}}}  // namespace stet::v0::detail
