// Limits that belong to a run: those of its first record, not those of today's build.
#include "execution/limits.hpp"

#include <string>
#include <tuple>

#include <doctest/doctest.h>

#include <stet/stet.hpp>

#include "execution/execution.hpp"
#include "history/make.hpp"

using namespace stet::detail;

namespace {

stet::task<int> long_name(stet::context& ctx, int n) {
  co_return co_await ctx.step(std::string(static_cast<std::size_t>(n), 's'), [] { return 1; });
}

error_registry no_errors;

/// Starts a run with a step whose name has n bytes. Returns the records that it emitted.
std::string emitted(std::uint8_t flags, int n) {
  std::string arguments;
  stet::encode(arguments, std::tuple<int>(n));
  definition_of<stet::task<int> (*)(stet::context&, int), int, int> code(&long_name);
  execution e(code, no_errors, nullptr, run_number(1), "a");
  record start;
  start.kind = record_kind::started;
  start.run = run_number(1);
  start.flags = flags;
  start.name = "w";
  start.target = "a";
  start.payload = arguments;
  start.payload_limit = 1u << 20;
  drive_output out;
  CHECK_MESSAGE(e.deliver(start, out), e.problem());
  return out.records;
}
record_kind first_kind(const std::string& records) {
  source in(records);
  return decode_record(in).kind;
}

}  // namespace

TEST_CASE("a run that began without limits of names goes on without them") {
  CHECK(first_kind(emitted(0, 5000)) == record_kind::step);
  CHECK(first_kind(emitted(flag::started::limits_names, 1000)) == record_kind::step);
  CHECK(first_kind(emitted(flag::started::limits_names, 1001)) == record_kind::failed);
}

TEST_CASE("a name that is too long is named by its beginning") {
  try {
    check_name("the name of a step", std::string(1001, 's'));
    FAIL("it was accepted");
  } catch (const stet::error& e) {
    CHECK(e.code() == stet::errc::usage);
    std::string text = e.what();
    CHECK(text.find("1001 bytes") != std::string::npos);
    CHECK(text.find("at most 1000") != std::string::npos);
    CHECK(text.size() < 400);
  }
  payload_limit old(1000, false);
  CHECK_NOTHROW(check_name("the name of a step", std::string(5000, 's')));
}

TEST_CASE("a reason that is cut has no half of a character at its end") {
  CHECK(cut_reason("short") == "short");
  std::string long_one(reason_bytes_max - 1, 'x');
  CHECK(cut_reason(long_one + "\xc3\xa9") == long_one);
  CHECK(cut_reason(long_one + "yz") == long_one + "y");
  payload_limit old(1000, false);
  CHECK(cut_reason(long_one + "yz") == long_one + "yz");
}
