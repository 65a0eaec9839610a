// Payloads that can't be read with the store alone, without the key; and a new key each year.
//
// Prints:
//   ann is well
//   the store shows it: no
//   ann is well, still
//   bob is well
#include <cstdio>
#include <exception>
#include <memory>
#include <stet/encryption.hpp>
#include <stet/stet.hpp>
#include <stet/zstd.hpp>
#include <string>
#include <string_view>

inline constexpr stet::workflow<std::string(std::string)> Report{"report"};

std::string examine(const std::string& patient) { return patient + " is well"; }

stet::task<std::string> report(stet::context& ctx, std::string patient) {
  co_return co_await ctx.step("examine", examine, patient);
}

bool shows(stet::store& store, std::string_view text) {
  bool found = false;
  stet::scan(store, {}, [&](std::string_view, std::string_view value) {
    found |= value.find(text) != std::string_view::npos;
    return true;
  });
  return found;
}

int main() try {
  auto contents = stet::memory::make_contents();
  auto old_key = stet::encryption::new_key(), new_key = stet::encryption::new_key();
  {
    auto keys = std::make_shared<stet::encryption>("2025", old_key);
    stet::engine engine{stet::memory::open(contents), {.transforms = {stet::zstd(), keys}}};
    engine.define(Report, report);
    engine.start();
    std::printf("%s\n", engine.start(Report, "r-1", "ann").result().c_str());
  }
  std::printf("the store shows it: %s\n",
              shows(*stet::memory::open(contents), "is well") ? "yes" : "no");
  {
    auto keys = std::make_shared<stet::encryption>("2026", new_key);  // for writing
    keys->add_key("2025", old_key);                                   // for what was written before
    stet::engine engine{stet::memory::open(contents), {.transforms = {stet::zstd(), keys}}};
    engine.define(Report, report);
    engine.start();
    std::printf("%s, still\n", engine.find(Report, "r-1")->result().c_str());
    std::printf("%s\n", engine.start(Report, "r-2", "bob").result().c_str());
  }
} catch (const std::exception& e) {
  std::fprintf(stderr, "encryption: %s\n", e.what());
  return 1;
}
