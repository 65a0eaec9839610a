#include "ledger.hpp"

#include <algorithm>
#include <limits>

namespace {

std::uint32_t next_number(const stet::transaction& tx, const std::string& transfer) {
  std::uint32_t next = 0;
  constexpr auto last = std::numeric_limits<std::uint32_t>::max();
  tx.scan(Ledger, {.from = {{transfer, 0}}, .to = {{transfer, last}}, .backward = true},
          [&](const std::pair<std::string, std::uint32_t>& key, const entry&) {
            next = key.second + 1;
            return false;  // the last one is enough
          });
  return next;
}

void post(stet::transaction& tx, const std::string& transfer, const std::string& what,
          const std::string& from, const std::string& to, cents amount) {
  enter(tx, transfer, what, from, -amount);
  enter(tx, transfer, what, to, amount);
}

account known(const stet::transaction& tx, const std::string& name) {
  check_name(name);
  auto a = tx.get(Accounts, name);
  if (!a) throw refusal("there is no account " + name);
  return *a;
}

account usable(const stet::transaction& tx, const std::string& name) {
  auto a = known(tx, name);
  if (a.state == account_state::frozen) throw refusal("the account " + name + " is frozen");
  if (a.state == account_state::closed) throw refusal("the account " + name + " is closed");
  return a;
}

}  // namespace

void check_name(const std::string& account) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (account.empty() || account.size() > 40 || !std::ranges::all_of(account, fits))
    throw refusal("\"" + account + "\" is no name of an account: 1 to 40 of a-z, A-Z, 0-9 and -");
}

void check_amount(cents amount) {
  if (amount <= 0) throw refusal("an amount is above 0, not " + std::to_string(amount));
}

void enter(stet::transaction& tx, const std::string& transfer, const std::string& what,
           const std::string& account, cents amount) {
  auto a = tx.get(Accounts, account).value_or(::account{});
  if (__builtin_add_overflow(a.balance, amount, &a.balance))
    throw refusal("the account " + account + " can't hold so much");
  tx.put(Accounts, account, a);
  tx.put(Ledger, {transfer, next_number(tx, transfer)}, {account, what, amount});
}

void open_account(stet::transaction& tx, const std::string& name, cents amount) {
  check_name(name);
  if (amount < 0)
    throw refusal("an account is opened with 0 or more, not " + std::to_string(amount));
  if (tx.get(Accounts, name)) throw refusal("there is an account " + name + " already");
  post(tx, "*open " + name, "opened", world, name, amount);
}

void set_state(stet::transaction& tx, const std::string& name, account_state state) {
  auto a = known(tx, name);
  if (a.state == account_state::closed) throw refusal("the account " + name + " is closed");
  if (state == account_state::closed && a.balance != 0)
    throw refusal(name + " still has " + std::to_string(a.balance) + ": move it away first");
  a.state = state;
  tx.put(Accounts, name, a);
}

void debit(stet::transaction& tx, const std::string& transfer, const std::string& from,
           cents amount) {
  auto a = usable(tx, from);
  if (a.balance < amount)
    throw refusal(from + " has " + std::to_string(a.balance) + ", too little for " +
                  std::to_string(amount));
  post(tx, transfer, "debit", from, in_flight, amount);
}

void credit(stet::transaction& tx, const std::string& transfer, const std::string& to,
            cents amount) {
  usable(tx, to);
  post(tx, transfer, "credit", in_flight, to, amount);
}

// The state of the account doesn't matter: the money is its owner's.
void give_back(stet::transaction& tx, const std::string& transfer, const std::string& from,
               cents amount) {
  post(tx, transfer, "given back", in_flight, from, amount);
}
