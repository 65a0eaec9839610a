#include "engine/runs/run_finder.hpp"

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "engine/services/failures.hpp"

namespace stet { inline namespace v0 { namespace detail {

run_lease run_finder::must_find(run_ref of) {
  auto missing = [&](const char* why) {
    return error(errc::not_found, of.id, "there is no run with the id " + shown(of.id) + why);
  };
  bool by_number = of.run != 0;
  if (!by_number) of.run = table_.latest(of.name_space, of.id).value();
  if (of.run == 0) throw missing("");
  if (auto r = table_.must_read(run_number(of.run), of.id)) return r;
  if (by_number) throw missing(": it has been erased");
  throw unreadable_run(run_number(of.run),
                       of.id);  // the index has it, but its snapshot is lost
}

run_lease run_finder::must_find_or_follow(run_ref of) {
  auto r = of.run ? table_.load(run_number(of.run)) : run_lease();
  return r ? std::move(r) : last_of_chain(of);
}

run_lease run_finder::last_of_chain(run_lease r) {
  while (r->state.next) {
    auto next = table_.must_read(r->state.next, r->state.id);
    if (!next) break;
    r = std::move(next);
  }
  return r;
}

run_lease run_finder::last_of_chain(run_ref of) {
  auto r = of.run ? chain_of(of) : run_lease();
  return r ? std::move(r) : last_of_chain(must_find(of));
}

run_lease run_finder::chain_of(run_ref of) {
  auto itself = table_.load(run_number(of.run));
  if (itself && !itself->state.next) return itself;
  if (STET_SEEDED(find_chain_by_number))
    return itself ? last_of_chain(std::move(itself)) : run_lease();
  for (auto run = table_.latest(of.name_space, of.id); run >= run_number(of.run) && run;) {
    auto r = table_.must_read(run, of.id);
    if (!r) break;
    if (r->state.first <= run_number(of.run)) return last_of_chain(std::move(r));
    run = table_.latest_below(of.name_space, of.id, r->state.first);
  }
  if (!itself) return table_.must_read(run_number(of.run), of.id);
  return last_of_chain(std::move(itself));
}

}}}  // namespace stet::v0::detail
