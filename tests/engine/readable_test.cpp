// Records as texts for people.
#include "engine/calls/readable.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <stet/attributes.hpp>
#include <stet/codec.hpp>

#include "history/attributes.hpp"

using namespace stet::detail;

namespace {

/// Every kind that there is.
const std::vector<record_kind> every_kind = {
#define STET_KIND(kind, number, text, fields, meaning) record_kind::kind,
#define STET_FLAG(kind, flag, bit, meaning)
#define STET_FLAG_FIELD(kind, flag, bit, field, meaning)
#include "history/kinds.def"
};

constexpr engine_time event(1'764'057'600'000);  // 2025-11-25T08:00:00Z

template <class... A> std::string arguments(const A&... a) {
  std::string bytes;
  stet::encode(bytes, std::tuple<A...>(a...));
  return bytes;
}
const std::string payload = arguments(std::string("ann"), 7);

/// A record of this kind with something in each field.
record some(record_kind kind) {
  record r;
  r.kind = kind;
  r.run = run_number(3);
  r.command = command_number(2);
  r.related = run_number(9);
  r.number = 90'000;
  r.attempt = 4;
  r.name = "name";
  r.target = "id-7";
  r.payload = payload;
  r.error_type = "bank::refused";
  r.error_text = "no such account";
  return r;
}
std::string said(record_kind kind, const std::function<void(record&)>& change = [](record&) {}) {
  auto r = some(kind);
  change(r);
  return readable(r, event);
}

}  // namespace

TEST_CASE("every kind of record has a text that a person can read") {
  for (auto kind : every_kind) {
    CAPTURE(std::string(stet::to_text(kind)));
    for (unsigned flags = 0; flags < 256; ++flags) {
      auto text = said(kind, [&](record& r) { r.flags = static_cast<std::uint8_t>(flags); });
      bool is_packed = kind == record_kind::described && (flags & flag::described::attributes);
      if (!is_packed) CHECK_MESSAGE(text.find("invalid") == std::string::npos, text);
      CHECK_MESSAGE(text.find('\n') == std::string::npos, text);
    }
  }
}

TEST_CASE("what a record has stands in its text") {
  const std::map<record_kind, std::string> texts = {
      {record_kind::started, R"(["ann", 7]; child of run 9)"},
      {record_kind::step_done, R"(["ann", 7])"},
      {record_kind::step_failed, "bank::refused: no such account"},
      {record_kind::child_done, R"(["ann", 7])"},
      {record_kind::child_failed, "bank::refused: no such account"},
      {record_kind::terminated, ""},
      {record_kind::signal, R"(["ann", 7]; key 'id-7')"},
      {record_kind::update, R"(["ann", 7]; id 'id-7')"},
      {record_kind::promise_resolved, R"(["ann", 7])"},
      {record_kind::promise_rejected, "bank::refused: no such account"},
      {record_kind::message_done, R"(["ann", 7])"},
      {record_kind::message_failed, "bank::refused: no such account"},
      {record_kind::step, R"(["ann", 7])"},
      {record_kind::sleep, "1 min 30 s, until 2025-11-25T08:01:30.000Z"},
      {record_kind::child, R"(["ann", 7]; as 'id-7'; run 9)"},
      {record_kind::message, R"(["ann", 7]; to 'id-7')"},
      {record_kind::completed, R"(["ann", 7])"},
      {record_kind::failed, "bank::refused: no such account"},
      {record_kind::continued, R"(["ann", 7]; as run 9)"},
      {record_kind::update_done, R"(["ann", 7])"},
      {record_kind::update_failed, "bank::refused: no such account"},
      {record_kind::attempt, "attempt 4"},
      {record_kind::retry,
       "attempt 4: bank::refused: no such account; the next one begins at "
       "1970-01-01T00:01:30.000Z"},
      {record_kind::not_started, "attempt 4"},
      {record_kind::progress, R"(["ann", 7])"},
      {record_kind::suspect, "4 deaths of the process"},
      {record_kind::erased, "run 9"},
  };
  for (auto& [kind, text] : texts) {
    CAPTURE(std::string(stet::to_text(kind)));
    CHECK(said(kind) == text);
  }
}

TEST_CASE("attributes, memo and details are shown as what they are") {
  const auto changes = pack(stet::attribute_list{stet::attribute<std::string>("customer")("ann"),
                                                 stet::attribute<std::int64_t>("cents").unset()});
  std::string memo;
  stet::encode(memo, std::string("for ann"));
  auto described = [](std::uint8_t flag, std::string_view bytes) {
    return said(record_kind::described, [&](record& r) {
      r.flags = flag;
      r.payload = bytes;
    });
  };
  CHECK(described(flag::described::attributes, changes) ==
        "attributes: cents removed, customer = 'ann'");
  CHECK(described(flag::described::memo, memo) == R"(memo: "for ann")");
  CHECK(described(flag::described::details, "waits for\nann") == R"(details: waits for\nann)");
  CHECK(described(flag::described::attributes, "\x05x").find("can't be read") != std::string::npos);
  auto start = said(record_kind::started, [&](record& r) {
    const auto set = pack(stet::attribute_list{stet::attribute<std::string>("customer")("ann")});
    static std::string kept = set;
    r.related = no_run;
    r.attributes = kept;
    r.memo = memo;
    r.details = "new";
    r.begins_at = event;
    r.run_timeout = 3'600'000;
  });
  CHECK(start == R"(["ann", 7]; begins at 2025-11-25T08:00:00.000Z; may take 1 h; )"
                 R"(attributes: customer = 'ann'; memo: "for ann"; details: new)");
}

TEST_CASE("a sleep says how long it is, and until when") {
  auto sleeps = [](std::int64_t number, std::uint8_t flags) {
    return said(record_kind::sleep, [=](record& r) {
      r.number = number;
      r.flags = flags;
      r.late = 0;
    });
  };
  CHECK(sleeps(20, 0) == "20 ms, until 2025-11-25T08:00:00.020Z");
  CHECK(sleeps(event.value(), flag::sleep::absolute) == "until 2025-11-25T08:00:00.000Z");
  CHECK(length_text(0) == "0 ms");
  CHECK(length_text(-5) == "-5 ms");
  CHECK(length_text(90'061'001) == "1 d 1 h 1 min 1 s 1 ms");
}
