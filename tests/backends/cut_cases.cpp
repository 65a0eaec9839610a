#include "cut_cases.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "leave_open.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace stet_tests {

namespace fs = std::filesystem;
using namespace stet_conformance;

namespace {

constexpr std::size_t page_bytes = 4096;

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Opens the store in another process, and returns "all", "corrupt", or a text of what is wrong.
std::string look(const std::function<std::unique_ptr<stet::store>()>& open, const pairs& expected) {
  child_process child([&](int pipe) {
    std::string found = "others";
    auto e = error_of([&] {
      auto s = open();
      if (scanned(*s) != expected) return;
      put(*s, "more", "v");
      s->close();
      found = scanned(*open()).size() == expected.size() + 1 ? "all" : "others later";
    });
    if (e) found = e->code() == stet::errc::corrupt ? "corrupt" : e->what();
    child_process::tell(pipe, found);
  });
  std::string found = child.hear_all();
  const int status = child.wait();
  return status == 0 ? found : "the process ended with " + std::to_string(status);
}

std::set<std::size_t> lengths_of(std::size_t bytes) {
  std::set<std::size_t> lengths;
  const std::size_t pages = bytes / page_bytes, step = pages > 40 ? pages / 40 : 1;
  for (std::size_t page = 0; page <= pages; page += page < 8 || page + 8 > pages ? 1 : step) {
    const std::size_t at = page * page_bytes;
    for (std::size_t n : {at, at + 1, at + 100, at + 200, at + page_bytes / 2, at + page_bytes - 1})
      if (n > 0 && n < bytes) lengths.insert(n);
  }
  return lengths;
}

}  // namespace

int check_cuts(const std::string& directory, const std::string& file,
               const std::function<std::unique_ptr<stet::store>(const std::string& path)>& open) {
  temporary_directory dir;
  auto fresh = [&] {
    fs::remove_all(dir / "d");
    fs::copy(directory, dir / "d", fs::copy_options::recursive);
  };
  fresh();
  pairs expected;
  {
    child_process child([&](int pipe) {
      for (auto& [key, value] : scanned(*open(dir / "d/s")))
        child_process::tell(pipe, std::to_string(key.size()) + " " + std::to_string(value.size()) +
                                      " " + key + value);
    });
    const std::string all = child.hear_all();
    for (std::size_t at = 0; at < all.size();) {
      std::size_t key = 0, value = 0;
      int head = 0;
      REQUIRE(std::sscanf(all.c_str() + at, "%zu %zu %n", &key, &value, &head) == 2);
      at += static_cast<std::size_t>(head);
      expected.emplace_back(all.substr(at, key), all.substr(at + key, value));
      at += key + value;
    }
  }
  REQUIRE(expected.size() > 10);
  fresh();
  const std::string whole = bytes_of(dir / ("d/" + file));
  int refused = 0;
  for (std::size_t length : lengths_of(whole.size())) {
    CAPTURE(length);
    fresh();
    fs::resize_file(dir / ("d/" + file), length);
    const std::string found = look([&] { return open(dir / "d/s"); }, expected);
    CHECK_MESSAGE((found == "all" || found == "corrupt"), found);
    if (found != "corrupt") continue;
    ++refused;
    CHECK(bytes_of(dir / ("d/" + file)) == whole.substr(0, length));
  }
  return refused;
}

void fill_pages(stet::store& s) {
  auto value = [](int i, std::size_t bytes) {
    return std::string(bytes, static_cast<char>('a' + i % 26));
  };
  for (int i = 0; i < 60; ++i) {
    batch_of()
        .put("small" + std::to_string(i), value(i, 50))
        .put("again" + std::to_string(i % 7), value(i, 900))
        .commit_to(s);
    if (i % 6 == 0) put(s, "large" + std::to_string(i), value(i, 9000));
    if (i % 12 == 0) batch_of().erase("large" + std::to_string(i - 6)).commit_to(s);
  }
}

void die_with_log(const std::function<std::unique_ptr<stet::store>()>& open) {
  leave_open(open, [](stet::store& s) {
    fill_pages(s);
    for (int i = 0; i < 30; ++i) put(s, "logged" + std::to_string(i), std::string(200, 'x'));
  });
}

void check_turned_back(const std::string& path,
                       const std::function<bool(std::string& page)>& turn_back,
                       const std::function<std::unique_ptr<stet::store>()>& open) {
  auto all = bytes_of(path);
  int turned = 0;
  for (std::size_t at = 0; at + page_bytes <= all.size(); at += page_bytes) {
    auto page = all.substr(at, page_bytes);
    if (!turn_back(page)) continue;
    all.replace(at, page_bytes, page);
    ++turned;
  }
  REQUIRE(turned > 0);
  std::ofstream(path, std::ios::binary) << all;
  auto s = open();
  for (bool backward : {false, true}) {
    CAPTURE(backward);
    auto e = error_of([&] {
      int left = 1'000'000;
      stet::scan(*s, {"", "", backward}, [&](auto, auto) { return --left > 0; });
    });
    REQUIRE(e);
    CHECK(e->code() == stet::errc::corrupt);
    CHECK_MESSAGE(std::string(e->what()).find("out of order") != std::string::npos, e->what());
  }
}

}  // namespace stet_tests
