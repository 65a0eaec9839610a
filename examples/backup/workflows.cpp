#include "workflows.hpp"

#include <array>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <system_error>

#include "files.hpp"

using namespace std::chrono_literals;

namespace files {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(tree, folders, files, special, unreadable)
}

namespace {

// How many files are under way at once. A constant, and no option of the program: the workflow's
// history depends on it, so that a backup begun with one number could not go on with another.
constexpr std::size_t files_at_once = 64;

// Returns false for a failure that another attempt can't cure.
bool worth_another_try(const std::exception& e) {
  const auto* failure = dynamic_cast<const std::system_error*>(&e);
  if (!failure) return true;
  for (const auto lasting :
       {std::errc::no_such_file_or_directory, std::errc::permission_denied,
        std::errc::operation_not_permitted, std::errc::not_a_directory, std::errc::is_a_directory,
        std::errc::directory_not_empty, std::errc::filename_too_long,
        std::errc::too_many_symbolic_link_levels, std::errc::read_only_file_system})
    if (failure->code() == lasting) return false;
  return true;
}

constexpr stet::step_options patiently{.retry = {.max_attempts = 10,
                                                 .initial_interval = 10ms,
                                                 .max_interval = 5s,
                                                 .retryable = worth_another_try}};

// Plays a target that can't be relied on. A step's body may use chance; elsewhere in a workflow it
// would have to be ctx.random().
void perhaps_fail(int percent) {
  thread_local std::minstd_rand chance(std::random_device{}());
  if (std::uniform_int_distribution(1, 100)(chance) <= percent)
    throw std::runtime_error("the target did not answer (a failure injected by --flaky)");
}

// Returns an id that isn't too long: ids have at most 200 bytes. A long one is cut, and a hash of
// the whole keeps it apart from similar ones.
std::string short_id(std::string id) {
  constexpr std::size_t longest = 180;
  if (id.size() <= longest) return id;
  std::array<char, 24> hash;
  std::snprintf(hash.data(), hash.size(), "~%016llx",
                static_cast<unsigned long long>(files::fingerprint_of(id)));
  return id.substr(0, longest) + hash.data();
}

// The common part of both workflows. The engine keeps them as long as it runs any of their code.
struct workflow_base {
  surroundings& with;

  // A step of this program: it is tried again when it fails, and a witness sees when it succeeds.
  template <class Body> auto step(stet::context& ctx, stet::step_name name, Body body) const {
    return ctx.step(name, patiently, with.effects.noting(ctx, name.text, std::move(body)));
  }
};

struct file_backup : workflow_base {
  stet::task<std::uint64_t> operator()(stet::context& ctx, std::string from, std::string to) const {
    for (int round = 0; round < 3; ++round) {
      const auto original = co_await step(ctx, "hash", [&] { return files::fingerprint(from); });
      const auto bytes = co_await step(ctx, "copy", [&] {
        perhaps_fail(with.flaky_percent);
        return files::copy(from, to);
      });
      const auto copied = co_await step(ctx, "verify", [&] { return files::fingerprint(to); });
      if (copied == original) co_return bytes;
    }
    throw stet::permanent_error("the file keeps changing while it is copied");
  }
};

struct tree_backup : workflow_base {
  stet::task<summary> operator()(stet::context& ctx, std::string from, std::string to) const {
    const auto tree = co_await step(ctx, "list", [&] { return files::list(from); });
    with.progress.expect(tree.files.size());
    co_await step(ctx, "make folders", [&] { files::make_folders(to, tree.folders); });

    const auto backup_one = [&](stet::context& c,
                                std::string& path) -> stet::task<stet::outcome<std::uint64_t>> {
      const auto id = short_id(std::string(c.id()) + ": " + path);
      auto bytes =
          co_await stet::attempt(c.child(BackupFile, id, from + "/" + path, to + "/" + path));
      with.progress.one_more();
      co_return bytes;
    };
    const auto copies = co_await stet::map(tree.files, {.concurrency = files_at_once}, backup_one);

    co_await step(ctx, "finish folders", [&] { files::finish_folders(from, to, tree.folders); });
    co_return summarise(tree, copies);
  }

  /// Returns, for example, "copy: the target did not answer (attempt 10)".
  static std::string said(const stet::failed& f) {
    return f.message() + " (attempt " + std::to_string(f.attempts()) + ")";
  }

  static summary summarise(const files::tree& tree,
                           const std::vector<stet::outcome<std::uint64_t>>& copies) {
    summary s{.failures = tree.unreadable, .special = tree.special};
    for (std::size_t i = 0; i < copies.size(); ++i) {
      if (copies[i]) {
        ++s.files;
        s.bytes += *copies[i];
      } else {
        const auto failure = copies[i].failed_as<stet::failed>();
        s.failures.push_back(tree.files[i] + ": " + (failure ? said(*failure) : "failed"));
      }
    }
    return s;
  }
};

}  // namespace

std::string backup_id(const std::string& from, const std::string& to) {
  return short_id("backup of " + from + " in " + to);
}

void define_backup(stet::engine& engine, surroundings& with) {
  engine.define(BackupFile, file_backup{with});
  engine.define(BackupTree, tree_backup{with});
}
