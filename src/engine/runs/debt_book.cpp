#include "engine/runs/debt_book.hpp"

#include <algorithm>
#include <utility>

namespace stet { inline namespace v0 { namespace detail {

void debt_book::owe(run_number run, debt d) {
  auto& all = unreadable_.owed[run];
  if (std::find(all.begin(), all.end(), d) != all.end()) return;
  all.push_back(std::move(d));
  put_debts(journal_.extra_writes(), run, all);
}

void debt_book::owe_a_look(run_number run) {
  if (table_.exists(run)) owe(run, {debt_kind::look, {}, {}});
}

debts debt_book::take(run_number run) {
  auto owed = unreadable_.owed.extract(run);
  if (owed.empty()) return {};
  erase_debts(journal_.extra_writes(), run);
  return std::move(owed.mapped());
}

}}}  // namespace stet::v0::detail
