// The handlers of a run's updates and queries, and the updates that they answer.
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <stet/definition.hpp>
#include <stet/messages.hpp>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// The answer to an update.
struct update_answer {
  std::uint32_t number = 0;  // its number among the run's updates, from 1
  bool done = false;
  bool unnamed = false;              // the engine made its id
  std::string payload;               // what its handler returned
  std::unique_ptr<failure> failure;  // or its failure
};

/// Returns the answer to the update with this id, as the history of a run has it: today's code may
/// answer otherwise. Returns nullopt if the run hasn't had the update.
std::optional<update_answer> find_update(std::string_view history, std::string_view id);

class update_desk {
 public:
  explicit update_desk(execution& run) noexcept : run_(run) {}

  // ------------------------------------------------------------ handlers
  /// Adds a handler. Throws errc::conflict if another one has its name.
  void add(handler& h);
  /// Removes a handler; updates that it has begun fail.
  void remove(handler& h) noexcept;
  /// Calls the handler of a query. Throws errc::not_found if the query has no handler, and what the
  /// handler throws.
  std::string answer_query(std::string_view name, std::string_view arguments);
  /// Asks for the answer to a query when the workflow's own coroutine returns, while its variables
  /// still exist. Call it before the replay.
  void answer_at_return(std::string_view name, std::string_view arguments) {
    at_return_.asked.emplace(name, arguments);
  }
  /// Called when the workflow's own coroutine returns.
  void root_returns() noexcept;
  /// Returns the answer to that query, or nullopt if the coroutine didn't return. Throws what the
  /// handler threw.
  std::optional<std::string> answered_at_return();
  /// Throws errc::rejected with the validator's text, or because the update has no handler.
  void validate(std::string_view update, std::string_view arguments);

  // ------------------------------------------------------------ updates
  /// Begins the handler of an update that was accepted, or lets the update wait for its turn.
  void begin(const record& event);
  /// Begins the next of the updates that run one at a time. Returns false if none waits, or if it
  /// isn't its turn.
  bool begin_waiting();
  /// For the end of the run: fails the updates that run, and those that wait unless they `go_over`.
  void fail_all(bool go_over);
  /// Destroys the frames of updates that have ended.
  void drop_ended();
  /// Destroys all frames.
  void clear() noexcept { running_.clear(); }
  /// Returns null if the run hasn't had an update with this id.
  const update_answer* find(std::string_view id) const noexcept;
  const std::map<std::string, update_answer, std::less<>>& all() const noexcept { return updates_; }
  /// The number of updates that haven't been answered.
  std::size_t open() const noexcept;
  /// Appends the updates that haven't begun, as records of the run, in their order.
  void add_waiting(run_number run, std::vector<std::string>& all) const;

 private:
  /// An update that waits for its turn.
  struct waiting_update {
    std::string name, id, arguments;
    std::uint32_t number = 0;
  };
  struct running_update : waiter {
    running_update(update_desk& d, handler& h, std::string i, std::uint32_t n)
        : waiter(&update_desk::update_ended), desk(d), by(&h), id(std::move(i)), number(n) {}
    update_desk& desk;
    handler* by;
    std::string id;
    std::uint32_t number;
    v0::scope scope;
    std::unique_ptr<root> work;
    bool ended = false;
  };
  /// A query that is answered when the coroutine returns.
  struct late_query {
    std::optional<std::pair<std::string, std::string>> asked;
    std::optional<std::string> answer;
    std::exception_ptr failed;
  };
  handler* find_handler(handler::kind k, std::string_view name) const noexcept;
  void run_update(handler& h, waiting_update w);
  bool exclusive_runs() const noexcept;
  void refuse(const waiting_update& w, const std::exception_ptr& why);
  void record_answer(const std::string& id, std::uint32_t number, const std::exception_ptr& failed,
                     root* work) noexcept;
  bool parks(const std::string& id, const std::exception_ptr& escaped);
  void end(running_update& u, const std::exception_ptr& failed) noexcept;
  void fail(running_update& u, const char* why) noexcept;
  void abandon(running_update& u) noexcept;
  static std::coroutine_handle<> update_ended(waiter& w) noexcept;

  execution& run_;
  std::vector<handler*> handlers_;
  std::list<running_update> running_;
  std::list<waiting_update> waiting_;
  std::map<std::string, update_answer, std::less<>> updates_;
  std::uint32_t last_update_ = 0;
  late_query at_return_;
};

}}}  // namespace stet::v0::detail
