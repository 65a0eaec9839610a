#include "audit.hpp"

#include <set>

namespace {

std::string number(cents n) { return std::to_string(n); }

// Adds up the ledger. The two sides of a posting follow each other, so only every second entry is
// named.
std::map<std::string, cents> add_up(const stet::transaction& tx, audit& a) {
  std::map<std::string, cents> sums;
  tx.scan(Ledger, [&](const std::pair<std::string, std::uint32_t>& key, const entry& e) {
    ++a.entries;
    a.ledger += e.amount;
    sums[e.account] += e.amount;
    auto& t = a.traces[key.first];
    t.sum += e.amount;
    if (key.second % 2 == 1) return;
    t.postings += (t.postings.empty() ? "" : ", ") + e.what;
    if (t.amount != 0 && t.amount != -e.amount)
      a.faults.push_back(key.first + ": " + number(t.amount) + " and then " + number(-e.amount));
    t.amount = -e.amount;
  });
  return sums;
}

void hold_accounts_against(std::map<std::string, cents> sums, const stet::transaction& tx,
                           audit& a) {
  tx.scan(Accounts, [&](const std::string& name, const account& held) {
    ++a.accounts;
    a.balances += held.balance;
    if (name == in_flight) a.flying = held.balance;
    if (held.balance < 0 && name != world)
      a.faults.push_back(name + " is below 0: " + number(held.balance));
    if (const auto sum = sums[name]; sum != held.balance)
      a.faults.push_back(name + " has " + number(held.balance) + ", but its entries sum to " +
                         number(sum));
    sums.erase(name);
  });
  for (const auto& [name, sum] : sums) a.faults.push_back(name + " has entries and no account");
}

}  // namespace

audit examine(const stet::transaction& tx) {
  audit a;
  const auto sums = add_up(tx, a);
  for (const auto& [id, t] : a.traces) {
    static const std::set<std::string> allowed{"opened", "debit", "debit, credit",
                                               "debit, given back"};
    if (t.sum != 0) a.faults.push_back(id + ": half a posting, " + number(t.sum) + " too much");
    else if (!allowed.contains(t.postings)) a.faults.push_back(id + ": " + t.postings);
  }
  hold_accounts_against(sums, tx, a);
  if (a.balances != 0) a.faults.push_back("the accounts sum to " + number(a.balances));
  if (a.ledger != 0) a.faults.push_back("the ledger sums to " + number(a.ledger));
  return a;
}

std::string summary(const audit& a) {
  return std::to_string(a.accounts) + " accounts sum to " + number(a.balances) + ", " +
         std::to_string(a.entries) + " entries of " + std::to_string(a.traces.size()) +
         " transfers and openings sum to " + number(a.ledger) + ", " + number(a.flying) +
         " in flight";
}
