// What the program does between being started and having answered: bank STORE COMMAND …
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

/// Asked for nonsense: what() says why.
class usage_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

extern const char* const usage;

/// The exit status: 0 if what was asked for was done. Throws usage_error, refusal, stet::error.
int run_command(const std::vector<std::string>& words);
