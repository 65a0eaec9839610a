// Copies a store in batches, in the order of keys. Until the copy is whole, the target has no
// format, so that no engine takes it for a store. Instead it has a note of the source, and of how
// far the copy is.
#include <stet/copy.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/hooks.hpp"
#include "keys/keys.hpp"
#include "tools/pages.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

constexpr std::size_t batch_bytes = 1 << 20;
constexpr std::size_t key_bytes_max = 4096;  // as in every store
constexpr std::uint8_t note_version = 1;

/// The value under keys::copy_note() in an unfinished target. On disk: see docs/format.md.
struct copy_note {
  std::string source;  // the source's marks when the copy began
  std::string last;    // the last key that was copied

  std::string encoded() const {
    std::string out;
    put_byte(out, note_version);
    put_text(out, source);
    put_text(out, last);
    return out;
  }
  static std::optional<copy_note> decode(std::string_view bytes) try {
    source_of in(bytes);
    if (in.byte() != note_version) return std::nullopt;
    copy_note n;
    n.source = in.text();
    n.last = in.text();
    if (!in.done()) return std::nullopt;
    return n;
  } catch (const malformed&) { return std::nullopt; }

 private:
  using source_of = detail::source;
};

[[noreturn]] void fail(errc code, const store& s, std::string_view text) {
  auto i = s.info();
  throw store_error(code, i.scheme + " copy", i.path, 0, text, commit_outcome::refused);
}

bool is_copied(std::string_view key) { return key != keys::format() && key != keys::copy_note(); }

class copying {
 public:
  copying(store& from, store& to) : from_(from), to_(to) {}

  copy_report run() {
    check_source(from_);
    auto format = from_.get(keys::format());
    note_.source = from_.get(keys::owner()).value_or(std::string());
    prepare();
    move();
    verify();
    finish(format.value());
    return report_;
  }

 private:
  void prepare() {
    auto found = to_.get(keys::copy_note());
    auto before = found ? copy_note::decode(*found) : std::nullopt;
    if (!found) {
      scan(to_, {}, [&](std::string_view, std::string_view) -> bool {
        fail(errc::conflict, to_, "the target isn't empty: copy to a new one, or remove it");
      });
    } else if (before && before->source == note_.source) {
      note_ = *std::move(before);
      report_.resumed = true;
      return;
    }
    batch b;
    if (found) b.erase_range(std::string(1, '\0'), std::string(key_bytes_max + 1, '\xff'));
    b.put(keys::copy_note(), note_.encoded());
    to_.commit(b, durability::sync);
  }

  void move() {
    for (auto page = next_page(from_, note_.last, batch_bytes); !page.empty();
         page = next_page(from_, note_.last, batch_bytes)) {
      note_.last = page.back().first;
      batch b;
      for (auto& [key, value] : page) {
        check_size(key, value);
        if (is_copied(key)) b.put(std::move(key), std::move(value));
      }
      b.put(keys::copy_note(), note_.encoded());
      to_.commit(b, durability::sync);
      failpoint("copy page");
    }
  }

  void check_size(const std::string& key, const std::string& value) {
    auto limits = to_.info();
    if (key.size() <= limits.key_bytes_max && value.size() <= limits.value_bytes_max) return;
    fail(errc::usage, to_,
         "a key of " + std::to_string(key.size()) + " bytes with a value of " +
             std::to_string(value.size()) + " is too long for this store, which takes keys of " +
             std::to_string(limits.key_bytes_max) + " and values of " +
             std::to_string(limits.value_bytes_max));
  }

  /// Reads both stores side by side, and compares them.
  void verify() {
    page_reader source(from_, batch_bytes), copy(to_, batch_bytes);
    for (;;) {
      auto* a = source.next(is_copied);
      auto* b = copy.next(is_copied);
      if (!a && !b) break;
      if (!a || !b || *a != *b)
        fail(errc::corrupt, to_,
             "the copy reads otherwise than it was written, at key " +
                 printable_key(a ? a->first : b->first) + ": remove it, and copy to another place");
      ++report_.keys;
      report_.bytes += a->first.size() + a->second.size();
    }
    if (from_.get(keys::owner()).value_or(std::string()) != note_.source)
      fail(errc::conflict, from_, "the source was opened by an engine meanwhile: copy it again");
  }

  /// Makes the target a store: it gets its format.
  void finish(const std::string& format) {
    batch b;
    b.expect(keys::copy_note(), note_.encoded());
    b.erase(keys::copy_note());
    b.put(keys::format(), format);
    to_.commit(b, durability::sync);
    ++report_.keys;
    report_.bytes += keys::format().size() + format.size();
  }

  store& from_;
  store& to_;
  copy_note note_;
  copy_report report_;
};

}  // namespace

void check_source(store& from) {
  if (!from.get(keys::format()))
    fail(errc::corrupt, from, "this isn't a store of Stet's, or an unfinished copy");
}

}  // namespace detail

copy_report copy(store& from, store& to) {
  if (&from == &to) detail::fail(errc::usage, to, "a store can't be copied to itself");
  return detail::copying(from, to).run();
}

}}  // namespace stet::v0
