// Torn, lost and reordered writes. The test records all that a life does to its store's files, with
// its flushes. Then it cuts the power at a moment: each file has everything that was flushed, and
// any of the sectors written since; the names are as they were at some moment since names were last
// flushed. The store that this leaves is opened, judged and finished [S161].
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <sstream>

#include "faults/campaign.hpp"

namespace stet_faults {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t sector = 512;

struct step {
  recorded_call head;
  std::string path, data;
};

std::vector<step> read_record(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<step> all;
  step s;
  while (in.read(reinterpret_cast<char*>(&s.head), sizeof s.head)) {
    s.path.resize(s.head.path_bytes);
    in.read(s.path.data(), static_cast<std::streamsize>(s.path.size()));
    s.data.resize(s.head.bytes);
    if (!in.read(s.data.data(), static_cast<std::streamsize>(s.data.size()))) break;
    all.push_back(s);
  }
  return all;
}

/// A file under any name: its durable bytes, and the calls on it since its last flush.
struct file {
  std::string durable;
  std::vector<const step*> since;
};
using names = std::map<std::string, std::shared_ptr<file>>;

void apply(std::string& content, const step& s, std::mt19937* chance) {
  if (s.head.kind == call_truncate) {
    if (!chance || (*chance)() % 2) content.resize(s.head.at);
    return;
  }
  for (std::size_t from = 0, n; from < s.data.size(); from += n) {
    auto at = s.head.at + from;
    n = std::min(s.data.size() - from, sector - at % sector);
    if (chance && (*chance)() % 2) continue;
    if (content.size() < at + n) content.resize(at + n);
    content.replace(at, n, s.data, from, n);
  }
}

/// The disk up to a moment.
class disk {
 public:
  explicit disk(bool deaf) : deaf_(deaf) {}
  void take(const step& s) {
    auto& now = history_.back();
    switch (s.head.kind) {
      case call_open: rename_to_be([&](names& n) { n[s.path] = std::make_shared<file>(); }); break;
      case call_rename:
        rename_to_be([&](names& n) {
          n[s.data] = n[s.path];
          n.erase(s.path);
        });
        break;
      case recorded_unlink: rename_to_be([&](names& n) { n.erase(s.path); }); break;
      case call_flush: flush(s); break;
      case recorded_through:  // only the write before it is on the disk
        if (auto& since = of(s.path)->since; !since.empty()) {
          apply(of(s.path)->durable, *since.back(), nullptr);
          since.pop_back();
        }
        break;
      default:
        if (now.contains(s.path) || s.path.find(" (deleted)") == std::string::npos)
          of(s.path)->since.push_back(&s);
    }
  }

  /// Writes files as a power cut may leave them. `prefix` comes before the recorded paths.
  void cut(const std::string& prefix, std::mt19937& chance) const {
    auto& which = history_[chance() % history_.size()];
    bool all = chance() % 8 == 0, nothing = chance() % 8 == 0;
    for (auto& [path, f] : which) {
      if (!f) continue;  // its creation wasn't recorded
      auto content = f->durable;
      if (!nothing)
        for (auto* s : f->since) stet_faults::apply(content, *s, all ? nullptr : &chance);
      fs::create_directories(fs::path(prefix + path).parent_path());
      std::ofstream(prefix + path, std::ios::binary) << content;
    }
  }

 private:
  std::shared_ptr<file>& of(const std::string& path) {
    auto& f = history_.back()[path];
    if (!f) f = std::make_shared<file>();
    return f;
  }
  template <class F> void rename_to_be(F change) {
    history_.push_back(history_.back());
    change(history_.back());
  }
  void flush(const step& s) {
    if (deaf_) return;
    auto found = history_.back().find(s.path);
    if (found != history_.back().end()) {
      auto& f = *found->second;
      for (auto* w : f.since) stet_faults::apply(f.durable, *w, nullptr);
      f.since.clear();
      // For a new file, a flush of data flushes its name too.
      bool is_named =
          history_.front().contains(s.path) && history_.front()[s.path] == found->second;
      if (s.head.at == 1 && is_named) return;
    }
    history_.erase(history_.begin(), history_.end() - 1);
  }

  bool deaf_;  // the control: it ignores flushes, so the checks must report lost acknowledged data
  std::vector<names> history_ = std::vector<names>(1);  // since names were last flushed
};

constexpr const char* facts_name = "facts";  // recorded as well: the facts before the cut

void judge_cut(trial& t, const std::vector<step>& all, std::size_t at, bool deaf,
               std::mt19937& chance) {
  disk d(deaf);
  std::string facts;
  for (std::size_t i = 0; i < at; ++i) {
    if (all[i].path != facts_name) d.take(all[i]);
    else if (all[i].head.kind == call_write) facts += all[i].data;
  }
  d.cut(t.folder() + "/", chance);
  std::ofstream(t.setup().facts, std::ios::binary) << facts;
  t.has_lived();
  t.judge(1);
  t.finish(1);
}

/// The moments at which the power is cut: a sample of all calls, and every call while the store is
/// made. The latter calls come before the first fact, and each of them occurs only once.
std::vector<long> moments(const std::vector<step>& all, const std::string& name, bool with_making) {
  auto cuts = sample(static_cast<long>(all.size()), 12, std::hash<std::string>()(name));
  if (!with_making) return cuts;
  const auto said =
      std::find_if(all.begin(), all.end(), [](const step& s) { return s.path == facts_name; });
  for (long at = 1; at <= said - all.begin(); ++at)
    cuts.insert(cuts.end(), static_cast<std::size_t>(how_many(2, 8)), at);
  return cuts;
}

void explore(const std::string& folder, const std::string& name, const std::string& kind,
             const std::string& script, bool deaf, tally& sum) {
  std::mt19937 chance(static_cast<unsigned>(seed() + std::hash<std::string>()(name)));
  trial t(folder, kind, script, 0, 2);
  auto record = t.folder() + "/record";
  std::strncpy(t.shim().record, record.c_str(), sizeof t.shim().record - 1);
  std::strncpy(t.shim().files, (t.folder() + "/").c_str(), sizeof t.shim().files - 1);
  if (t.live() != life_end::finished) t.violate("it doesn't even work well: " + t.last_words());
  t.judge(0);
  auto all = read_record(record);
  sum.take(t, name);
  for (long at : moments(all, name, script == "crowd")) {
    trial again(folder, kind, script, 0, 2);
    judge_cut(again, all, static_cast<std::size_t>(at), deaf, chance);
    ++sum.hit;
    ++sum.ends["cut"];
    sum.take(again, name + ", call " + std::to_string(at) + " of " + std::to_string(all.size()));
  }
}

std::vector<cell> cells_of(const std::vector<std::string>& names, bool deaf) {
  std::vector<cell> cells;
  for (auto& kind : store_kinds())
    for (auto& script : names) {
      auto name = kind + "/" + script;
      cells.push_back({name, [=](const std::string& folder, tally& sum) {
                         explore(folder, name, kind, script, deaf, sum);
                       }});
    }
  return cells;
}

}  // namespace

int blocks() { return run_campaign("blocks", cells_of({"crowd", "counts", "entities"}, false)); }
int blocks_control() { return run_campaign("blocks-control", cells_of({"counts"}, true)) == 0; }

}  // namespace stet_faults
