// The options of the backup program.
#pragma once
#include <stdexcept>
#include <string>

struct options {
  std::string from;     ///< a folder; absolute, links resolved, as are all paths here
  std::string to;       ///< a folder, which need not exist yet
  std::string store;    ///< "lmdb:PATH"
  std::string effects;  ///< a file, or empty
  unsigned threads = 8;
  int flaky_percent = 0;
};

/// Thrown for a command line that makes no sense: what() says why.
class usage_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

extern const char* const usage;

/// Reads and checks the command line. Throws usage_error for a malformed one, and
/// std::runtime_error for folders that can't be backed up in this way.
options parse(int count, char** arguments);
