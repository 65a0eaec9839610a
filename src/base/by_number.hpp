// A container of things in the order of their numbers, which only rise. They are taken out in any
// order, each in constant time on average: the last one takes its place with it, and the place of
// any other stays empty until half of all places are. The places lie in one piece of memory; a
// container that was never used needs none.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace stet { inline namespace v0 { namespace detail {

template <class T, class Number = std::uint32_t> class by_number {
  struct place {
    explicit place(Number n) : number(n) {}
    T what{};
    Number number;
    bool taken = true;
  };
  template <class Place, class Value> class walk {
   public:
    walk(Place* at, Place* end) : at_(at), end_(end) { skip(); }
    Value& operator*() const noexcept { return at_->what; }
    walk& operator++() noexcept {
      ++at_;
      skip();
      return *this;
    }
    bool operator==(const walk& o) const noexcept { return at_ == o.at_; }

   private:
    void skip() noexcept {
      while (at_ != end_ && !at_->taken) ++at_;
    }
    Place *at_, *end_;
  };

 public:
  bool empty() const noexcept { return empty_ == places_.size(); }
  std::size_t size() const noexcept { return places_.size() - empty_; }
  /// Returns true if `number` is above all numbers in the container.
  bool is_next(Number number) const noexcept {
    return places_.empty() || places_.back().number < number;
  }
  /// Adds an empty thing, which the caller fills in; is_next(number) must be true. The result is
  /// valid until something is added or erased.
  T& add(Number number) { return places_.emplace_back(number).what; }
  void add(Number number, T what) { add(number) = std::move(what); }
  /// The result is valid until something is added or erased.
  T* find(Number number) noexcept {
    auto* p = place_of(number);
    return p ? &p->what : nullptr;
  }
  void erase(Number number) noexcept {
    auto* p = place_of(number);
    if (!p) return;
    if (p == &places_.back()) {
      drop_last();
    } else {
      p->what = T();
      p->taken = false;
      ++empty_;
    }
    if (empty_ * 2 <= places_.size()) return;
    std::erase_if(places_, [](const place& any) { return !any.taken; });
    empty_ = 0;
  }
  void clear() noexcept {
    places_.clear();
    empty_ = 0;
  }

  auto begin() noexcept { return walk<place, T>(places_.data(), limit()); }
  auto end() noexcept { return walk<place, T>(limit(), limit()); }
  auto begin() const noexcept { return walk<const place, const T>(places_.data(), limit()); }
  auto end() const noexcept { return walk<const place, const T>(limit(), limit()); }

 private:
  /// Drops the last place, and the empty ones before it.
  void drop_last() noexcept {
    places_.pop_back();
    for (; !places_.empty() && !places_.back().taken; --empty_) places_.pop_back();
  }
  place* limit() noexcept { return places_.data() + places_.size(); }
  const place* limit() const noexcept { return places_.data() + places_.size(); }
  place* place_of(Number number) noexcept {
    auto p = std::lower_bound(places_.begin(), places_.end(), number,
                              [](const place& a, Number n) { return a.number < n; });
    return p != places_.end() && p->number == number && p->taken ? &*p : nullptr;
  }

  std::vector<place> places_;
  std::size_t empty_ = 0;
};

}  // namespace detail
}}  // namespace stet::v0
