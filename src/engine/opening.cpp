// Payloads that leave the engine's memory for people and programs, and come into its records. Run
// states have them as they are stored.
#include "base/shown.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// Where the fold has taken an outcome from.
payload_key origin_of_outcome(const run_state& s) noexcept {
  switch (s.shown_status()) {
    case status::completed: return {record_kind::completed, payload_field::payload};
    case status::failed: return {record_kind::failed, payload_field::error_text};
    case status::cancelled:
      return {s.begins_at ? record_kind::terminated : record_kind::ended_cancelled,
              payload_field::reason};
    case status::terminated:
    case status::timed_out: return {record_kind::terminated, payload_field::reason};
    default: return {record_kind::stalled, payload_field::reason};
  }
}

}  // namespace

/// Records as they go to the store, the first of them the `number`-th of its run: `plain` itself,
/// or what stands in sealed_ until the next call. Throws a users_exception if they can't be sealed.
std::string_view engine_core::sealed(const payload_owner& of, std::uint64_t number,
                                     std::string_view plain) {
  if (payloads_.leaves_alone(plain)) return plain;
  sealed_.clear();
  for (source in(plain); !in.done(); ++number) {
    auto rec = decode_record(in);
    kept_texts kept;
    payloads_.seal(rec, of, number, kept);
    encode(sealed_, rec);
  }
  return sealed_;
}

/// Why the run has ended, or is stalled.
std::string engine_core::shown_outcome(const run_state& s) const {
  return payloads_.show(s.outcome, owner_of(s), origin_of_outcome(s));
}
/// What a completed run has returned. Throws errc::payload.
std::string engine_core::result_of(const run_state& s) const {
  return payloads_.open(s.outcome, owner_of(s), origin_of_outcome(s));
}
/// How a failed run has failed. Throws errc::payload.
failure engine_core::failure_of(const run_state& s) const {
  auto f = *s.error;
  f.message = text_of(s, f.message, record_kind::failed, payload_field::error_text);
  f.payload = payloads_.open(f.payload, owner_of(s), {record_kind::failed, payload_field::payload});
  return f;
}
std::string engine_core::text_of(const run_state& s, std::string_view text, record_kind k,
                                 payload_field f, std::uint32_t command) const {
  return payloads_.show(text, owner_of(s), {k, f, command});
}
error engine_core::stalled_error(const run_state& s) const {
  return {errc::run_stalled, s.id, "the run " + shown(s.id) + " is stalled: " + shown_outcome(s)};
}

/// What else a run shows. A memo is a payload: if it can't be opened, a text that says why.
std::pair<std::string, std::string> engine_core::memo_and_details(const run_state& s) const {
  if (!s.about) return {};
  std::string memo;
  try {
    memo = payloads_.open(s.about->memo, owner_of(s), {record_kind::started, payload_field::memo});
  } catch (const error& e) { writer(memo).text(e.what()); }
  return {memo, text_of(s, s.about->details, record_kind::started, payload_field::details)};
}

std::string engine_core::described_arguments(const run_state& s, std::uint32_t command,
                                             std::string_view stored) const {
  try {
    return describe_payload(
        payloads_.open(stored, owner_of(s), {record_kind::step, payload_field::payload, command}));
  } catch (const error& e) { return std::string("[") + e.what() + "]"; }
}

/// What the latest heartbeat of a step said. If it can't be opened, that is told, and the body
/// begins as if there had been none.
std::string engine_core::progress_of(const run_state& s, const pending& p) {
  if (!p.more) return {};
  try {
    return payloads_.open(p.more->progress, owner_of(s),
                          {record_kind::progress, payload_field::payload, p.command});
  } catch (const error& e) {
    listener_.problem(e.what());
    return {};
  }
}

}  // namespace detail
}}  // namespace stet::v0
