// The pipeline itself: which fields are sealed, and where a sealed field opens.
#include "payloads/payloads.hpp"

#include "tests/support/sample_records.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;
using namespace stet::detail;

namespace {

/// Changes every byte and adds the payload's place. The result opens at no other place.
class turning final : public stet::payload_transform {
 public:
  explicit turning(std::string name, bool required = false)
      : name_(std::move(name)), required_(required) {}
  std::string_view name() const noexcept override { return name_; }
  bool is_required() const noexcept override { return required_; }
  std::optional<std::string> seal(std::string_view plain, const stet::payload_place& p) override {
    if (plain == "left alone") return std::nullopt;
    std::string s;
    put_text(s, p.binding);
    for (char c : plain) s.push_back(static_cast<char>(c ^ 0x55));
    return s;
  }
  std::string open(std::string_view sealed, const stet::payload_place& p, std::size_t) override {
    source in(sealed);
    if (in.text() != p.binding) throw std::runtime_error("it stood elsewhere");
    std::string s;
    for (char c : in.rest()) s.push_back(static_cast<char>(c ^ 0x55));
    return s;
  }

 private:
  std::string name_;
  bool required_;
};

std::shared_ptr<turning> turn(std::string name, bool required = false) {
  return std::make_shared<turning>(std::move(name), required);
}
const payload_owner owner{run_number(7), {1, 2}, "default", "seven"};

std::string bytes_of(const record& r) {
  std::string b;
  encode(b, r);
  return b;
}

}  // namespace

TEST_CASE("every record opens to what it was, whatever the transforms, and nothing of it shows") {
  STET_SAYS_SEED();
  random_source random;
  for (auto& list : {transform_list{}, transform_list{turn("a")}, {turn("a"), turn("b")}}) {
    payloads p(list);
    record_maker maker(random);
    for (auto kind : all_kinds) {
      for (int i = 0; i < 50; ++i) {
        auto r = maker.make(kind);
        if (kind == record_kind::described)
          r.flags = i % 2 ? flag::described::memo : flag::described::details;
        auto plain = bytes_of(r);
        kept_texts sealed, opened;
        p.seal(r, owner, 3, sealed);
        CHECK((list.empty() || r.payload.empty() || r.payload.front() == '\xff'));
        p.open(r, owner, 3, opened);
        // The test also fills fields that the kind doesn't have. They are changed too, but not
        // written.
        source was(plain);
        auto back = bytes_of(r);
        source once(back);
        CHECK(bytes_of(decode_record(once)).substr(1) == bytes_of(decode_record(was)).substr(1));
      }
    }
  }
}

TEST_CASE("a payload opens where it was sealed, and nowhere else") {
  payloads p({turn("a")});
  record r;
  r.kind = record_kind::step_done;
  r.command = command_number(4);
  r.payload = "secret";
  kept_texts kept;
  p.seal(r, owner, 9, kept);
  auto stored = std::string(r.payload);
  payload_key here{record_kind::step_done, payload_field::payload, command_number(4), 0};
  CHECK(p.open(stored, owner, here) == "secret");

  auto elsewhere = [&](const payload_owner& of, payload_key k) {
    auto e = what_throws([&] { (void)p.open(stored, of, k); });
    CHECK(e.code == stet::errc::payload);
    CHECK(e.says("stood elsewhere"));
    CHECK(!e.says("secret"));
    return e;
  };
  auto e = elsewhere(owner, {record_kind::step_done, payload_field::payload, command_number(5), 0});
  CHECK(e.says("command 5"));
  CHECK(e.says("'seven' (7)"));
  elsewhere(owner, {record_kind::child_done, payload_field::payload, command_number(4), 0});
  elsewhere(owner, {record_kind::step_done, payload_field::error_text, command_number(4), 0});
  elsewhere({run_number(8), {1, 2}, "default", "eight"}, here);
  elsewhere({run_number(7), {1, 3}, "default", "of another store"}, here);
}

TEST_CASE("signals and updates are known by their place in the history") {
  payloads p({turn("a")});
  for (auto kind : {record_kind::signal, record_kind::update}) {
    record r;
    r.kind = kind;
    r.payload = "one";
    kept_texts kept, opened;
    p.seal(r, owner, 5, kept);
    CHECK(what_throws([&] { p.open(r, owner, 6, opened); }).says("stood elsewhere"));
    p.open(r, owner, 5, opened);
    CHECK(r.payload == "one");
  }
}

TEST_CASE("what begins like something sealed, and isn't, comes back as it was") {
  payloads p({});
  record r;
  r.kind = record_kind::terminated;
  r.name = "\xff\x05what, no UTF-8";
  auto plain = std::string(r.name);
  kept_texts kept, opened;
  CHECK(!p.leaves_alone(bytes_of(r)));
  p.seal(r, owner, 1, kept);
  CHECK(r.name != plain);
  p.open(r, owner, 1, opened);
  CHECK(r.name == plain);
}

TEST_CASE("a transform that isn't there is named; one that is required refuses what is plain") {
  payloads with({turn("rot"), turn("b")});
  payload_key k{record_kind::completed, payload_field::payload, command_number(0), 0};
  record r;
  r.kind = record_kind::completed;
  r.payload = "secret";
  kept_texts kept;
  with.seal(r, owner, 1, kept);
  payloads half({turn("b")}), none({});
  CHECK(what_throws([&] { (void)half.open(r.payload, owner, k); }).says("'rot'"));
  CHECK(what_throws([&] { (void)none.open(r.payload, owner, k); }).says("'b'"));
  CHECK(none.show(r.payload, owner, k).starts_with("["));

  payloads strict({turn("rot", true), turn("b")});
  CHECK(strict.open(r.payload, owner, k) == "secret");
  CHECK(what_throws([&] { (void)strict.open("plain", owner, k); }).says("requires"));
  CHECK(with.open("plain", owner, k) == "plain");
  CHECK(strict.open("", owner, k).empty());
  std::string history;
  encode(history, [] {
    record plain;
    plain.kind = record_kind::completed;
    plain.payload = "plain";
    return plain;
  }());
  CHECK(what_throws([&] { strict.open_for_replay(history, owner); }).says("requires"));
}

TEST_CASE("one that leaves a payload alone leaves it to the next") {
  payloads p({turn("a")});
  record r;
  r.kind = record_kind::completed;
  r.payload = "left alone";
  kept_texts kept;
  p.seal(r, owner, 1, kept);
  CHECK(r.payload == "left alone");
}

TEST_CASE("a value of a table is bound to its key") {
  payloads p({turn("a")});
  auto stored = p.seal_entry("secret", "default", "key one");
  CHECK(p.open_entry(stored, "default", "key one") == "secret");
  CHECK(what_throws([&] {
          (void)p.open_entry(stored, "default", "key two");
        }).says("stood elsewhere"));
}

TEST_CASE("transforms that can't be told apart are refused") {
  auto refused = [](transform_list list) {
    auto e = what_throws([&] { payloads p(list); });
    CHECK(e.code == stet::errc::usage);
    return e.thrown;
  };
  CHECK(refused({nullptr}));
  CHECK(refused({turn("")}));
  CHECK(refused({turn(std::string(33, 'x'))}));
  CHECK(refused({turn("a"), turn("b"), turn("a")}));
}

TEST_CASE("layers of layers end") {
  payloads p({turn("a")});
  std::string inner = "x";
  payload_key k{record_kind::completed, payload_field::payload, command_number(0), 0};
  for (int i = 0; i < 100; ++i) {
    record r;
    r.kind = record_kind::completed;
    r.payload = inner;
    kept_texts kept;
    // A forger would seal it like this: without the escape.
    p.seal(r, owner, 1, kept);
    inner = p.open(r.payload, owner, k);
  }
  CHECK(inner == "x");
  std::string forged = "x";
  turning t("a");
  std::string binding;
  class catching final : public stet::payload_transform {
   public:
    explicit catching(std::string& b) : b_(b) {}
    std::string_view name() const noexcept override { return "catching"; }
    std::optional<std::string> seal(std::string_view, const stet::payload_place& w) override {
      b_ = w.binding;
      return std::nullopt;
    }
    std::string open(std::string_view s, const stet::payload_place&, std::size_t) override {
      return std::string(s);
    }
    std::string& b_;
  };
  payloads c({std::make_shared<catching>(binding)});
  record r;
  r.kind = record_kind::completed;
  r.payload = "x";
  kept_texts kept;
  c.seal(r, owner, 1, kept);
  for (int i = 0; i < 40; ++i) {
    std::string next(1, '\xff');
    put_text(next, "a");
    next += *t.seal(forged, {"default", binding});
    forged = next;
  }
  CHECK(what_throws([&] { (void)p.open(forged, owner, k); }).says("too often"));
}
