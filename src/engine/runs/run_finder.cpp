#include "engine/runs/run_finder.hpp"

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/services/failures.hpp"

namespace stet { inline namespace v0 { namespace detail {

run_lease run_finder::must_find(run_ref target) {
  auto missing = [&](const char* why) {
    return error(errc::not_found, target.id,
                 "there is no run with the id " + shown(target.id) + why);
  };
  bool by_number = target.run != 0;
  if (!by_number) target.run = table_.latest(target.name_space, target.id).value();
  if (target.run == 0) throw missing("");
  if (auto r = table_.must_read(run_number(target.run), target.id)) return r;
  if (by_number) throw missing(": it has been erased");
  throw unreadable_run(run_number(target.run),
                       target.id);  // the index has it, but its snapshot is lost
}

run_lease run_finder::must_find_or_follow(run_ref target) {
  auto r = target.run ? table_.load(run_number(target.run)) : run_lease();
  return r ? std::move(r) : last_of_chain(target);
}

run_lease run_finder::last_of_chain(run_lease r) {
  while (r->state.next) {
    auto next = table_.must_read(r->state.next, r->state.id);
    if (!next) break;
    r = std::move(next);
  }
  return r;
}

run_lease run_finder::last_of_chain(run_ref target) {
  auto r = target.run ? chain_of(target) : run_lease();
  return r ? std::move(r) : last_of_chain(must_find(target));
}

run_lease run_finder::chain_of(run_ref target) {
  auto itself = table_.load(run_number(target.run));
  if (itself && !itself->state.next) return itself;
  if (STET_SEEDED(find_chain_by_number))
    return itself ? last_of_chain(std::move(itself)) : run_lease();
  for (auto run = table_.latest(target.name_space, target.id);
       run >= run_number(target.run) && run;) {
    auto r = table_.must_read(run, target.id);
    if (!r) break;
    if (r->state.first <= run_number(target.run)) return last_of_chain(std::move(r));
    run = table_.latest_below(target.name_space, target.id, r->state.first);
  }
  if (!itself) return table_.must_read(run_number(target.run), target.id);
  return last_of_chain(std::move(itself));
}

}}}  // namespace stet::v0::detail
