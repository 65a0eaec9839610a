#include "payloads/payloads.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <stet/codec.hpp>

#include "base/shown.hpp"
#include "base/users_exception.hpp"

namespace stet { inline namespace v0 {

payload_transform::~payload_transform() = default;

namespace detail {
namespace {

constexpr char mark = '\xff';
constexpr std::size_t name_bytes_max = 32;
constexpr std::size_t layers_max = 16;
constexpr std::size_t opened_bytes_max = payload_bytes_ceiling + 4096;  // room for transforms

bool is_marked(std::string_view text) noexcept { return !text.empty() && text.front() == mark; }

std::string binding_of(const payload_owner& of, payload_key k) {
  std::string b = "r";
  put_varint(b, of.run.value());
  put_big_endian(b, of.seed[0]);
  put_big_endian(b, of.seed[1]);
  put_byte(b, static_cast<std::uint8_t>(k.kind));
  put_byte(b, static_cast<std::uint8_t>(k.field));
  put_varint(b, k.command.value());
  put_varint(b, k.number);
  return b;
}

/// A text of a record that is sealed, and its key.
struct sealable {
  std::string_view* text = nullptr;
  payload_key key;
};
struct sealables {
  std::array<sealable, 4> all;
  std::size_t count = 0;
  void add(std::string_view& text, payload_key k) {
    if (!text.empty()) all[count++] = {&text, k};
  }
};

/// Returns true if neither the command of such a record nor its kind says which of the run's it is.
/// Then its number in the history says so.
bool is_unnumbered(record_kind k) noexcept {
  return k == record_kind::signal || k == record_kind::update;
}

/// The key of a text that the fold keeps has no number, since a snapshot has no numbers of records.
sealables fields_to_seal(record& r, std::uint64_t number) {
  sealables f;
  if (r.kind == record_kind::started) {
    f.add(r.payload, {r.kind, payload_field::payload, no_command, 0});
    f.add(r.memo, {r.kind, payload_field::memo, no_command, 0});
    f.add(r.details, {r.kind, payload_field::details, no_command, 0});
  } else if (r.kind == record_kind::described) {
    if (r.flags & flag::described::memo)
      f.add(r.payload, {record_kind::started, payload_field::memo, no_command, 0});
    else if (r.flags & flag::described::details)
      f.add(r.payload, {record_kind::started, payload_field::details, no_command, 0});
  } else {
    if (!is_unnumbered(r.kind)) number = 0;
    f.add(r.payload, {r.kind, payload_field::payload, r.command, number});
    f.add(r.error_text, {r.kind, payload_field::error_text, r.command, number});
    if (has_reason(r.kind)) f.add(r.name, {r.kind, payload_field::reason, no_command, 0});
  }
  return f;
}

/// Says whether a replay needs a text of a record.
enum class need : std::uint8_t { none, if_possible, all };

need need_of(const record& r, payload_field f) noexcept {
  if (is_note(r.kind) || r.kind == record_kind::terminated) return need::none;
  if (f != payload_field::memo && f != payload_field::details) return need::all;
  return r.kind == record_kind::started ? need::none : need::if_possible;
}

[[noreturn]] void throw_unsealable(std::string_view operation, const std::string& what,
                                   const users_exception& why) {
  throw users_exception(std::make_exception_ptr(
      error(errc::payload, operation, what + " can't be sealed: " + words_of(why.thrown()))));
}

std::string_view to_text(payload_field f) noexcept {
  switch (f) {
    case payload_field::payload: return "the payload";
    case payload_field::error_text: return "the error";
    case payload_field::reason: return "the reason";
    case payload_field::memo: return "the memo";
    case payload_field::details: return "the details";
  }
  return "a text";
}

std::string where_in_words(const payload_owner& of, payload_key k) {
  std::string s(to_text(k.field));
  s += " of " + shown(to_text(k.kind));
  if (k.command) s += ", command " + std::to_string(k.command.value()) + ",";
  if (k.number) s += ", record " + std::to_string(k.number) + ",";
  return s + " of the run " + shown(of.id) + " (" + std::to_string(of.run.value()) + ")";
}

}  // namespace

payloads::payloads(const transform_list& transforms) : transforms_(transforms) {
  for (auto& t : transforms_) {
    if (!t) throw error(errc::usage, "engine", "a transform of payloads is null");
    auto name = t->name();
    if (name.empty() || name.size() > name_bytes_max)
      throw error(errc::usage, "engine",
                  "the name of a transform of payloads is 1 to " + std::to_string(name_bytes_max) +
                      " bytes, " + shown(name) + " has " + std::to_string(name.size()));
    auto same = [&](auto& other) { return other->name() == name; };
    if (std::count_if(transforms_.begin(), transforms_.end(), same) > 1)
      throw error(errc::usage, "engine", "two transforms of payloads have the name " + shown(name));
    has_required_ |= t->is_required();
  }
  if (transforms_.size() >= layers_max)
    throw error(errc::usage, "engine", "there are too many transforms of payloads");
}

payload_transform& payloads::find(std::string_view name) const {
  for (auto& t : transforms_)
    if (t->name() == name) return *t;
  throw std::runtime_error("it was sealed by " + shown(name) +
                           ", and this engine has no such transform "
                           "(engine_options::transforms)");
}

std::string payloads::seal_text(std::string_view plain, const payload_place& where) {
  std::string text;
  if (is_marked(plain)) text.assign({mark, '\0'});
  text += plain;
  for (auto& t : transforms_) {
    auto sealed = call_user([&] { return t->seal(text, where); });
    if (!sealed) continue;
    text.assign(1, mark);
    put_text(text, t->name());
    text += *sealed;
  }
  return text;
}

std::string payloads::open_text(std::string_view stored, const payload_place& where) const {
  std::string text;
  std::vector<const payload_transform*> used;
  for (auto rest = stored;; rest = text) {
    if (is_marked(rest)) {
      source in(rest.substr(1));
      auto name = in.text();
      if (!name.empty()) {
        if (used.size() == layers_max) throw std::runtime_error("it is sealed too often");
        auto& t = find(name);
        used.push_back(&t);
        text = call_user([&] { return t.open(in.rest(), where, opened_bytes_max); });
        continue;
      }
      rest = in.rest();
    }
    for (auto& t : transforms_)
      if (t->is_required() && std::find(used.begin(), used.end(), t.get()) == used.end())
        throw std::runtime_error("it isn't sealed by " + shown(t->name()) +
                                 ", which this engine requires");
    return std::string(rest);
  }
}

bool payloads::leaves_alone(std::string_view records) const noexcept {
  return transforms_.empty() && records.find(mark) == std::string_view::npos;
}

void payloads::seal(record& r, const payload_owner& of, std::uint64_t number, kept_texts& kept) {
  auto fields = fields_to_seal(r, number);
  for (std::size_t i = 0; i < fields.count; ++i) {
    auto& [text, key] = fields.all[i];
    if (transforms_.empty() && !is_marked(*text)) continue;
    try {
      *text = kept.keep(seal_text(*text, {of.name_space, binding_of(of, key)}));
    } catch (const users_exception& e) { throw_unsealable(of.id, where_in_words(of, key), e); }
  }
}

void payloads::strip(record& r) {
  auto fields = fields_to_seal(r, 0);
  for (std::size_t i = 0; i < fields.count; ++i) *fields.all[i].text = {};
}

bool payloads::open(record& r, const payload_owner& of, std::uint64_t number,
                    kept_texts& kept) const {
  bool changed = false;
  auto fields = fields_to_seal(r, number);
  for (std::size_t i = 0; i < fields.count; ++i) {
    auto& [text, key] = fields.all[i];
    if (!is_marked(*text) && !has_required_) continue;
    *text = kept.keep(open(*text, of, key));
    changed = true;
  }
  return changed;
}

bool payloads::open_what_replays(record& r, const payload_owner& of, std::uint64_t number,
                                 kept_texts& kept) const {
  bool changed = false;
  auto fields = fields_to_seal(r, number);
  for (std::size_t i = 0; i < fields.count; ++i) {
    auto& [text, key] = fields.all[i];
    auto needed = need_of(r, key.field);
    if (needed == need::none || (!is_marked(*text) && !has_required_)) continue;
    try {
      *text = kept.keep(open(*text, of, key));
      changed = true;
    } catch (const error&) {
      if (needed == need::all) throw;
    }
  }
  return changed;
}

void payloads::open_for_replay(std::string& history, const payload_owner& of) const {
  if (!has_required_ && history.find(mark) == std::string::npos) return;
  std::string opened;
  std::uint64_t number = 0;
  bool changed = false;
  for (source in(history); !in.done(); ++number) {
    auto before = in.rest();
    auto r = decode_record(in);
    auto bytes = before.substr(0, before.size() - in.left());
    kept_texts kept;
    if (open_what_replays(r, of, number, kept)) {
      if (!std::exchange(changed, true))
        opened.assign(history, 0, static_cast<std::size_t>(before.data() - history.data()));
      encode(opened, r);
    } else if (changed) {
      opened += bytes;
    }
  }
  if (changed) history = std::move(opened);
}

std::string payloads::open(std::string_view stored, const payload_owner& of, payload_key k) const {
  if (stored.empty() || (!is_marked(stored) && !has_required_)) return std::string(stored);
  try {
    return open_text(stored, {of.name_space, binding_of(of, k)});
  } catch (const users_exception& e) {
    throw error(errc::payload, of.id,
                where_in_words(of, k) + " can't be opened: " + words_of(e.thrown()));
  } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
    throw error(errc::payload, of.id, where_in_words(of, k) + " can't be opened: " + words_of(e));
  }
}

std::string payloads::show(std::string_view stored, const payload_owner& of, payload_key k) const {
  try {
    return open(stored, of, k);
  } catch (const error& e) { return std::string("[") + e.what() + "]"; }
}

std::string payloads::seal_entry(std::string_view plain, std::string_view name_space,
                                 std::string_view key) {
  std::string binding = "u";
  binding += key;
  try {
    return seal_text(plain, {name_space, binding});
  } catch (const users_exception& e) {
    throw_unsealable("transact", "the value of a table's entry", e);
  }
}

std::string payloads::open_entry(std::string_view stored, std::string_view name_space,
                                 std::string_view key) const {
  std::string binding = "u";
  binding += key;
  try {
    return open_text(stored, {name_space, binding});
  } catch (const users_exception& e) {
    throw error(errc::payload, "transact",
                "the value of a table's entry can't be opened: " + words_of(e.thrown()));
  } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
    throw error(errc::payload, "transact",
                "the value of a table's entry can't be opened: " + words_of(e));
  }
}

}  // namespace detail
}}  // namespace stet::v0
