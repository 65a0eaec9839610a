// A container of things in the order of their numbers, which only rise. They are taken out in any
// order, each in constant time on average: the place of one that is taken out stays empty until
// half of all places are. The places lie in one piece of memory; an empty container needs none.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace stet { inline namespace v0 { namespace detail {

template <class T, class Number = std::uint32_t> class by_number {
  struct place {
    T what;
    Number number;
    bool taken;
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
  /// Adds a thing; is_next(number) must be true.
  void add(Number number, T what) { places_.push_back({std::move(what), number, true}); }
  /// The result is valid until something is added or erased.
  T* find(Number number) noexcept {
    auto* p = place_of(number);
    return p ? &p->what : nullptr;
  }
  void erase(Number number) noexcept {
    auto* p = place_of(number);
    if (!p) return;
    p->what = T();
    p->taken = false;
    if (++empty_ * 2 <= places_.size()) return;
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
