#include "options.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <string_view>

namespace fs = std::filesystem;

const char* const usage =
    "usage: backup --from DIR --to DIR --store URL [--flaky PERCENT] [--threads N] [--effects "
    "FILE]\n"
    "\n"
    "Copies a folder: contents, symbolic links, permissions. Kill it at any moment and start it "
    "again with the same\n"
    "arguments: it goes on where it was.\n"
    "\n"
    "  --from DIR       what to back up\n"
    "  --to DIR         where to; made if it doesn't exist\n"
    "  --store URL      where the backup keeps its memory, as in lmdb:/var/tmp/backup.stet\n"
    "  --flaky PERCENT  lets this share of copies fail, 0 to 100, to show the retries\n"
    "  --threads N      how many files are worked on at once, 1 to 256; 8 if not given\n"
    "  --effects FILE   appends a line for each step that has had its effect\n";

namespace {

template <class Number>
Number number(const std::string& option, const std::string& text, Number least, Number most) {
  Number n{};
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, n);
  if (parsed.ec != std::errc() || parsed.ptr != end || n < least || n > most)
    throw usage_error(option + " takes a number from " + std::to_string(least) + " to " +
                      std::to_string(most) + ", not \"" + text + "\"");
  return n;
}

bool is_inside(const fs::path& inner, const fs::path& outer) {
  return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

void refuse_overlap(const std::string& what, const fs::path& path, const options& o) {
  if (is_inside(path, o.from))
    throw std::runtime_error(what + " " + path.string() + " is inside the source " + o.from);
}

void check_folders(options& o) {
  std::error_code error;
  const auto from = fs::canonical(o.from, error);
  if (error) throw std::runtime_error("can't find the source " + o.from + ": " + error.message());
  if (!fs::is_directory(from)) throw std::runtime_error("the source " + o.from + " is no folder");
  if (::access(from.c_str(), R_OK | X_OK) != 0)
    throw std::runtime_error("the source " + o.from + " may not be read");
  const auto to = fs::weakly_canonical(o.to);
  if (fs::exists(to) && !fs::is_directory(to))
    throw std::runtime_error("the target " + o.to + " is no folder");
  if (!fs::exists(to) && !fs::is_directory(to.parent_path()))
    throw std::runtime_error("the target's folder " + to.parent_path().string() + " doesn't exist");
  o.from = from;
  o.to = to;

  refuse_overlap("the target", to, o);
  if (is_inside(from, to))
    throw std::runtime_error("the source " + o.from + " is inside the target " + o.to);
  if (const auto colon = o.store.find(':'); colon != o.store.npos && colon + 1 < o.store.size())
    refuse_overlap("the store", fs::weakly_canonical(o.store.substr(colon + 1)), o);
  if (!o.effects.empty()) refuse_overlap("the effects file", fs::weakly_canonical(o.effects), o);
}

}  // namespace

options parse(int count, char** arguments) {
  options o;
  std::set<std::string> given;
  for (int i = 1; i < count; i += 2) {
    const std::string name = arguments[i];
    if (i + 1 == count)
      throw usage_error(name + ": there is no such option, or its value is missing");
    const std::string value = arguments[i + 1];
    if (!given.insert(name).second) throw usage_error(name + " is given twice");
    if (value.empty()) throw usage_error(name + " is empty");
    if (name == "--from") o.from = value;
    else if (name == "--to") o.to = value;
    else if (name == "--store") o.store = value;
    else if (name == "--effects") o.effects = value;
    else if (name == "--threads") o.threads = number(name, value, 1u, 256u);
    else if (name == "--flaky") o.flaky_percent = number(name, value, 0, 100);
    else throw usage_error("there is no option " + name);
  }
  for (const auto* needed : {"--from", "--to", "--store"})
    if (!given.contains(needed)) throw usage_error(std::string(needed) + " is missing");
  check_folders(o);
  return o;
}
