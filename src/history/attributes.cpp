#include "history/attributes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

#include <stet/error.hpp>

#include "base/shown.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

using type = attribute_setting::type;

constexpr std::string_view built_in[] = {"WorkflowId",        "WorkflowType",  "ExecutionStatus",
                                         "StartTime",         "CloseTime",     "RunId",
                                         "ExecutionDuration", "HistoryLength", "WorkflowVersion"};

void put(std::string& out, std::string_view name, type t) {
  put_text(out, name);
  put_byte(out, static_cast<std::uint8_t>(t));
}

struct packer {
  std::string& out;
  std::string_view name;
  void operator()(bool v) const {
    put(out, name, type::boolean);
    put_byte(out, v);
  }
  void operator()(std::int64_t v) const {
    put(out, name, type::integer);
    put_signed(out, v);
  }
  void operator()(double v) const {
    put(out, name, type::real);
    put_big_endian(out, std::bit_cast<std::uint64_t>(v));
  }
  void operator()(time_point v) const {
    put(out, name, type::time);
    put_signed(out, v.time_since_epoch().count());
  }
  void operator()(std::string_view v) const {
    put(out, name, type::keyword);
    put_text(out, v);
  }
  void operator()(const std::vector<std::string>& v) const {
    put(out, name, type::keywords);
    put_varint(out, v.size());
    for (auto& one : v) put_text(out, one);
  }
};

[[noreturn]] void refuse(std::string_view name, const std::string& why) {
  throw error(errc::usage, name, "the search attribute " + shown(name) + " " + why);
}
void check_keyword(std::string_view name, std::string_view v) {
  if (v.size() > keyword_bytes_max)
    refuse(name, "has a value of " + std::to_string(v.size()) + " bytes, and at most " +
                     std::to_string(keyword_bytes_max) + " are allowed: use a memo for long texts");
}

void pack_setting(std::string& out, const attribute_setting& s) {
  if (s.name().empty()) throw error(errc::usage, "attributes", "a search attribute has no name");
  if (is_built_in(s.name())) refuse(s.name(), "is a built-in one: the engine sets it");
  packer p{out, s.name()};
  switch (s.what()) {
    case type::none: return put(out, s.name(), type::none);
    case type::boolean: return p(s.integer() != 0);
    case type::integer: return p(s.integer());
    case type::real:
      if (std::isnan(s.real())) refuse(s.name(), "must be a number, and is NaN");
      return p(s.real());
    case type::time: return p(time_point(duration(s.integer())));
    case type::keyword: check_keyword(s.name(), s.keyword()); return p(s.keyword());
    case type::keywords:
      if (s.keywords().size() > keywords_count_max)
        refuse(s.name(), "has " + std::to_string(s.keywords().size()) + " keywords, and at most " +
                             std::to_string(keywords_count_max) + " are allowed");
      for (auto& k : s.keywords()) check_keyword(s.name(), k);
      return p(s.keywords());
  }
}

attribute_value take_value(source& in, type t) {
  switch (t) {
    case type::boolean: return in.byte() != 0;
    case type::integer: return in.signed_varint();
    case type::real: return std::bit_cast<double>(in.big_endian());
    case type::time: return time_point(duration(in.signed_varint()));
    case type::keyword: return std::string(in.text());
    case type::keywords: {
      std::vector<std::string> all;
      for (auto n = in.varint(); n > 0; --n) all.emplace_back(in.text());
      return all;
    }
    default: throw malformed("a search attribute is of an unknown type");
  }
}

/// Calls `f(name, type, in)` for each attribute, in order; `f` takes the value from `in`.
template <class F> void each(std::string_view packed, F f) {
  for (source in(packed); !in.done();) {
    auto name = in.text();
    f(name, static_cast<type>(in.byte()), in);
  }
}

}  // namespace

void check_memo(std::string_view of, std::size_t size_bytes) {
  if (size_bytes > memo_bytes_max)
    throw error(errc::usage, of,
                "a memo has at most " + std::to_string(memo_bytes_max) + " bytes, this one has " +
                    std::to_string(size_bytes));
}

bool is_built_in(std::string_view name) noexcept {
  return std::find(std::begin(built_in), std::end(built_in), name) != std::end(built_in);
}

std::span<const std::string_view> built_in_names() noexcept { return built_in; }

std::string pack(const attribute_list& all) {
  std::map<std::string_view, const attribute_setting*> by_name;
  for (auto& s : all) by_name[s.name()] = &s;
  std::string out;
  for (auto& [name, s] : by_name) pack_setting(out, *s);
  return out;
}

std::string pack(const attribute_map& all) {
  std::string out;
  for (auto& [name, value] : all) std::visit(packer{out, name}, value);
  return out;
}

attribute_map unpack_attributes(std::string_view packed) {
  attribute_map all;
  each(packed, [&](std::string_view name, type t, source& in) {
    all.insert_or_assign(std::string(name), take_value(in, t));
  });
  return all;
}

std::string merge(std::string_view packed, std::string_view changes) {
  auto all = unpack_attributes(packed);
  each(changes, [&](std::string_view name, type t, source& in) {
    if (t == type::none) all.erase(std::string(name));
    else all.insert_or_assign(std::string(name), take_value(in, t));
  });
  return pack(all);
}

std::string changes_text(std::string_view packed) {
  std::string text;
  each(packed, [&](std::string_view name, type t, source& in) {
    text += (text.empty() ? "" : ", ") + std::string(name);
    text += t == type::none ? " removed" : " = " + to_text(take_value(in, t));
  });
  return on_one_line(text);
}

std::string changed_names(std::string_view packed) {
  std::string text;
  each(packed, [&](std::string_view name, type t, source& in) {
    text += (text.empty() ? "" : ", ") + shown(name);
    if (t != type::none) (void)take_value(in, t);
  });
  return text;
}

std::string to_text(time_point t) {
  using namespace std::chrono;
  auto day = floor<days>(t);
  year_month_day date(day);
  hh_mm_ss clock(t - day);
  char text[64];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

std::string to_text(const attribute_value& v) {
  struct printer {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(double d) const {
      char text[32];
      std::snprintf(text, sizeof text, "%.17g", d);
      return text;
    }
    std::string operator()(time_point t) const { return to_text(t); }
    std::string operator()(const std::string& s) const { return "'" + s + "'"; }
    std::string operator()(const std::vector<std::string>& all) const {
      std::string s = "[";
      for (auto& one : all) s += (s.size() > 1 ? ", '" : "'") + one + "'";
      return s + "]";
    }
  };
  return std::visit(printer{}, v);
}

}  // namespace detail

void attribute_list::throw_too_many() {
  throw error(errc::usage, "attributes",
              "at most " + std::to_string(count_max) +
                  " search attributes are set at once: set further ones by "
                  "context::set_attributes");
}

}}  // namespace stet::v0
