// A backup that survives being killed: backup --from DIR --to DIR --store URL
//
// Read workflows.cpp first: it is the part that uses Stet.
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <string>

#include "options.hpp"
#include "workflows.hpp"

namespace {

int report(const summary& s) {
  std::printf("%llu files and links, %.1f MB: copied and verified.\n",
              static_cast<unsigned long long>(s.files), static_cast<double>(s.bytes) / 1e6);
  for (const auto& path : s.special) std::printf("left out, it is no file: %s\n", path.c_str());
  if (s.failures.empty()) return 0;
  std::fflush(stdout);
  for (const auto& failure : s.failures)
    std::fprintf(stderr, "backup: failed: %s\n", failure.c_str());
  std::fprintf(
      stderr,
      "backup: the copy is not whole: %zu failed, see above. To try again, take a new store.\n",
      s.failures.size());
  return 1;
}

int backup(const options& o) {
  surroundings with{
      .effects = effect_log(o.effects), .progress = {}, .flaky_percent = o.flaky_percent};

  stet::engine engine(stet::open(o.store), {.threads = o.threads});
  define_backup(engine, with);
  engine.start();

  // With this id it is one backup, however often this program is started.
  const auto run = engine.start(BackupTree, backup_id(o.from, o.to), o.from, o.to);
  if (run.created()) std::printf("Backing up %s in %s.\n", o.from.c_str(), o.to.c_str());
  else if (run.status() == stet::status::running)
    std::printf("This backup was begun before: it goes on.\n");
  else std::printf("This backup is done already:\n");
  std::fflush(stdout);
  return report(run.result());
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return backup(parse(count, arguments));
  } catch (const usage_error& e) {
    std::fprintf(stderr, "backup: %s\n\n%s", e.what(), usage);
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "backup: %s\n", e.what());
    return 1;
  }
}
