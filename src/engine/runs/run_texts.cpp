#include "engine/runs/run_texts.hpp"

#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// The kind of record, and its field, that an outcome comes from.
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

std::string run_texts::outcome(const run_state& s) const {
  return services_.payloads.show(s.outcome, owner_of(s), origin_of_outcome(s));
}

std::string run_texts::result(const run_state& s) const {
  return services_.payloads.open(s.outcome, owner_of(s), origin_of_outcome(s));
}

failure run_texts::failure_of(const run_state& s) const {
  auto f = *s.error;
  f.message = text(s, f.message, record_kind::failed, payload_field::error_text);
  f.payload = services_.payloads.open(f.payload, owner_of(s),
                                      {record_kind::failed, payload_field::payload});
  return f;
}

error run_texts::stalled_error(const run_state& s) const {
  return {errc::run_stalled, s.id, "the run " + shown(s.id) + " is stalled: " + outcome(s)};
}

std::pair<std::string, std::string> run_texts::memo_and_details(const run_state& s) const {
  if (!s.about) return {};
  std::string memo;
  try {
    memo = services_.payloads.open(s.about->memo, owner_of(s),
                                   {record_kind::started, payload_field::memo});
  } catch (const error& e) { writer(memo).text(e.what()); }
  return {memo, text(s, s.about->details, record_kind::started, payload_field::details)};
}

std::string run_texts::arguments(const run_state& s, command_number command,
                                 std::string_view stored) const {
  try {
    return describe_payload(services_.payloads.open(
        stored, owner_of(s), {record_kind::step, payload_field::payload, command}));
  } catch (const error& e) { return std::string("[") + e.what() + "]"; }
}

std::string run_texts::last_error(const run_state& s, const pending& p) const {
  if (!p.more) return {};
  return text(s, p.more->last_error, record_kind::retry, payload_field::error_text, p.command);
}

std::string run_texts::progress(const run_state& s, const pending& p) const {
  if (!p.more) return {};
  try {
    return services_.payloads.open(p.more->progress, owner_of(s),
                                   {record_kind::progress, payload_field::payload, p.command});
  } catch (const error& e) {
    services_.reporter.report(event_kind::payload_failed, e.what(), s);
    return {};
  }
}

std::string run_texts::text(const run_state& s, std::string_view stored, record_kind k,
                            payload_field f, command_number command) const {
  return services_.payloads.show(stored, owner_of(s), {k, f, command});
}

}}}  // namespace stet::v0::detail
