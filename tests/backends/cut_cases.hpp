// Shared tests of stores in files: files that were cut short, and files with damaged pages.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include <stet/store.hpp>

namespace stet_tests {

/// Cuts the file of a store in `directory` at many lengths, the ends of its pages among them. Each
/// cut file is opened in a process of its own: either it has all its values, or it is refused as
/// corrupt and stays unchanged. `open(path)` opens the store "s" in a directory. Returns how many
/// lengths were refused.
int check_cuts(const std::string& directory, const std::string& file,
               const std::function<std::unique_ptr<stet::store>(const std::string& path)>& open);

/// Fills the store "s": values that are small, large, overwritten and erased, in many commits.
void fill_pages(stet::store& s);
/// Does the same in a process that dies and leaves its log on the disk.
void die_with_log(const std::function<std::unique_ptr<stet::store>()>& open);

/// Damages the file of a closed store page by page: a page of the tree then leads to an earlier
/// page. Scans the file in both directions; each scan must end and report that the store is
/// corrupt. `turn_back` returns false for a page that is no inner page of the tree.
void check_turned_back(const std::string& path,
                       const std::function<bool(std::string& page)>& turn_back,
                       const std::function<std::unique_ptr<stet::store>()>& open);

}  // namespace stet_tests
