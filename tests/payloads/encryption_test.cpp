// Encryption: a payload opens with its key at its place, and is refused in every other case.
#include <stet/encryption.hpp>

#include <set>
#include <thread>

#include "tests/support/bytes.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

const stet::payload_place here{"default", "here"}, there{"default", "there"};
constexpr std::size_t limit = 1u << 20;
std::string key(char c) { return std::string(stet::encryption::key_bytes, c); }

}  // namespace

TEST_CASE("what is sealed opens with the key, at its place, and shows nothing") {
  stet::encryption e("k1", key('a'));
  auto sealed = *e.seal("attack at dawn", here);
  CHECK(sealed.find("attack") == std::string::npos);
  CHECK(sealed.substr(1, 2) == "k1");
  CHECK(e.open(sealed, here, limit) == "attack at dawn");
  CHECK(e.open(*e.seal("", here), here, limit).empty());
  CHECK(what_throws([&] { (void)e.open(sealed, there, limit); }).says("stood elsewhere"));
  CHECK(what_throws([&] { (void)e.open(sealed, here, 3); }).says("too long"));
  CHECK(!what_throws([&] { (void)e.open(sealed, there, limit); }).says("attack"));
}

TEST_CASE("every changed, lost or added byte is noticed [S220]") {
  stet::encryption e("k1", key('a'));
  auto sealed = *e.seal("attack at dawn", here);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ 1 << bit);
      CHECK(what_throws([&] { (void)e.open(changed, here, limit); }).thrown);
    }
    CHECK(what_throws([&] { (void)e.open(sealed.substr(0, i), here, limit); }).thrown);
  }
  CHECK(what_throws([&] { (void)e.open(sealed + "x", here, limit); }).thrown);
  STET_SAYS_SEED();
  random_source random;
  for (int i = 0; i < 2000; ++i) {
    auto damaged = random.damaged(sealed);
    if (damaged != sealed) CHECK(what_throws([&] { (void)e.open(damaged, here, limit); }).thrown);
  }
}

TEST_CASE("no two are alike") {
  stet::encryption e("k1", key('a'));
  std::set<std::string> all;
  for (int i = 0; i < 1000; ++i) all.insert(*e.seal("x", here));
  CHECK(all.size() == 1000);
  CHECK(stet::encryption::new_key() != stet::encryption::new_key());
  CHECK(stet::encryption::new_key().size() == stet::encryption::key_bytes);
}

TEST_CASE("keys rotate: the old ones read, the new one writes") {
  stet::encryption e("k1", key('a'));
  auto old = *e.seal("old", here);
  e.add_key("k2", key('b'));
  CHECK(e.seal("still", here)->substr(1, 2) == "k1");
  e.use_key("k2");
  auto fresh = *e.seal("new", here);
  CHECK(fresh.substr(1, 2) == "k2");
  CHECK(e.open(old, here, limit) == "old");
  CHECK(e.open(fresh, here, limit) == "new");

  stet::encryption later("k2", key('b'));
  CHECK(later.open(fresh, here, limit) == "new");
  CHECK(what_throws([&] { (void)later.open(old, here, limit); }).says("needs the key 'k1'"));
  later.add_key("k1", key('a'));
  CHECK(later.open(old, here, limit) == "old");
}

TEST_CASE("the same name with another key is refused, and so is a key that isn't one") {
  stet::encryption e("k1", key('a'));
  e.add_key("k1", key('a'));
  CHECK(what_throws([&] { e.add_key("k1", key('b')); }).code == stet::errc::conflict);
  CHECK(what_throws([&] { e.use_key("k9"); }).code == stet::errc::not_found);
  CHECK(what_throws([&] { e.add_key("k2", "short"); }).code == stet::errc::usage);
  CHECK(!what_throws([&] { e.add_key("k2", "short"); }).says("short"));
  CHECK(what_throws([&] { e.add_key("", key('b')); }).code == stet::errc::usage);
  CHECK(what_throws([&] { e.add_key(std::string(65, 'x'), key('b')); }).code == stet::errc::usage);
  stet::encryption other("k1", key('b'));
  auto sealed = *e.seal("x", here);
  CHECK(what_throws([&] { (void)other.open(sealed, here, limit); }).says("isn't the one"));
}

TEST_CASE("keys come while others seal and open") {
  stet::encryption e("k", key('a'));
  std::atomic<bool> stop{false};
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      while (!stop)
        if (e.open(*e.seal("x", here), here, limit) == "x") ++good;
    });
  for (int i = 0; i < 100; ++i) {
    e.add_key("k" + std::to_string(i), key(static_cast<char>(i)));
    e.use_key("k" + std::to_string(i));
  }
  while (good < 1000) std::this_thread::yield();
  stop = true;
  for (auto& t : threads) t.join();
  CHECK(good >= 1000);
}
