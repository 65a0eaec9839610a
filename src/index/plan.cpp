#include "index/plan.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

using stream = std::unique_ptr<run_stream>;
using streams = std::vector<stream>;

/// The entries with one value. Their keys are in the order of their runs.
class one_value final : public run_stream {
 public:
  one_value(store& s, std::string prefix) : store_(s), prefix_(std::move(prefix)) {}
  /// Reads the first entries: of many values that is the most of the work.
  bool prepare() override {
    if (!is_begun_) fetch(run_number::max());
    return true;
  }
  run_number at_or_below(run_number run) override {
    while (!found_.empty() && found_.front() > run) found_.pop_front();
    if (found_.empty() && !done_) fetch(run);
    return found_.empty() ? no_run : found_.front();
  }

 private:
  void fetch(run_number run) {
    is_begun_ = true;
    auto to = prefix_;
    put_big_endian(to, run.value());
    to.push_back('\0');  // past the run itself
    auto count = batch_;
    scan(store_, {prefix_, to, true}, [&](std::string_view key, std::string_view) {
      found_.push_back(keys::last_run(key));
      return --count > 0;
    });
    done_ = count > 0;
    batch_ = std::min<std::size_t>(batch_ * 4, 1024);
  }
  store& store_;
  std::string prefix_;
  std::deque<run_number> found_;
  std::size_t batch_ = 8;
  bool is_begun_ = false, done_ = false;
};

class any_of final : public run_stream {
 public:
  explicit any_of(streams parts) : parts_(std::move(parts)) {}
  bool prepare() override {
    std::size_t budget = 100;  // each part may look at an index
    for (; ready_ < parts_.size(); ++ready_)
      if (budget-- == 0 || !parts_[ready_]->prepare()) return false;
    return true;
  }
  bool exact() const noexcept override {
    return std::all_of(parts_.begin(), parts_.end(), [](auto& p) { return p->exact(); });
  }
  run_number at_or_below(run_number run) override {
    run_number highest;
    for (auto& p : parts_) highest = std::max(highest, p->at_or_below(run));
    return highest;
  }

 private:
  streams parts_;
  std::size_t ready_ = 0;  // parts before this one are prepared
};

class all_of final : public run_stream {
 public:
  all_of(streams parts, bool exact) : parts_(std::move(parts)), exact_(exact) {}
  bool prepare() override {
    return std::all_of(parts_.begin(), parts_.end(), [](auto& p) { return p->prepare(); });
  }
  bool exact() const noexcept override {
    return exact_ && std::all_of(parts_.begin(), parts_.end(), [](auto& p) { return p->exact(); });
  }
  run_number at_or_below(run_number run) override {
    for (;;) {
      auto lowest = run;
      for (auto& p : parts_) {
        lowest = p->at_or_below(lowest);
        if (!lowest) return {};
      }
      if (lowest == run) return run;
      run = lowest;
    }
  }

 private:
  streams parts_;
  bool exact_;
};

/// The entries in ranges of keys. If they aren't too many, prepare() sorts them by run.
class ranges final : public run_stream {
 public:
  struct range {
    std::string from, to;
  };
  ranges(store& s, std::vector<range> all, bool exact, std::size_t max, stream everything)
      : store_(s),
        left_(all.begin(), all.end()),
        exact_(exact),
        max_(max),
        everything_(std::move(everything)) {}

  bool prepare() override {
    if (is_sorted_) return true;
    std::size_t budget = 20'000;
    while (!left_.empty() && budget > 0 && runs_.size() <= max_) take_from(left_.front(), budget);
    if (runs_.size() > max_) {
      too_many_ = true;
      left_.clear();
      runs_.clear();
    }
    if (!left_.empty()) return false;
    std::sort(runs_.begin(), runs_.end(), std::greater<>());
    runs_.erase(std::unique(runs_.begin(), runs_.end()), runs_.end());
    is_sorted_ = true;
    return true;
  }
  bool exact() const noexcept override { return exact_ && !too_many_; }
  run_number at_or_below(run_number run) override {
    if (too_many_) return everything_->at_or_below(run);
    auto at = std::lower_bound(runs_.begin() + next_, runs_.end(), run, std::greater<>());
    next_ = at - runs_.begin();
    return at == runs_.end() ? no_run : *at;
  }

 private:
  void take_from(range& r, std::size_t& budget) {
    std::string last;
    scan(store_, {r.from, r.to}, [&](std::string_view key, std::string_view) {
      runs_.push_back(keys::last_run(key));
      if (--budget > 0) return true;
      last = key;
      return false;
    });
    if (last.empty()) left_.pop_front();
    else r.from = last + '\0';
  }
  store& store_;
  std::deque<range> left_;
  std::vector<run_number> runs_;  // highest first
  std::ptrdiff_t next_ = 0;
  bool exact_, too_many_ = false, is_sorted_ = false;
  std::size_t max_;
  stream everything_;
};

// ---------------------------------------------------------------- from a filter

class planner {
 public:
  planner(store& s, std::string_view name_space, const run_counters& kinds, std::size_t sort_max)
      : store_(s), name_space_(name_space), kinds_(kinds), sort_max_(sort_max) {}

  stream whole(const filter& f) {
    auto s = plan(f);
    if (s) return s;
    streams one;
    one.push_back(everything());
    return std::make_unique<all_of>(std::move(one), false);
  }

 private:
  /// Returns null if the indexes can't answer.
  stream plan(const filter& f) {
    if (asks_kind_only(f)) return kinds_that_pass(f);
    if (f.what == filter::kind::both) return both(f);
    if (f.what == filter::kind::either) {
      streams parts;
      for (auto& part : f.parts)
        if (auto s = plan(part)) parts.push_back(std::move(s));
        else return nullptr;
      return std::make_unique<any_of>(std::move(parts));
    }
    return f.what == filter::kind::compares ? compares(f) : nullptr;
  }

  /// A range is sorted only if no part of the filter names values, which leave few runs already.
  stream both(const filter& f) {
    std::vector<const filter*> all;
    flatten(f, all);
    bool has_value = std::any_of(all.begin(), all.end(), [&](auto* p) { return names_values(*p); });
    streams parts;
    bool exact = true;
    for (auto* p : all) {
      auto s = has_value && is_range(*p) ? nullptr : plan(*p);
      if (s) parts.push_back(std::move(s));
      else exact = false;
    }
    if (parts.empty()) return nullptr;
    return std::make_unique<all_of>(std::move(parts), exact);
  }
  static void flatten(const filter& f, std::vector<const filter*>& all) {
    if (f.what != filter::kind::both) return all.push_back(&f);
    for (auto& p : f.parts) flatten(p, all);
  }
  static bool names_values(const filter& f) {
    return f.what == filter::kind::compares && !asks_kind_only(f) &&
           (f.how == comparison::equal || f.how == comparison::in) &&
           (f.attribute == "WorkflowId" || !is_built_in(f.attribute));
  }
  static bool is_range(const filter& f) {
    return f.what == filter::kind::compares && !asks_kind_only(f) && !names_values(f);
  }

  stream kinds_that_pass(const filter& f) {
    streams parts;
    for (auto& [key, n] : kinds_.all()) {
      auto& [name_space, workflow, status] = key;
      if (name_space != name_space_ || !passes_kind(f, workflow, status)) continue;
      parts.push_back(value_of(by_kind, ordered_kind(workflow, status)));
    }
    return std::make_unique<any_of>(std::move(parts));
  }
  stream everything() { return kinds_that_pass({}); }
  stream value_of(std::string_view attribute, std::string_view value) {
    return std::make_unique<one_value>(store_,
                                       keys::index_prefix(name_space_, attribute).append(value));
  }

  stream compares(const filter& f) {
    if (f.attribute == "WorkflowId") return of_ids(f);
    if (f.attribute == "StartTime") return of_times(f, by_start);
    if (f.attribute == "CloseTime") return of_times(f, by_end);
    if (is_built_in(f.attribute)) return nullptr;
    switch (f.how) {
      case comparison::equal:
      case comparison::in: return of_values(f);
      case comparison::unequal:
      case comparison::is_null: return nullptr;
      case comparison::starts_with: {
        std::string_view text = std::get<std::string>(f.values[0]);
        auto from = ordered_prefix(text.substr(0, keyword_indexed_max));
        return sorted(f.attribute, {{from, keys::end_of(from)}},
                      text.size() <= keyword_indexed_max);
      }
      default: return of_range(f);
    }
  }

  /// Finds an attribute with one of several values. A text may also be a time, and a number may be
  /// of either type.
  stream of_values(const filter& f) {
    streams parts;
    bool exact = true;
    for (auto& v : f.values)
      for (auto& bytes : forms_of(v, exact)) parts.push_back(value_of(f.attribute, bytes));
    streams whole;
    whole.push_back(std::make_unique<any_of>(std::move(parts)));
    return std::make_unique<all_of>(std::move(whole), exact);
  }
  static std::vector<std::string> forms_of(const literal& v, bool& exact) {
    if (auto* b = std::get_if<bool>(&v)) return {ordered(*b)};
    if (auto* d = std::get_if<double>(&v)) {
      std::vector<std::string> forms{ordered(*d)};
      if (std::abs(*d) < 9e18 && *d == std::trunc(*d))
        forms.push_back(ordered(static_cast<std::int64_t>(*d)));
      return forms;
    }
    if (auto* n = std::get_if<std::int64_t>(&v)) {
      if (*n > 1ll << 53 || *n < -(1ll << 53)) exact = false;  // a double near it is another number
      return {ordered(*n), ordered(static_cast<double>(*n)),
              ordered(time_point(duration(*n / 1'000'000)))};
    }
    auto& text = std::get<std::string>(v);
    if (text.size() > keyword_indexed_max) exact = false;
    std::vector<std::string> forms{ordered_keyword(text)};
    if (auto t = parse_time(text)) forms.push_back(ordered(time_point(duration(*t))));
    return forms;
  }

  /// Finds an attribute within one bound or two, for each type that the bounds can have.
  stream of_range(const filter& f) {
    using type = attribute_setting::type;
    bool exact = true;
    std::vector<ranges::range> all;
    for (auto t : {type::boolean, type::integer, type::real, type::time, type::keyword})
      if (auto r = range_of(f, t, exact)) all.push_back(*std::move(r));
    return sorted(f.attribute, std::move(all), exact);
  }
  static std::optional<ranges::range> range_of(const filter& f, attribute_setting::type t,
                                               bool& exact) {
    auto first = cut_at(f.values[0], t);
    auto last = f.values.size() > 1 ? cut_at(f.values[1], t) : first;
    if (!first || !last) return std::nullopt;
    if (!first->sharp || !last->sharp) exact = false;
    std::string begin(1, static_cast<char>(t)), end = keys::end_of(begin);
    switch (f.how) {
      case comparison::less:
        return ranges::range{begin, first->sharp ? first->before : first->behind};
      case comparison::less_equal: return ranges::range{begin, first->behind};
      case comparison::greater:
        return ranges::range{first->sharp ? first->behind : first->before, end};
      case comparison::greater_equal: return ranges::range{first->before, end};
      default: return ranges::range{first->before, last->behind};
    }
  }
  /// The two places where a bound cuts the values of a type: before and after the values equal to
  /// it. If the cut isn't sharp, it also includes some values near the bound.
  struct cut {
    std::string before, behind;
    bool sharp = true;
  };
  static cut around(const std::string& bytes) { return {bytes, keys::end_of(bytes), true}; }
  static std::optional<cut> cut_at(const literal& v, attribute_setting::type t) {
    using type = attribute_setting::type;
    auto* b = std::get_if<bool>(&v);
    auto* n = std::get_if<std::int64_t>(&v);
    auto* d = std::get_if<double>(&v);
    auto* text = std::get_if<std::string>(&v);
    if (t == type::boolean && b) return around(ordered(*b));
    if (t == type::integer && n) return around(ordered(*n));
    if (t == type::real && d) return around(ordered(*d));
    if (t == type::integer && d) return cut_integers(*d);
    if (t == type::real && n) {
      auto near = static_cast<double>(*n);
      if (std::abs(near) <= 9007199254740992.0) return around(ordered(near));
      return cut{ordered(std::nextafter(near, -INFINITY)),
                 keys::end_of(ordered(std::nextafter(near, INFINITY))), false};
    }
    if (t == type::time && (text || n)) {
      auto at = text ? parse_time(*text) : std::optional(*n / 1'000'000);
      return at ? std::optional(around(ordered(time_point(duration(*at))))) : std::nullopt;
    }
    if (t == type::keyword && text) {
      if (text->size() <= keyword_indexed_max) return around(ordered_keyword(*text));
      auto prefix = ordered_prefix(std::string_view(*text).substr(0, keyword_indexed_max));
      return cut{prefix, keys::end_of(prefix), false};
    }
    return std::nullopt;
  }
  static cut cut_integers(double d) {
    constexpr double two63 = 9223372036854775808.0;
    auto above = std::ceil(d);
    if (above >= two63) return {keys::end_of(ordered(INT64_MAX)), keys::end_of(ordered(INT64_MAX))};
    if (above < -two63) return {ordered(INT64_MIN), ordered(INT64_MIN)};
    auto bytes = ordered(static_cast<std::int64_t>(above));
    if (above == d) return around(bytes);
    return {bytes, bytes};
  }

  stream of_times(const filter& f, std::string_view index) {
    if (f.how == comparison::is_null || f.how == comparison::unequal) return nullptr;
    std::vector<ranges::range> all;
    auto at = [&](std::size_t i) {
      return ordered(time_point(duration(std::get<std::int64_t>(f.values[i]))));
    };
    auto first = at(0);
    switch (f.how) {
      case comparison::equal: all.push_back({first, keys::end_of(first)}); break;
      case comparison::less: all.push_back({"", first}); break;
      case comparison::less_equal: all.push_back({"", keys::end_of(first)}); break;
      case comparison::greater: all.push_back({keys::end_of(first), ""}); break;
      case comparison::greater_equal: all.push_back({first, ""}); break;
      case comparison::between: all.push_back({first, keys::end_of(at(1))}); break;
      default:
        for (std::size_t i = 0; i < f.values.size(); ++i)
          all.push_back({at(i), keys::end_of(at(i))});
    }
    return sorted(index, std::move(all), true);
  }

  stream of_ids(const filter& f) {
    if (f.how == comparison::equal || f.how == comparison::in) {
      streams parts;
      for (auto& v : f.values)
        parts.push_back(std::make_unique<one_value>(
            store_, keys::id_prefix(name_space_, std::get<std::string>(v))));
      return std::make_unique<any_of>(std::move(parts));
    }
    if (f.how != comparison::starts_with) return nullptr;
    auto from = keys::id_prefix(name_space_, std::get<std::string>(f.values[0]));
    from.resize(from.size() - 2);  // without the end mark of the text
    return std::make_unique<ranges>(store_, std::vector<ranges::range>{{from, keys::end_of(from)}},
                                    true, sort_max_, everything());
  }

  /// Finds ranges of values of an attribute. An empty `to` means the end of its index.
  stream sorted(std::string_view attribute, std::vector<ranges::range> all, bool exact) {
    auto prefix = keys::index_prefix(name_space_, attribute);
    for (auto& r : all) {
      r.from.insert(0, prefix);
      r.to = r.to.empty() ? keys::end_of(prefix) : prefix + r.to;
    }
    return std::make_unique<ranges>(store_, std::move(all), exact, sort_max_, everything());
  }

  store& store_;
  std::string_view name_space_;
  const run_counters& kinds_;
  std::size_t sort_max_;
};

}  // namespace

std::unique_ptr<run_stream> plan_for(const filter& f, store& s, std::string_view name_space,
                                     const run_counters& kinds, std::size_t sort_max) {
  return planner(s, name_space, kinds, sort_max).whole(f);
}

}  // namespace detail
}}  // namespace stet::v0
