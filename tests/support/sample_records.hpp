// Records of every kind, with random fields.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "history/record.hpp"
#include "tests/support/bytes.hpp"

namespace stet_tests {

inline constexpr stet::record_kind all_kinds[] = {stet::record_kind::started,
                                                  stet::record_kind::step_done,
                                                  stet::record_kind::step_failed,
                                                  stet::record_kind::timer_fired,
                                                  stet::record_kind::child_done,
                                                  stet::record_kind::child_failed,
                                                  stet::record_kind::cancel_requested,
                                                  stet::record_kind::body_returned,
                                                  stet::record_kind::terminated,
                                                  stet::record_kind::signal,
                                                  stet::record_kind::update,
                                                  stet::record_kind::promise_resolved,
                                                  stet::record_kind::promise_rejected,
                                                  stet::record_kind::message_done,
                                                  stet::record_kind::message_failed,
                                                  stet::record_kind::step,
                                                  stet::record_kind::sleep,
                                                  stet::record_kind::child,
                                                  stet::record_kind::cancelled,
                                                  stet::record_kind::condition,
                                                  stet::record_kind::met,
                                                  stet::record_kind::promise,
                                                  stet::record_kind::message,
                                                  stet::record_kind::completed,
                                                  stet::record_kind::failed,
                                                  stet::record_kind::ended_cancelled,
                                                  stet::record_kind::continued,
                                                  stet::record_kind::update_done,
                                                  stet::record_kind::update_failed,
                                                  stet::record_kind::patched,
                                                  stet::record_kind::attempt,
                                                  stet::record_kind::retry,
                                                  stet::record_kind::not_started,
                                                  stet::record_kind::progress,
                                                  stet::record_kind::driven,
                                                  stet::record_kind::stalled,
                                                  stet::record_kind::resumed,
                                                  stet::record_kind::suspect,
                                                  stet::record_kind::moved,
                                                  stet::record_kind::written};

/// Makes records whose texts live as long as the maker.
class record_maker {
 public:
  explicit record_maker(random_source& r) : random_(r) {}
  stet::detail::record make(stet::record_kind k) {
    stet::detail::record r;
    r.kind = k;
    r.flags = static_cast<std::uint8_t>(random_());
    r.run = stet::detail::run_number(random_.number());
    r.command = stet::detail::command_number(static_cast<std::uint32_t>(random_.number()));
    r.time = stet::detail::engine_time(random_.signed_number());
    r.related = stet::detail::run_number(random_.number());
    r.number = random_.signed_number();
    r.attempt = static_cast<std::uint32_t>(random_.number());
    r.line = static_cast<std::uint32_t>(random_.number());
    r.code = static_cast<stet::errc>(random_.below(24));
    r.seed[0] = random_();
    r.seed[1] = random_();
    r.first = stet::detail::run_number(random_.number());
    r.previous = stet::detail::run_number(random_.number());
    r.begins_at = stet::detail::engine_time(random_.signed_number());
    r.run_timeout = random_.signed_number();
    r.execution_deadline = stet::detail::engine_time(random_.signed_number());
    r.version = keep(20);
    r.payload_limit = static_cast<std::uint32_t>(random_.number());
    r.name = keep(20);
    r.target = keep(20);
    r.payload = keep(random_.coin() ? 20 : 300);
    r.error_type = keep(20);
    r.error_text = keep(20);
    r.error_path = keep(20);
    return r;
  }

 private:
  std::string_view keep(std::size_t size_max) {
    return texts_.emplace_back(random_.text(size_max));
  }
  random_source& random_;
  std::deque<std::string> texts_;
};

}  // namespace stet_tests
