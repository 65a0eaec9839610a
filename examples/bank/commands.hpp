// The commands of the program: bank STORE COMMAND …
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

/// Thrown for a command line that makes no sense: what() says why.
class usage_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

extern const char* const usage;

/// Performs a command. Returns the exit status: 0 if it was done. Throws usage_error, refusal,
/// stet::error.
int run_command(const std::vector<std::string>& words);
