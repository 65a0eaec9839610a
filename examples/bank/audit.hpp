// Do the books balance?
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ledger.hpp"

/// What the ledger says of a transfer.
struct trace {
  std::string postings;  ///< their kinds, in order: "debit, credit"
  cents amount = 0;
  cents sum = 0;  ///< of its entries: 0
};

/// Everything, as one transaction saw it.
struct audit {
  std::size_t accounts = 0, entries = 0;
  cents balances = 0, ledger = 0;       ///< the sums of all: 0 and 0
  cents flying = 0;                     ///< between a debit and what follows it
  std::map<std::string, trace> traces;  ///< by transfer
  std::vector<std::string> faults;      ///< what is wrong, for people
};

/// Holds the accounts against the ledger, and each transfer against what a transfer may do.
audit examine(const stet::transaction& tx);

/// Two lines for people: how much there is, and the sums.
std::string summary(const audit& a);
