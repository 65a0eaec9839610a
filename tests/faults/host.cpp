// Strange things that a host program or its operator does to an engine: few descriptors, small
// files, no standard streams, forks, a second process, a store that is deleted or moved while it is
// open [S163, S167, S169, S170].
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "crash/facts.hpp"
#include "faults/campaign.hpp"
#include "faults/load.hpp"

namespace stet_faults {
namespace {

namespace fs = std::filesystem;
using stet_crash::read_facts;

constexpr long descriptors_min = 8;  // with fewer, not even the libraries are loaded

void limit(int what, rlim_t to) {
  rlimit r{to, to};
  ::setrlimit(static_cast<__rlimit_resource>(what), &r);
}

/// Runs a life in surroundings that `prepare` sets up, then one in normal surroundings.
void endure(const std::string& folder, const std::string& name, const std::string& kind,
            const std::string& script, std::size_t resident, const std::function<void()>& prepare,
            bool must_finish, tally& sum) {
  trial t(folder, kind, script, resident, 2);
  auto end = t.live({.shim = false, .attend = {}, .prepare = prepare});
  ++sum.hit;
  ++sum.ends[to_text(end)];
  // A commit is tried again until there is room, and the host's limit stays.
  bool waits =
      end == life_end::stuck && t.last_words().find(std::strerror(EFBIG)) != std::string::npos;
  if (!waits && (end != life_end::finished && (must_finish || end != life_end::failed)))
    t.violate(std::string("the life ") + to_text(end) + ": " + t.last_words());
  t.judge(1);
  t.finish(1);
  sum.take(t, name);
}

void few_descriptors(const std::string& folder, const std::string& name, const std::string& kind,
                     const std::string&, std::size_t resident, tally& sum) {
  for (long n : sample(60, 8, std::hash<std::string>()(name)))
    endure(
        folder, name + ", " + std::to_string(n) + " descriptors", kind, "entities", resident,
        [n] { limit(RLIMIT_NOFILE, static_cast<rlim_t>(n + descriptors_min)); }, false, sum);
}

/// The host ignores SIGXFSZ, as it must: the signal would end the process.
void small_files(const std::string& folder, const std::string& name, const std::string& kind,
                 const std::string&, std::size_t resident, tally& sum) {
  for (long n : sample(200, 6, std::hash<std::string>()(name)))
    endure(
        folder, name + ", files of " + std::to_string(n) + " KiB", kind, "entities", resident,
        [n] {
          ::signal(SIGXFSZ, SIG_IGN);
          limit(RLIMIT_FSIZE, static_cast<rlim_t>(n) << 10);
        },
        false, sum);
}

/// The script writes to standard output and error all the time. None of that may end up in a store.
void no_streams(const std::string& folder, const std::string& name, const std::string& kind,
                const std::string&, std::size_t resident, tally& sum) {
  for (int closed = 1; closed < 8; ++closed)
    endure(
        folder, name + ", closed: " + std::to_string(closed), kind, "chatter", resident,
        [closed] {
          for (int fd = 0; fd < 3; ++fd)
            if (closed & 1 << fd) ::close(fd);
        },
        true, sum);
}

void forks(const std::string& folder, const std::string& name, const std::string& kind,
           const std::string&, std::size_t resident, tally& sum) {
  for (long n = how_many(1, 20); n > 0; --n)
    endure(folder, name, kind, "forks", resident, {}, true, sum);
}

/// All files of a store: those whose names begin with its name.
std::vector<fs::path> files_of(const std::string& store) {
  std::vector<fs::path> all;
  auto name = fs::path(store).filename().string();
  for (auto& entry : fs::directory_iterator(fs::path(store).parent_path()))
    if (entry.path().filename().string().starts_with(name)) all.push_back(entry.path());
  return all;
}

/// The code of the error that opening the store now gives; empty if it opens.
std::optional<stet::errc> refusal(const trial& t) {
  try {
    open_kind(t.setup().kind, t.setup().store)->close();
  } catch (const stet::store_error& e) { return e.code(); }
  return std::nullopt;
}

/// Whether its first run was acknowledged.
bool has_begun(const trial& t) { return read_facts(t.setup().facts).size() >= 2; }

/// Runs long lives. Soon after the first run, `act` does something to the store; then the process
/// is killed, and `after` checks the files that it left.
void meddle(const std::string& folder, const std::string& name, const std::string& kind,
            std::size_t resident, tally& sum, const std::function<void(trial&)>& act,
            const std::function<void(trial&, life_end)>& after) {
  for (long n = how_many(2, 30); n > 0; --n) {
    trial t(folder, kind, "load", resident, 3);
    auto end = t.live({.shim = false,
                       .attend =
                           [&](int pid) {
                             for (int ms = 0; ms < 3000 && !has_begun(t); ++ms) ::usleep(1000);
                             ::usleep(static_cast<unsigned>(n * 7 % 60) * 1000);
                             act(t);
                             ::usleep(30'000);
                             ::kill(pid, SIGKILL);
                             return await(pid);
                           },
                       .prepare = {}});
    ++sum.hit;
    ++sum.ends[to_text(end)];
    if (end != life_end::killed && end != life_end::finished && end != life_end::failed)
      t.violate(std::string("the life ") + to_text(end) + ": " + t.last_words());
    after(t, end);
    sum.take(t, name);
  }
}

/// Every run that was asked for goes on, and ends.
void go_on(trial& t) {
  t.expect(script_of(t.setup().facts, false));
  t.judge(1);
  t.expect(script_of(t.setup().facts, true));
  t.be("drain");
  t.finish(1);
}

/// A second process is refused, and disturbs nothing.
void second_process(const std::string& folder, const std::string& name, const std::string& kind,
                    const std::string&, std::size_t resident, tally& sum) {
  std::optional<stet::errc> told;
  meddle(
      folder, name, kind, resident, sum, [&](trial& t) { told = refusal(t); },
      [&](trial& t, life_end end) {
        if (end == life_end::killed && told != stet::errc::conflict)
          t.violate("a second process wasn't refused, or as something else");
        go_on(t);
      });
}

/// The store is moved away, and moved back after its process has ended: everything acknowledged is
/// in it.
void moved(const std::string& folder, const std::string& name, const std::string& kind,
           const std::string&, std::size_t resident, tally& sum) {
  const auto here = folder + "/s", away = folder + "/away";
  meddle(
      folder, name, kind, resident, sum, [&](trial&) { fs::rename(here, away); },
      [&](trial& t, life_end) {
        fs::rename(away, here);
        go_on(t);
      });
}

/// The store's locks and marks are deleted, but not its data.
void unlocked(const std::string& folder, const std::string& name, const std::string& kind,
              const std::string&, std::size_t resident, tally& sum) {
  meddle(
      folder, name, kind, resident, sum,
      [](trial& t) {
        std::error_code not_there;
        for (auto end_of_name : {".owner", "-lock", ".slots", "/LOCK"})
          fs::remove(t.setup().store + end_of_name, not_there);
      },
      [](trial& t, life_end) { go_on(t); });
}

/// The store's data is deleted, but not the files that mark it as a store: no process may make it
/// anew.
void deleted(const std::string& folder, const std::string& name, const std::string& kind,
             const std::string&, std::size_t resident, tally& sum) {
  meddle(
      folder, name, kind, resident, sum,
      [](trial& t) {
        for (auto& p : files_of(t.setup().store))
          if (!p.string().ends_with(".owner")) fs::remove_all(p);
      },
      [](trial& t, life_end) {
        if (refusal(t) != stet::errc::corrupt)
          t.violate("a store that is gone is begun afresh, or refused as something else");
      });
}

}  // namespace

int host() {
  static const std::pair<const char*, exploration> acts[] = {
      {"few descriptors", few_descriptors},
      {"small files", small_files},
      {"no streams", no_streams},
      {"forks", forks},
      {"second process", second_process},
      {"moved", moved},
      {"unlocked", unlocked},
      {"deleted", deleted},
  };
  std::vector<cell> cells;
  for (auto& [name, act] : acts) {
    auto more = cells_of({name}, act);
    cells.insert(cells.end(), more.begin(), more.end());
  }
  return run_campaign("host", cells);
}

}  // namespace stet_faults
