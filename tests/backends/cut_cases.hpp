// What the tests of stores in files share about files that were cut short.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet_tests {

/// Cuts the file `path` of a store in `directory` at many lengths, around the ends of its pages
/// among them, and opens each in a process of its own: it has all its values, or it is refused as
/// corrupt and left as it was. `open(path)` opens the store "s" in a directory. Returns how many
/// lengths were refused.
int check_cuts(const std::string& directory, const std::string& file,
               const std::function<std::unique_ptr<stet::store>(const std::string& path)>& open);

/// Fills the store "s": values that are small, large, overwritten and erased, in many commits.
void fill_pages(stet::store& s);

}  // namespace stet_tests
