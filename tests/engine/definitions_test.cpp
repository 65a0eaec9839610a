// The workflows that a program has defined.
#include "engine/services/definitions.hpp"

#include <doctest/doctest.h>

#include <stet/error.hpp>

using namespace stet::detail;

namespace {

class nothing final : public definition {
 public:
  std::unique_ptr<root> begin(stet::context&, std::string_view) override { return nullptr; }
};
std::unique_ptr<definition> some_body() { return std::make_unique<nothing>(); }

}  // namespace

TEST_CASE("a workflow is found by its name and version, and new runs get what came last") {
  definitions d;
  CHECK(d.newest("pay") == nullptr);
  d.add("pay", "", some_body());
  d.add("pay", "2", some_body());
  d.add("pay", "1", some_body());
  CHECK(d.newest("pay")->version == "1");
  CHECK(d.find("pay", "2") != nullptr);
  CHECK(d.find("pay", "") != nullptr);
  CHECK(d.find("pay", "2") != d.find("pay", "1"));
  CHECK(d.find("pay", "3") == nullptr);
  CHECK(d.find("other", "") == nullptr);
}

TEST_CASE("a version is defined once, and what was refused changes nothing") {
  definitions d;
  d.add("pay", "2", some_body());
  d.add("pay", "", some_body());
  auto* before = d.find("pay", "2");
  CHECK_THROWS_WITH_AS(d.add("pay", "2", some_body()), doctest::Contains("'2'"), stet::error);
  CHECK_THROWS_WITH_AS(d.add("pay", "", some_body()), doctest::Contains("defined already"),
                       stet::error);
  CHECK(d.find("pay", "2") == before);
  CHECK(d.newest("pay")->version.empty());
}

TEST_CASE("a version has at most 64 bytes") {
  definitions d;
  d.add("pay", std::string(64, 'v'), some_body());
  CHECK_THROWS_WITH_AS(d.add("pay", std::string(65, 'v'), some_body()), doctest::Contains("65"),
                       stet::error);
}

TEST_CASE("it is told why a run can't be driven: what is missing, and what is there") {
  definitions d;
  CHECK(d.why_missing("pay", "").find("no workflow 'pay'") != std::string::npos);
  d.add("pay", "", some_body());
  d.add("pay", "2", some_body());
  auto why = d.why_missing("pay", "1");
  CHECK(why.find("version '1'") != std::string::npos);
  CHECK(why.find("none, '2'") != std::string::npos);
}
