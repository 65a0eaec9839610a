// The audit: do the books balance?
#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ledger.hpp"

/// A transfer's entries in the ledger.
struct trace {
  std::string postings;  ///< their kinds, in order: "debit, credit"
  cents amount = 0;
  cents sum = 0;  ///< of its entries; must be 0
};

/// All of the books, as one transaction saw them.
struct audit {
  std::size_t accounts = 0, entries = 0;
  cents balances = 0, ledger = 0;       ///< the sums of all; must be 0 and 0
  cents flying = 0;                     ///< between a debit and what follows it
  std::map<std::string, trace> traces;  ///< by transfer
  std::vector<std::string> faults;      ///< what is wrong, for people
};

/// Compares the accounts with the ledger, and each transfer with what a transfer may do.
audit examine(const stet::transaction& tx);

/// Returns two lines for people: how much there is, and the sums.
std::string summary(const audit& a);
