// The bank's books, in the engine's own store: accounts, and a ledger to which entries are only
// added. Every function here works in a transaction, so it is done wholly or not at all.
#pragma once
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <stet/json.hpp>
#include <stet/stet.hpp>

using cents = std::int64_t;

enum class account_state { open, frozen, closed };
NLOHMANN_JSON_SERIALIZE_ENUM(account_state, {{account_state::open, "open"},
                                             {account_state::frozen, "frozen"},
                                             {account_state::closed, "closed"}})

struct account {
  cents balance = 0;
  account_state state = account_state::open;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(account, balance, state)

/// One side of a posting. The two sides of each posting are in the ledger one after the other, and
/// their sum is 0.
struct entry {
  std::string account;
  std::string what;  ///< "opened", "debit", "credit", "given back"
  cents amount = 0;  ///< added to the account; taken from it, if below 0
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(entry, account, what, amount)

inline constexpr stet::table<std::string, account> Accounts{"accounts"};
/// The key: the transfer, and the number of the entry in it, from 0.
inline constexpr stet::table<std::pair<std::string, std::uint32_t>, entry> Ledger{"ledger"};

/// Two accounts of the bank's own, which no customer can name. All money comes from the first one
/// (it is as far below 0 as all others are above). The second one holds the money between a debit
/// and its credit.
inline const std::string world = "*world";
inline const std::string in_flight = "*in flight";

/// Thrown if the bank refuses: what() says why.
class refusal : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check_name(const std::string& account);  ///< throws refusal
void check_amount(cents amount);              ///< throws refusal

void open_account(stet::transaction& tx, const std::string& name, cents amount);
void set_state(stet::transaction& tx, const std::string& name, account_state state);

/// Post money: from the account to *in flight; from there to the other account; or back.
void debit(stet::transaction& tx, const std::string& transfer, const std::string& from, cents);
void credit(stet::transaction& tx, const std::string& transfer, const std::string& to, cents);
void give_back(stet::transaction& tx, const std::string& transfer, const std::string& from, cents);

/// Posts one side of a posting alone. For broken.cpp, which shows what becomes of the books then.
void enter(stet::transaction& tx, const std::string& transfer, const std::string& what,
           const std::string& account, cents amount);
