// The names and types that the bank's workflow shares with its callers.
#pragma once
#include <string>
#include <string_view>

#include <stet/stet.hpp>

#include "ledger.hpp"

struct order {
  std::string from, to;
  cents amount = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(order, from, to, amount)

/// How a transfer ended.
enum class ending { paid, refused, denied, expired, given_back };
NLOHMANN_JSON_SERIALIZE_ENUM(ending, {{ending::paid, "paid"},
                                      {ending::refused, "refused"},
                                      {ending::denied, "denied"},
                                      {ending::expired, "expired"},
                                      {ending::given_back, "given back"}})
struct receipt {
  ending how = ending::paid;
  cents amount = 0;  ///< the amount that was asked for in the end
  std::string text;  ///< for people
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(receipt, how, amount, text)

/// A decision about one amount: an approval of 2000 approves nothing else.
struct decision {
  bool yes = false;
  cents amount = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(decision, yes, amount)

/// The state of a transfer.
struct standing {
  bool waits = false;  ///< whether it waits for a decision
  order what;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(standing, waits, what)

/// A transfer of more than this needs an approval. A constant, since the history of a transfer
/// depends on it: a bank that wants to change it passes it to the workflow as an argument.
inline constexpr cents free_of_approval = 1000;

/// The id of the run is the id of the transfer. The second argument says how long the transfer
/// waits for approval.
inline constexpr stet::workflow<receipt(order, stet::duration)> Transfer{"transfer"};
inline constexpr stet::signal<decision> Decided{"decided"};
inline constexpr stet::query<standing()> Status{"status"};
inline constexpr stet::update<cents(cents)> Change{"change"};  ///< of the amount, while it waits

/// Throws refusal if the order makes no sense in any bank.
void check_order(std::string_view id, const order& o);
/// Defines the workflow of a transfer.
void define_bank(stet::engine& engine);
