#include "place.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <stet/open.hpp>

#include "bench.hpp"
#include "keys/keys.hpp"

namespace bench {
namespace {

class counting_store final : public stet::forwarding_store {
 public:
  counting_store(std::unique_ptr<stet::store> inner, traffic& count)
      : forwarding_store(std::move(inner)), count_(count) {}

  void commit(const stet::batch& b, stet::durability d) override {
    namespace keys = stet::detail::keys;
    static const auto blocks = keys::all(keys::space::journal);
    forwarding_store::commit(b, d);
    ++count_.commits;
    for (auto& o : b.operations()) {
      if (o.what == stet::batch::kind::expect) continue;
      count_.bytes += o.key.size() + o.value.size();
      if (o.what == stet::batch::kind::put && o.key.starts_with(blocks))
        count_.journal_bytes += o.value.size();
    }
  }

 private:
  traffic& count_;
};

}  // namespace

folder::folder(const std::string& inside) {
  std::filesystem::create_directories(inside);
  path_ = inside + "/stet-bench-XXXXXX";
  if (!::mkdtemp(path_.data())) throw std::runtime_error("can't make a folder in " + inside);
}
folder::~folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<stet::store> open_store(const std::string& name, const folder& where,
                                        traffic* count) {
  auto store =
      name == "memory" ? stet::memory::open(where.memory()) : open_store_at(name, where.path());
  if (!count) return store;
  return std::make_unique<counting_store>(std::move(store), *count);
}

std::unique_ptr<stet::store> open_store_at(const std::string& name, const std::string& path) {
  return stet::open(name + ":" + path + "/" + name);
}

std::string file_system_of(const std::string& dir) {
  auto path = std::filesystem::weakly_canonical(dir).string();
  std::ifstream mounts("/proc/self/mounts");
  std::string kind = "unknown", line;
  std::size_t longest = 0;
  while (std::getline(mounts, line)) {
    std::istringstream fields(line);
    std::string device, point, type;
    fields >> device >> point >> type;
    bool inside = point == "/" || path == point || path.starts_with(point + "/");
    if (!inside || point.size() < longest) continue;
    longest = point.size();
    kind = type;
  }
  return kind;
}

std::string load_of_machine() {
  double one = 0;
  return ::getloadavg(&one, 1) == 1 ? readable(one) : "unknown";
}

std::string default_dir() {
  std::error_code unknown;
  auto program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  return unknown ? "." : program.parent_path().string();
}

}  // namespace bench
