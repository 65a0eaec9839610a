// What tests of stores in files share about files that were cut short, or have damaged pages.
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
/// The same in a process that dies and leaves its log behind.
void die_with_log(const std::function<std::unique_ptr<stet::store>()>& open);

/// Damages the file of a closed store page by page, such that a tree's page leads to one that comes
/// before it, and scans it both ways: that ends, and says that the store is corrupt. `turn_back`
/// returns false for a page that isn't of the tree's inside.
void check_turned_back(const std::string& path,
                       const std::function<bool(std::string& page)>& turn_back,
                       const std::function<std::unique_ptr<stet::store>()>& open);

}  // namespace stet_tests
