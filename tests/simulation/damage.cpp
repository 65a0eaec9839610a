#include "simulation/damage.hpp"

#include <utility>
#include <vector>

#include "crash/dump.hpp"
#include "keys/keys.hpp"
#include "simulation/sim_store.hpp"

namespace stet_simulation {

using namespace stet::detail;

std::string family_of(std::string_view id) { return std::string(id.substr(0, id.find('/'))); }

namespace {

/// An open run that can be spared: no entity, which others wait for, and no owner of a chain that
/// nobody else would end.
bool may_be_hit(const stet_crash::stored_run& r) {
  auto& id = r.state.id;
  return r.in_snapshot && r.state.open() && !id.starts_with("box/") && !id.starts_with("o");
}

/// What the store has of a run.
std::vector<std::pair<std::string, std::string>> entries_of(stet::store& s, run_number run) {
  std::vector<std::pair<std::string, std::string>> all;
  auto take = [&](std::string_view key, std::string_view value) {
    all.emplace_back(key, value);
    return true;
  };
  if (auto snapshot = s.get(keys::snapshot(run))) take(keys::snapshot(run), *snapshot);
  stet::scan(s, {keys::history(run, 0), keys::history(run + 1, 0)}, take);
  return all;
}

}  // namespace

std::string damage(sim_disk& disk, dice& luck) {
  sim_store store(disk, luck);
  auto d = stet_crash::read_dump(store);
  std::vector<run_number> candidates;
  for (auto& [run, r] : d.runs)
    if (may_be_hit(r)) candidates.push_back(run);
  if (candidates.empty()) return {};
  auto run =
      candidates.at(static_cast<std::size_t>(luck.below(static_cast<int>(candidates.size()))));
  auto entries = entries_of(store, run);
  auto& [key, value] =
      entries.at(static_cast<std::size_t>(luck.below(static_cast<int>(entries.size()))));
  auto at = static_cast<std::size_t>(luck.below(static_cast<int>(value.size())));
  value[at] = static_cast<char>(value[at] ^ (1 << luck.below(8)));
  stet::batch b;
  b.put(key, value);
  store.commit(b, stet::durability::sync);
  return family_of(d.runs.at(run).state.id);
}

}  // namespace stet_simulation
