#include "index/filter.hpp"

#include <algorithm>
#include <charconv>
#include <compare>

#include "base/decimal.hpp"
#include "history/attributes.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr int depth_max = 100;
constexpr std::size_t filter_bytes_max = 64 << 10;
// Each value is looked up in an index, and compared with each run that is read.
constexpr std::size_t values_max = 1000;
constexpr std::int64_t ns_in_ms = 1'000'000;

// ---------------------------------------------------------------- words

struct token {
  enum class kind : std::uint8_t { end, word, name, text, number, sign };
  kind what = kind::end;
  std::string text;  // a word as written; a text or `name` without its quotes
  std::size_t at = 0;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}
std::string upper(std::string s) {
  for (char& c : s)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return s;
}

[[noreturn]] void refuse(std::string_view filter, std::size_t at, const std::string& why) {
  throw error(errc::usage, "filter",
              "the filter makes no sense at byte " + std::to_string(at) + ", where it says \"" +
                  std::string(filter.substr(std::min(at, filter.size()), 24)) + "\": " + why);
}

class lexer {
 public:
  explicit lexer(std::string_view text) : text_(text) {}
  token next() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    token t;
    t.at = at_;
    if (at_ == text_.size()) return t;
    char c = text_[at_];
    if (c == '\'' || c == '"' || c == '`') return quoted(c, t);
    if ((c >= '0' && c <= '9') || c == '-' || c == '+') return number(t);
    if (is_word(c)) {
      t.what = token::kind::word;
      while (at_ < text_.size() && is_word(text_[at_])) t.text.push_back(text_[at_++]);
      return t;
    }
    for (std::string_view sign : {"!=", "<>", ">=", "<=", "=", ">", "<", "(", ")", ","}) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      t.what = token::kind::sign;
      t.text = sign == "<>" ? "!=" : sign;
      at_ += sign.size();
      return t;
    }
    refuse(text_, at_, "this sign isn't one of a filter");
  }

 private:
  token quoted(char quote, token t) {
    t.what = quote == '`' ? token::kind::name : token::kind::text;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      bool next_is_quote = at_ + 1 < text_.size() && text_[at_ + 1] == quote;
      if (c == quote && !next_is_quote) {
        ++at_;
        return t;
      }
      if (c == quote) ++at_;  // doubled: means a quote
      else if (c == '\\' && at_ + 1 < text_.size()) c = text_[++at_];
      t.text.push_back(c);
    }
    refuse(text_, t.at, "a text begins here and doesn't end");
  }
  token number(token t) {
    t.what = token::kind::number;
    auto is_part = [](char c) {
      return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
    };
    while (at_ < text_.size() && is_part(text_[at_])) t.text.push_back(text_[at_++]);
    return t;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

// ---------------------------------------------------------------- sentences

class parser {
 public:
  explicit parser(std::string_view text) : text_(text), lexer_(text), token_(lexer_.next()) {}

  filter whole() {
    if (token_.what == token::kind::end) return {};
    auto f = either();
    if (token_.what != token::kind::end)
      refuse(text_, token_.at, "expected AND, OR or the end of the filter");
    return f;
  }

 private:
  filter either() {
    deeper here(*this);
    auto f = both();
    for (bool more = false; take_word("OR"); more = true)
      f = joined(filter::kind::either, std::move(f), both(), more);
    return f;
  }
  filter both() {
    auto f = one();
    for (bool more = false; take_word("AND"); more = true)
      f = joined(filter::kind::both, std::move(f), one(), more);
    return f;
  }
  filter one() {
    deeper here(*this);
    if (take_word("NOT")) return inverse(one());
    if (take_sign("(")) {
      auto f = either();
      if (!take_sign(")")) refuse(text_, token_.at, "expected a ')'");
      return f;
    }
    return compares();
  }
  filter compares() {
    if (token_.what != token::kind::word && token_.what != token::kind::name)
      refuse(text_, token_.at, "expected the name of an attribute, or `a name in back-ticks`");
    if (token_.what == token::kind::word)
      if (auto why = why_no_name(token_.text); !why.empty()) refuse(text_, token_.at, why);
    count();
    filter f;
    f.what = filter::kind::compares;
    f.attribute = token_.text;
    advance();
    bool negated = take_word("NOT");
    if (take_word("BETWEEN")) {
      f.how = comparison::between;
      f.values.push_back(value(f));
      if (!take_word("AND")) refuse(text_, token_.at, "expected AND and the end of the range");
      f.values.push_back(value(f));
    } else if (take_word("IN")) {
      f.how = comparison::in;
      if (!take_sign("(")) refuse(text_, token_.at, "expected a '(' and values");
      do {
        if (!f.values.empty()) count();
        f.values.push_back(value(f));
      } while (take_sign(","));
      if (!take_sign(")")) refuse(text_, token_.at, "expected ',' or ')'");
    } else if (take_word("STARTS_WITH")) {
      starts_with(f);
    } else if (!negated && take_word("IS")) {
      negated = take_word("NOT");
      if (!take_word("NULL")) refuse(text_, token_.at, "expected NULL");
      f.how = comparison::is_null;
    } else if (negated) {
      refuse(text_, token_.at, "expected IN, BETWEEN or STARTS_WITH after NOT");
    } else {
      f.how = sign();
      f.values.push_back(value(f));
    }
    return negated ? inverse(std::move(f)) : f;
  }
  void starts_with(filter& f) {
    f.how = comparison::starts_with;
    if (token_.what != token::kind::text) refuse(text_, token_.at, "expected a text in quotes");
    if (is_built_in(f.attribute) && !is_text(f.attribute))
      refuse(text_, token_.at, f.attribute + " is no text: STARTS_WITH isn't for it");
    f.values.emplace_back(token_.text);
    advance();
  }
  comparison sign() {
    static constexpr std::pair<std::string_view, comparison> signs[] = {
        {"=", comparison::equal},   {"!=", comparison::unequal},
        {"<", comparison::less},    {"<=", comparison::less_equal},
        {">", comparison::greater}, {">=", comparison::greater_equal}};
    for (auto& [text, how] : signs)
      if (take_sign(text)) return how;
    refuse(text_, token_.at,
           "expected =, !=, <, <=, >, >=, BETWEEN, IN, STARTS_WITH, IS NULL or IS NOT NULL");
  }

  literal value(const filter& f) {
    auto t = token_;
    literal v;
    if (t.what == token::kind::text) v = t.text;
    else if (t.what == token::kind::number) v = number(t);
    else if (t.what == token::kind::word && upper(t.text) == "TRUE") v = true;
    else if (t.what == token::kind::word && upper(t.text) == "FALSE") v = false;
    else refuse(text_, t.at, "expected a 'text', a number, true or false");
    advance();
    return is_built_in(f.attribute) ? of_built_in(f.attribute, v, t.at) : v;
  }
  literal number(const token& t) const {
    auto *begin = t.text.data() + (t.text[0] == '+'), *end = t.text.data() + t.text.size();
    std::int64_t n = 0;
    if (auto r = std::from_chars(begin, end, n); r.ec == std::errc() && r.ptr == end) return n;
    if (auto d = parse_decimal({begin, end})) return *d;
    refuse(text_, t.at, "this is no number");
  }
  literal of_built_in(const std::string& name, const literal& v, std::size_t at) const {
    auto* text = std::get_if<std::string>(&v);
    auto* n = std::get_if<std::int64_t>(&v);
    if (is_text(name)) {
      if (text) return *text;
      refuse(text_, at, name + " is compared with a text in quotes");
    }
    if (name == "ExecutionStatus") {
      if (auto s = text ? parse_status(*text) : std::nullopt) return static_cast<std::int64_t>(*s);
      refuse(text_, at,
             "ExecutionStatus is one of 'Running', 'Completed', 'Failed', 'Cancelled', "
             "'Terminated', 'Stalled', 'TimedOut', 'ContinuedAsNew'");
    }
    if (name == "StartTime" || name == "CloseTime") {
      if (auto t = text ? parse_time(*text) : std::nullopt) return *t;
      if (n) return *n / ns_in_ms;
      refuse(text_, at,
             name +
                 " is compared with a time such as '2026-11-25T08:00:00Z', or with "
                 "nanoseconds since 1970");
    }
    if (name == "ExecutionDuration") {
      if (auto d = text ? parse_duration(*text) : std::nullopt) return *d;
      if (n) return *n / ns_in_ms;
      refuse(text_, at,
             "ExecutionDuration is compared with a duration such as '1h30m', '250ms' or "
             "'08:00:00', or with nanoseconds");
    }
    if (n) return *n;
    refuse(text_, at, name + " is compared with a whole number");
  }

  static bool is_text(std::string_view built_in) {
    return built_in == "WorkflowId" || built_in == "WorkflowType" || built_in == "WorkflowVersion";
  }
  static filter inverse(filter f) {
    filter outer;
    outer.what = filter::kind::inverse;
    outer.parts.push_back(std::move(f));
    return outer;
  }
  /// Adds one more part to a chain of ANDs or ORs. The chain is one node, so that the tree is only
  /// as deep as the filter's nesting, and recursion over it, too.
  static filter joined(filter::kind how, filter first, filter next, bool is_chain) {
    filter outer;
    if (is_chain) {
      outer = std::move(first);
    } else {
      outer.what = how;
      outer.parts.push_back(std::move(first));
    }
    outer.parts.push_back(std::move(next));
    return outer;
  }
  void count() {
    if (++values_ > values_max)
      refuse(text_, token_.at,
             "a filter has at most " + std::to_string(values_max) +
                 " conditions and values: ask in parts, or set an attribute that says it in one");
  }
  void advance() { token_ = lexer_.next(); }
  bool take_word(std::string_view word) {
    if (token_.what != token::kind::word || upper(token_.text) != word) return false;
    advance();
    return true;
  }
  bool take_sign(std::string_view sign) {
    if (token_.what != token::kind::sign || token_.text != sign) return false;
    advance();
    return true;
  }
  struct deeper {
    explicit deeper(parser& p) : depth(p.depth_) {
      if (++depth > depth_max) refuse(p.text_, p.token_.at, "it nests too deep");
    }
    ~deeper() { --depth; }
    int& depth;
  };

  std::string_view text_;
  lexer lexer_;
  token token_;
  int depth_ = 0;
  std::size_t values_ = 0;
};

// ---------------------------------------------------------------- truth

using order = std::partial_ordering;

order compare_numbers(std::int64_t a, double b) {
  constexpr double two63 = 9223372036854775808.0;
  if (b >= two63) return order::less;
  if (b < -two63) return order::greater;
  auto whole = static_cast<std::int64_t>(b);
  if (a != whole) return a <=> whole;
  return 0.0 <=> b - static_cast<double>(whole);
}

/// Compares a run's value with a filter's. Returns unordered if they can't be compared.
order compare(const attribute_value& a, const literal& b) {
  auto* text = std::get_if<std::string>(&b);
  auto* n = std::get_if<std::int64_t>(&b);
  auto* d = std::get_if<double>(&b);
  if (auto* v = std::get_if<bool>(&a))
    return std::holds_alternative<bool>(b) ? order(*v <=> std::get<bool>(b)) : order::unordered;
  if (auto* v = std::get_if<std::int64_t>(&a))
    return n ? order(*v <=> *n) : d ? compare_numbers(*v, *d) : order::unordered;
  if (auto* v = std::get_if<double>(&a)) {
    if (d) return *v <=> *d;
    return n ? 0 <=> compare_numbers(*n, *v) : order::unordered;
  }
  if (auto* v = std::get_if<time_point>(&a)) {
    auto t = text ? parse_time(*text) : n ? std::optional(*n / ns_in_ms) : std::nullopt;
    return t ? order(v->time_since_epoch().count() <=> *t) : order::unordered;
  }
  if (auto* v = std::get_if<std::string>(&a))
    return text ? order(v->compare(*text) <=> 0) : order::unordered;
  return order::unordered;
}

bool holds(const filter& f, const attribute_value& v) {
  if (auto* all = std::get_if<std::vector<std::string>>(&v)) {  // one of them suffices
    if (f.how == comparison::unequal)
      return std::none_of(all->begin(), all->end(),
                          [&](auto& one) { return compare(one, f.values[0]) == 0; });
    return std::any_of(all->begin(), all->end(), [&](auto& one) { return holds(f, one); });
  }
  auto to = [&](std::size_t i) { return compare(v, f.values[i]); };
  switch (f.how) {
    case comparison::equal: return to(0) == 0;
    case comparison::unequal: return to(0) != 0;
    case comparison::less: return to(0) < 0;
    case comparison::less_equal: return to(0) <= 0;
    case comparison::greater: return to(0) > 0;
    case comparison::greater_equal: return to(0) >= 0;
    case comparison::between: return to(0) >= 0 && to(1) <= 0;
    case comparison::in:
      return std::any_of(f.values.begin(), f.values.end(),
                         [&](auto& one) { return compare(v, one) == 0; });
    case comparison::starts_with: {
      auto* text = std::get_if<std::string>(&v);
      return text && text->starts_with(std::get<std::string>(f.values[0]));
    }
    case comparison::is_null: return false;
  }
  return false;
}

/// A run with the attributes that a filter compares.
class row {
 public:
  explicit row(const run_state& s) : state_(s) {}
  /// Returns null if the run has no such attribute.
  const attribute_value* value(const std::string& name) {
    if (!unpacked_ && state_.about) own_ = unpack_attributes(state_.about->attributes);
    unpacked_ = true;
    auto& all = is_built_in(name) ? built_in_ : own_;
    auto found = all.find(name);
    if (found == all.end() && &all == &built_in_)
      if (auto v = built_in(name)) found = all.emplace(name, *std::move(v)).first;
    return found == all.end() ? nullptr : &found->second;
  }

 private:
  std::optional<attribute_value> built_in(const std::string& name) const {
    auto& s = state_;
    if (name == "WorkflowId") return s.id;
    if (name == "WorkflowType") return s.workflow;
    if (name == "WorkflowVersion") return s.version;
    if (name == "ExecutionStatus") return static_cast<std::int64_t>(s.shown_status());
    if (name == "StartTime") return s.started.value();
    if (name == "RunId") return static_cast<std::int64_t>(s.run.value());
    if (name == "HistoryLength") return static_cast<std::int64_t>(s.records);
    if (s.open()) return std::nullopt;
    return name == "CloseTime" ? s.closed().value() : s.closed() - s.started;
  }
  const run_state& state_;
  bool unpacked_ = false;
  attribute_map own_, built_in_;  // built_in_: those that were asked for
};

template <class Value> bool passes_with(const filter& f, Value value) {
  switch (f.what) {
    case filter::kind::everything: return true;
    case filter::kind::both:
      return std::all_of(f.parts.begin(), f.parts.end(),
                         [&](auto& part) { return passes_with(part, value); });
    case filter::kind::either:
      return std::any_of(f.parts.begin(), f.parts.end(),
                         [&](auto& part) { return passes_with(part, value); });
    case filter::kind::inverse: return !passes_with(f.parts[0], value);
    case filter::kind::compares: break;
  }
  const attribute_value* v = value(f.attribute);
  if (!v) return f.how == comparison::is_null || f.how == comparison::unequal;
  return holds(f, *v);
}

}  // namespace

filter parse_filter(std::string_view text) {
  if (text.size() > filter_bytes_max)
    throw error(errc::usage, "filter",
                "a filter has at most " + std::to_string(filter_bytes_max) + " bytes, this one " +
                    std::to_string(text.size()));
  return parser(text).whole();
}

bool passes(const filter& f, const run_state& s) {
  row r(s);
  return passes_with(f, [&](const std::string& name) { return r.value(name); });
}

bool asks_kind_only(const filter& f) {
  if (f.what == filter::kind::compares)
    return f.attribute == "WorkflowType" || f.attribute == "ExecutionStatus";
  return std::all_of(f.parts.begin(), f.parts.end(), asks_kind_only);
}

bool passes_kind(const filter& f, std::string_view workflow, v0::status s) {
  const attribute_value type = std::string(workflow), status = static_cast<std::int64_t>(s);
  return passes_with(
      f, [&](const std::string& name) { return name == "WorkflowType" ? &type : &status; });
}

}  // namespace detail
}}  // namespace stet::v0
