// libFuzzer's entry for filters: whatever the text is, it is refused as usage, or is a filter that
// every run passes or doesn't. Bytes are taken as they are, and as words of the grammar.
#include <array>

#include <stet/error.hpp>

#include "decoder_fuzz.hpp"
#include "history/attributes.hpp"
#include "index/filter.hpp"

using namespace stet::detail;

namespace {

constexpr std::array words = {"(",
                              ")",
                              "AND ",
                              "OR ",
                              "NOT ",
                              "WorkflowType",
                              "=",
                              "!=",
                              "<",
                              "<=",
                              ">",
                              ">=",
                              "BETWEEN ",
                              "IN ",
                              "STARTS_WITH ",
                              "IS ",
                              "NULL ",
                              "StartTime",
                              "CloseTime",
                              "ExecutionTime",
                              "ExecutionDuration",
                              "ExecutionStatus",
                              "WorkflowId",
                              "RunId",
                              "customer ",
                              "`odd name`",
                              "'ann'",
                              "'it''s'",
                              "'Running'",
                              "'2026-11-25T08:00:00Z'",
                              "'1h30m'",
                              "1",
                              "-9223372036854775808",
                              "1e308",
                              "0.5",
                              "true",
                              "false",
                              ",",
                              "'",
                              "\"",
                              "`",
                              " "};

run_state a_run() {
  run_state s;
  s.run = run_number(7);
  s.records = 12;
  s.id = "order-7";
  s.workflow = "pay";
  s.about = std::make_unique<description>();
  s.about->attributes = pack(attribute_map{{"customer", std::string("ann")},
                                           {"cents", std::int64_t{1000}},
                                           {"tags", std::vector<std::string>{"red", "blue"}}});
  return s;
}

void read(std::string_view text) {
  static const run_state open = a_run();
  try {
    const auto f = parse_filter(text);
    (void)passes(f, open);
    if (asks_kind_only(f)) (void)passes_kind(f, "pay", stet::status::failed);
  } catch (const stet::error& e) { require(e.code() == stet::errc::usage); }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read(view(data, size));
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += words[data[i] % words.size()];
  read(text);
  read(std::string(size * 200, '('));
  return 0;
}
