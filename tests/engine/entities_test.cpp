// Which ids are those of entities.
#include "engine/drive/entities.hpp"

#include "carts.hpp"

using namespace stet_tests;

namespace {

/// The answer of an entity that was never called; empty if there is none.
std::string as_new(parts& p, std::string_view id, std::string_view query) {
  std::string out;
  auto none = bytes_of(std::tuple<>{});
  bool answered = p->drive.entities.answer_as_new({0, "default", id}, query, none, out);
  CHECK(answered == !out.empty());
  return out;
}

}  // namespace

TEST_CASE("an id is an entity's if what stands before the slash is one") {
  parts p;
  define_cart(p);
  auto& e = p->drive.entities;
  CHECK(e.find("cart/ann") != nullptr);
  CHECK(e.find("cart/a/b") != nullptr);
  CHECK(e.find("cart") == nullptr);
  CHECK(e.find("other/ann") == nullptr);
  CHECK(e.find("sleeper/ann") == nullptr);  // it is a workflow
  CHECK(e.find("") == nullptr);
}

TEST_CASE("an entity that was never called answers as a new one, and one that was doesn't") {
  parts p;
  define_cart(p);
  CHECK(as_new(p, "cart/ann", "sum") == bytes_of(0));
  CHECK(as_new(p, "cart/ann", "other").empty());
  CHECK(as_new(p, "other", "sum").empty());
  auto r = p.start("cart/ann");  // any run with the id will do
  CHECK(as_new(p, "cart/ann", "sum").empty());
}

TEST_CASE("the state of an entity that failed isn't replaced by a new one") {
  parts p;
  define_cart(p);
  auto ann = p.start("cart/ann"), other = p.start("other");
  auto& e = p->drive.entities;
  e.must_not_have_failed(*ann);
  ann->state.status = other->state.status = stet::status::failed;
  CHECK_THROWS_WITH_AS(e.must_not_have_failed(*ann), doctest::Contains("'cart/ann' has failed"),
                       stet::error);
  e.must_not_have_failed(*other);
  ann->state.status = stet::status::completed;
  e.must_not_have_failed(*ann);
}

TEST_CASE("an open entity can't be asked to end, and others can") {
  parts p;
  define_cart(p);
  auto ann = p.start("cart/ann", "cart", 1), other = p.start("cart/bob");
  auto& e = p->drive.entities;
  auto why = e.why_not_cancelled(ann->state);
  CHECK(why.find("'cart/ann' is an entity") != std::string::npos);
  CHECK(e.why_not_cancelled(other->state).empty());  // a sleeper under the id of one
  ann->state.status = stet::status::terminated;
  CHECK(e.why_not_cancelled(ann->state).empty());
}
