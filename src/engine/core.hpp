// The engine's loop and what it owns. One thread (the loop's, or in manual mode the caller's) runs
// all of it; bodies run elsewhere and come back through `returned`, calls come in through `ask`.
// One turn: a block that is durable lets out answers and bodies · take what came back · take calls
// · fire timers · drive what is ready · seal a block and have it written, by the committer's thread
// or here. Invariants:
//  - a body begins only when all is durable up to the record of its attempt (open_gates);
//  - an answer waits until the last record of its time is durable (release_answers);
//  - a frame with a capturing body under way is never destroyed (may_evict);
//  - a resident run without `unsaved` and without a frame can be dropped: the store has it.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <stet/engine.hpp>

#include "engine/body_clock.hpp"
#include "engine/calls.hpp"
#include "engine/committer.hpp"
#include "engine/definitions.hpp"
#include "engine/engine_clock.hpp"
#include "engine/failures.hpp"
#include "engine/in_workflow.hpp"
#include "engine/lease.hpp"
#include "engine/loop_thread.hpp"
#include "engine/resident.hpp"
#include "engine/sent_keys.hpp"
#include "engine/slots.hpp"
#include "engine/starts.hpp"
#include "engine/suspects.hpp"
#include "engine/sweep_plan.hpp"
#include "engine/timers.hpp"
#include "engine/unreadable.hpp"
#include "engine/user_state.hpp"
#include "journal/checkpoint.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

class listing;
class pool;

class engine_core final : public execution_host, public std::enable_shared_from_this<engine_core> {
 public:
  engine_core(std::unique_ptr<store> s, engine_options o);
  engine_core(const engine_core&) = delete;
  engine_core& operator=(const engine_core&) = delete;
  ~engine_core();

  // ------------------------------------------------------------ life (life.cpp)
  void define(std::string_view name, std::string_view version, std::unique_ptr<definition> d);
  void define(std::unique_ptr<declared_error> e);
  void start();
  /// False: bodies were left behind.
  bool close(std::optional<duration> limit);
  bool poll();
  bool run_until_idle(duration limit);
  std::optional<time_point> next_wakeup();

  // ------------------------------------------------------------ calls from outside, on the loop
  // (requests.cpp)
  std::vector<start_result> start_runs(std::string_view name_space, std::string_view workflow,
                                       std::span<const start_request> requests,
                                       const signal_request* first_signal = nullptr);
  record start_of(std::string_view name_space, std::string_view workflow, const start_request& q);
  void take_back(std::vector<begun_run>& begun, const struct journal::place& here);
  void check_start(std::string_view workflow, const start_request& q) const;
  taken_id find_taken(std::string_view name_space, std::string_view workflow,
                      const start_request& q);
  std::optional<start_result> find_run(std::string_view workflow, run_ref of);
  void cancel_run(run_ref of, std::string_view reason);
  void terminate_run(run_ref of, std::string_view reason);
  void resume_run(run_ref of);
  void resume_stalled(resident& r);
  v0::status status_of(run_ref of);
  std::string arguments_of(resident& r, std::uint32_t command);
  std::optional<run_info> describe_run(run_ref of);
  /// The run of a handle, or the latest of an id (run 0). Throws errc::not_found.
  run_lease must_find(run_ref of);
  /// Waits for the end of a run: true if it is known already.
  bool await_outcome(outcome_call& c);
  void forget(waiting_call& c) noexcept;
  void refuse_calls(const attempt& waited_for) noexcept;
  std::vector<history_entry> history_of_id(run_ref of);
  // (history_file.cpp)
  std::string export_history(run_ref of);
  parked_run replay_history(std::string_view exported);
  // (messages.cpp)
  void signal_run(run_ref of, const signal_request& q);
  std::string query_run(run_ref of, std::string_view name, std::string_view arguments);
  bool update_run(update_call& c);
  bool answer_promise(std::string_view promise, std::string_view token, std::string_view payload,
                      const failure* rejected);
  void must_not_have_failed(const resident& entity) const;
  std::uint64_t latest_run(std::string_view name_space, std::string_view id);
  std::string new_id();
  // (user_state.cpp)
  void transact(std::string_view name_space, transact_function& f);
  // (listing.cpp)
  void look_at(listing& l);
  void count_kinds(listing& l);
  void note_ahead(listing& l);
  void take_from_store(listing& l, std::uint64_t run);
  // (versions.cpp)
  start_preview preview(std::size_t listed_max);
  void move_run(run_ref of, std::string_view version);
  void add(listing& l, const run_state* s) const;
  // (blobs.cpp)
  std::string read_blob(std::string_view name_space, const blob& b, std::uint64_t offset,
                        std::uint64_t length);
  bool is_on_loop() const noexcept;
  loop_thread& thread() noexcept { return thread_; }
  /// A close has begun: bodies should return.
  bool is_closing() const noexcept { return closing_; }
  // (deletion.cpp)
  std::size_t erase_id(run_ref of, erase_options o);
  void retain(std::string_view name_space, duration d);
  std::vector<std::string> list_open_runs(std::string_view name_space, std::string_view after,
                                          std::size_t count_max);

  // ------------------------------------------------------------ from anywhere (life.cpp)
  /// Performs a call on the loop and waits until what it says is durable.
  /// False if it was not answered within `limit` (for outcome_call only) and has been taken back.
  bool submit(call& c, std::optional<duration> limit = std::nullopt);
  template <class F> auto ask(F f) {
    asking<F> c(f);
    submit(c);
    return c.take();
  }
  /// The same for what may be performed while the store refuses to write: what needs nothing
  /// written, or (erasing) makes room.
  template <class F> auto ask_without_room(F f) {
    asking<F> c(f);
    c.needs_room = false;
    submit(c);
    return c.take();
  }
  /// The same for what only reads runs: `f` gets the engine to read from. While the store refuses
  /// to write that is one which shows what is durable, and nothing else.
  template <class F> auto look(F f) {
    auto read = [&] {
      auto& from = seen();
      if (&from != this) answer_lsn_ = 0;
      return f(from);
    };
    asking<decltype(read)> c(read);
    c.needs_room = false;
    c.only_looks = true;
    submit(c);
    return c.take();
  }
  void report(const std::exception& e) noexcept { listener_.problem(e.what()); }
  bool manual() const noexcept { return manual_; }
  const error_registry& errors() const noexcept { return errors_; }
  /// An attempt has come back.
  void returned(attempt& a) noexcept;
  void heartbeat(attempt& a, std::string progress);
  slots& slots_of() noexcept { return slots_; }
  void wake() noexcept;
  std::size_t payload_bytes_max() const noexcept { return options_.payload_bytes_max; }
  std::int64_t steady_ms() noexcept { return time_.steady(); }
  /// The same for a body, which a close may leave behind.
  std::int64_t body_ms() noexcept { return body_clock_.steady_ms(); }
  stet::interceptor* interceptor() const noexcept { return options_.interceptor; }

 private:
  friend struct engine_probe;  // tests
  friend class lent_thread;
  friend class running_body;
  friend run_lease;
  friend class look_at_pending;
  // life.cpp
  void give_up_start(const std::exception_ptr& why);
  bool turn();
  void loop() noexcept;
  void sleep_until_woken(std::int64_t ms_max);
  bool drive_until(call& c, std::optional<duration> limit);
  bool give_up_waiting(call& c);
  bool skip(call& c, std::int64_t end);
  bool turn_by_caller();
  std::optional<time_point> due_next() const;
  std::optional<bool> turn_if_free();
  bool ask_loop(call& c, std::optional<duration> limit);
  bool do_bodies_starve() const noexcept;
  void watch_bodies();
  void tell_of_waiting(std::size_t bodies);
  void tick();
  void look_at_time() noexcept;
  std::int64_t next_timer() const noexcept;
  void start_time();
  void keep_clock_history();
  bool take_calls();
  attempt_row take_from_threads() noexcept;
  bool take_returned();
  bool take_beats();
  void fail(std::exception_ptr e) noexcept;
  void fail_everybody(const std::exception_ptr& e) noexcept;
  void discard_attempts() noexcept;
  void tell_problem(std::string_view what, const char* why) noexcept;
  void throw_if_unusable() const;
  void throw_if_over() const;
  bool abandon_in_fork() noexcept;
  void let_bodies_go();
  void end_bodies();
  void give_bodies_time();
  work* stop_executor();
  void keep_for_ever();
  void end_pending(attempt& a);
  void finish();

  // recover.cpp
  void recover();
  void recover_record(const record& r, std::string_view bytes, std::uint64_t lsn);
  void apply_recovered(resident& r, const record& rec, std::string_view bytes, std::uint64_t lsn);
  std::map<std::uint64_t, aside_records>& put_aside_earlier();
  resident* load_recovered(std::uint64_t run);
  void fold_aside(resident& r);
  void put_lost_aside();
  std::optional<run_state> load_behind(std::uint64_t run);
  void erase_leftovers();
  void finish_reading(const journal& read);
  void note_latest(const resident& r);
  void suspect(const std::vector<occupant>& who);
  void suspect_code(const occupant& o);
  void count_death(resident& r, std::uint32_t command);
  bool is_convicted(const pending& p) const noexcept;
  void load_timers();
  void resume(resident& r);
  void resume_pending(resident& r);

  // runs.cpp
  resident* in_memory(std::uint64_t run) noexcept;
  run_lease load(std::uint64_t run);
  run_lease must_read(std::uint64_t run, std::string_view id);
  run_lease hold(resident& r) noexcept { return {*this, r}; }
  run_lease create(record start, bool undriven);
  void begin(resident& r, record start, bool undriven);
  bool ensure_frame(resident& r);
  std::optional<std::string> replay(const run_state& s, execution& frame, std::string_view history);
  std::string stored_history_of(resident& r);
  /// Calls `f` for each record of a run's stored history. Throws errc::corrupt.
  template <class F> void for_each_record(resident& r, F f) {
    auto history = stored_history_of(r);
    try {
      for (source in(history); !in.done();) f(decode_record(in));
    } catch (const malformed& e) { throw unreadable_history(r.state, e.what()); }
  }
  /// Does something for a run in a turn: what is wrong with that run parks it, and no other.
  template <class F> void for_run(resident& r, F f) {
    try {
      f();
    } catch (const error& e) {
      if (!is_of_one_run(e)) throw;
      hold_up(r, e.what());
    } catch (const users_exception& e) {
      hold_up(r, words_of(e.thrown()).c_str());
    } catch (const malformed& e) { hold_up(r, e.what()); }
  }
  void hold_up(resident& r, const char* why);
  std::string history_of(resident& r);
  bool may_evict(const resident& r) const noexcept;
  void evict(resident& r) noexcept;
  void evict_at_last(resident& r);
  void destroy(const run_state& s, std::unique_ptr<execution>& frame) noexcept;
  void touch(resident& r);
  void keep_within_residency(const resident* kept = nullptr) noexcept;
  bool is_idle(const resident& r) const noexcept;
  void drop_if_idle(resident& r) noexcept;
  void let_rest(resident& r) noexcept;
  void enqueue(resident& r);
  bool drive_ready();
  void drive_what_is_there(resident& r);
  bool is_close_over() const noexcept;

  // drive.cpp
  occupant enter_code(const run_state& s, const execution& frame, const code_use& use);
  void happen(resident& r, record e);
  void happen_later(resident& r, record e);
  bool may_drive(const resident& r) const noexcept;
  void drive(resident& r, const record* event);
  bool check_determinism(resident& r, const record* event);
  void append(resident& r, std::string_view plain);
  void record_sealed(resident& r, std::string_view records);
  void fold(resident& r, std::string_view records);
  run_state state_behind(const run_state& s, std::string_view records) const;
  void note(resident& r, record n);
  using way_to_record = void (engine_core::*)(resident&, record);
  void surely(way_to_record way, resident& r, record& e);
  bool seal_commands(resident& r, const payload_owner& of);
  void keep_undriven(resident& r, std::string_view event);
  void after_drive(resident& r);
  bool begin_next(resident& r);
  void set_going(resident& r, const intent& i);
  void start_child(resident& parent, request& q, std::uint64_t run);
  void fail_command(resident& r, record_kind how, const request& q, errc code,
                    std::string_view type, const std::string& text);
  void fail_pending(resident& r, record_kind how, std::uint32_t command, errc code,
                    std::string_view type, const std::string& text);
  void park(resident& r, std::string reason);
  void relieve();

  // ending.cpp
  void end_run(resident& r, const record& end);
  void end_from_outside(resident& r, std::string_view reason, std::uint8_t flags = 0);
  void terminate(resident& r, std::string_view reason, std::uint8_t flags = 0);
  void continue_run(resident& r, const run_state& s);
  std::vector<std::string> hand_over(resident& r, std::string_view id, resident& next);
  void move_updaters(resident& r, resident& next, const std::vector<std::string>& ids);
  void tell_waiters(resident& r);
  void fail_callers(resident& r);
  std::vector<std::string> updates_of(resident& r);
  void tell_parent(resident& r, const record& end);
  void note_orphans(run_state& s, const record& rec);
  void see_to_orphans();
  void request_cancel(resident& r, std::string_view reason);
  void end_unbegun(resident& r, std::string_view reason);

  // steps.cpp
  void begin_step(resident& r, request& q, std::uint32_t number);
  bool open_gates();
  void start_attempt(attempt& a, resident& r);
  void take(attempt& a);
  void count_return(resident& r, attempt& a);
  void finish_attempt(resident& r, pending& p, attempt& a);
  void attempt_failed(resident& r, pending& p, attempt& a, const failure& f, errc code,
                      bool permanent);
  void cut_short(resident& r, const pending& p, const attempt& a);
  void record_result(resident& r, attempt& a);
  bool came_late(const pending& p, const attempt& a) noexcept;
  bool is_permanent(const attempt& a, const failure& f) noexcept;
  std::int64_t retry_delay(const retry_policy& p, std::uint32_t failures) noexcept;
  void time_out(resident& r, pending& p, attempt& a, const step_options& o);
  void next_attempt(resident& r, pending& p);
  void fail_step(resident& r, const pending& p, errc code, std::string_view type,
                 std::string_view text, bool waits = false);
  void arm_attempt(attempt& a, const pending& p);
  void arm_held(attempt& a);
  std::string last_error(const resident& r, const pending& p) const;
  std::string last_error_type(resident& r, std::uint32_t command);
  std::int64_t time_left(const pending& p, const attempt& a) noexcept;
  void leave_behind(attempt& a) noexcept;
  void ask_to_return(attempt& a) noexcept;
  pending* counts(const attempt& a) noexcept;
  void note_not_started(resident& r, const attempt& a);
  void acquit(const attempt& a) noexcept;
  void try_for_a_moment(attempt& a);
  void end_trials();
  std::int64_t total_deadline(const pending& p, const step_options& o) const noexcept;
  std::int64_t since_armed(const pending& p, duration d) const noexcept;
  std::int64_t elapsed_end(const pending& p, const step_options& o) const noexcept;

  // chains.cpp
  std::uint64_t run_below(std::string_view name_space, std::string_view id, std::uint64_t below);
  run_lease last_of_chain(run_lease r);
  run_lease last_of_chain(run_ref of);
  run_lease chain_of(run_ref of);
  run_lease must_find_or_follow(run_ref of);
  void remember_sent(const execution& frame, const run_state& s);
  void forget_sent(resident& r);
  std::uint64_t sent_before(resident& r, keys::sent_kind kind, std::string_view key);

  // messages.cpp
  run_lease must_find_last(run_ref of);
  run_lease bring_up(run_lease r);
  bool knows_signal(resident& r, std::string_view key);
  std::string query_ended(resident& r, std::string_view name, std::string_view arguments);
  std::unique_ptr<execution> shadow_of(resident& r);
  void fill_from_ended(update_call& c, resident& r);
  void must_have_begun(resident& r, errc code, std::string_view what, std::string_view name);
  void tell_updaters(resident& r);
  void fail_updaters(resident& r, const error& e);
  run_lease where_answered(run_lease r, const std::string& id);

  // calls.cpp
  void send_message(resident& sender, request& q);
  void deliver_message(resident& sender, request& q);
  run_lease addressee(const resident& sender, const request& q);
  const definition* entity_of(std::string_view id) const;
  bool answer_as_new(run_ref of, std::string_view query, std::string_view arguments,
                     std::string& out);
  void answer_caller(std::string_view update_id, const update_answer& a);
  std::vector<caller> waiting_for(std::string_view name_space, std::string_view id,
                                  command_kind as);
  void fail_calls(const std::vector<caller>& calls, const std::string& why);

  // debts.cpp
  void owe(std::uint64_t run, debt d);
  void owe_a_look(std::uint64_t run);
  void forget_debts(std::uint64_t run);
  void pay_debts(resident& r);

  // opening.cpp
  std::string shown_outcome(const run_state& s) const;
  std::string result_of(const run_state& s) const;
  failure failure_of(const run_state& s) const;
  std::string text_of(const run_state& s, std::string_view text, record_kind k, payload_field f,
                      std::uint32_t command = 0) const;
  std::pair<std::string, std::string> memo_and_details(const run_state& s) const;
  std::string described_arguments(const run_state& s, std::uint32_t command,
                                  std::string_view stored) const;
  std::string_view sealed(const payload_owner& of, std::uint64_t number, std::string_view plain);
  std::string progress_of(const run_state& s, const pending& p);
  error stalled_error(const run_state& s) const;

  // deletion.cpp
  bool erase_run(resident& r);
  void erase_unreadable(std::string_view name_space, std::string_view id, std::uint64_t run,
                        const run_traces& traces);
  void fail_who_waits(std::string_view name_space, std::string_view id);
  void note_erased(std::uint64_t run);
  void erase_blobs(std::string_view name_space, std::uint64_t run);
  void forget_run(resident& r);
  std::vector<started_child> children_of(resident& r);
  void add_runs_of(std::string_view name_space, std::string_view id, std::uint64_t first,
                   std::vector<std::uint64_t>& runs);
  std::vector<std::uint64_t> family_of(run_ref of, bool with_children);
  std::int64_t retention_of(std::string_view name_space) const noexcept;
  void plan_sweep(const run_state& s) noexcept;
  bool sweep();
  bool sweep(const std::string& name_space, std::int64_t keep);
  std::vector<std::uint64_t> find_old(const std::string& name_space, std::int64_t keep);
  bool is_old(const run_state& s, std::int64_t keep) noexcept;
  bool sweep_behind(resident& r);
  bool is_there(std::uint64_t run);

  // durable_view.cpp
  engine_core& seen();
  void read_only();

  // versions.cpp
  std::string misfit(definition& d, resident& r);
  std::string misfit(definition& d, const run_state& s, std::string_view history);
  std::string why_parked(resident& r);
  void foresee(const std::string& name_space, start_preview& p, std::size_t listed_max);
  void forget_preview() noexcept;

  // waking.cpp
  bool fire_timers();
  void wake_run(resident& r);
  bool end_overdue(resident& r);
  void look_again(const resident& r);
  void wake_pending(resident& r, std::uint32_t command);
  void wake_attempts(resident& r);
  void arm(resident& r);
  void arm_timers(resident& r);
  void arm_ends(resident& r);
  std::int64_t due_of(const pending& p) const noexcept;
  std::int64_t look_at(const pending& p) const noexcept;
  std::int64_t begin_of(const run_state& s) const noexcept;
  std::int64_t deadline_of(const run_state& s) const noexcept;
  std::int64_t next_due(const run_state& s) const noexcept;
  bool is_too_early(const run_state& s) const noexcept;
  void watch(attempt& a);

  // commit.cpp
  bool commit();
  void keep_committing();
  void write_block();
  bool finish_commit();
  void wait_for_commit();
  void make_durable();
  void drop_written();
  void written(const std::exception_ptr& error);
  bool is_quiet();
  bool may_grow() const noexcept;
  bool is_refused() const noexcept { return block_at_ == block_at::refused; }
  bool rides_in_block(const resident& r) const noexcept {
    return block_ && r.sliced_in >= block_->number && r.sliced_in <= block_->last_number;
  }
  void slice_ended();
  void seal_block();
  void join_refused();
  void checkpoint_slices();
  void begin_pass();
  void mark_dirty(resident& r, std::uint64_t lsn);
  void slice(resident& r);
  void release_answers();
  void answer(call& c, std::uint64_t lsn);
  void refused(const store_error& e);
  std::exception_ptr why_refused() const;

  // execution_host
  bool stop_body(std::uint64_t run, std::uint32_t command) noexcept override;
  void await_body(std::uint64_t run, std::uint32_t command) noexcept override;
  std::uint64_t new_run_number() noexcept override { return journal_.new_run_number(); }
  std::int64_t late_by() noexcept override;
  void log(std::string_view id, std::string_view line) noexcept override {
    not_user_code here;
    listener_.log(id, line);
  }

  std::unique_ptr<store> store_;
  engine_options options_;
  stet::clock& clock_;
  body_clock body_clock_{clock_};
  stet::entropy& entropy_;
  stet::listener own_listener_;
  one_at_a_time listener_;
  watchdog watchdog_;
  bool manual_;
  std::optional<std::chrono::steady_clock::time_point> close_by_;  // then bodies are left behind
  bool left_bodies_ = false;
  std::unique_ptr<pool> own_executor_;
  executor* executor_ = nullptr;
  journal journal_;
  payloads payloads_;
  user_state state_;
  sealed_writes writes_of_event_;  // of the event that is recorded next: in the same commit
  error_registry errors_;
  definitions definitions_;

  std::unordered_map<std::uint64_t, std::unique_ptr<resident>> runs_;
  std::unordered_map<std::string, std::uint64_t> ids_;  // by id_key: its latest resident run
  run_counters counters_;
  erased_runs erased_;
  sent_keys sent_;
  unreadable_runs unreadable_;
  std::vector<run_lease> recovered_;  // of a recovery: it reads each snapshot once
  sweep_plan sweeps_;
  std::int64_t sealed_time_ = 0;  // of the block on its way
  std::list<resident*> lru_;      // with a frame, the one driven last at the end
  std::deque<std::uint64_t> ready_;
  std::vector<attempt*> gate_;
  timers timers_;
  slots slots_;
  suspects suspects_;
  attempt* tried_suspect_ = nullptr;          // the one that is tried alone
  std::deque<pending_trial> pending_trials_;  // by `ends`
  attempt_row inline_returned_;
  drive_output out_;
  std::string scratch_, sealed_, plain_;
  std::uint64_t events_since_check_ = 0;
  std::deque<orphan> orphans_;  // empty between two actions: what they bring is in the same block

  // checkpoint
  std::deque<unsaved_run> dirty_;              // by `since`
  std::vector<std::uint64_t> ended_, sliced_;  // runs
  std::uint64_t pass_until_ = 0;  // LSN: what is older is being checkpointed; 0: no pass
  std::size_t tail_limit_ = 0;    // tail_bytes_max, or more until the runs of a start are going

  // the block on its way
  enum class block_at { nowhere, committer, refused };
  block_at block_at_ = block_at::nowhere;
  std::unique_ptr<sealed_block> block_;
  bool makes_room_ = false;  // something was erased while the store refused the block
  std::shared_ptr<engine_core> durable_view_;  // while it does, if somebody looked: see seen()
  committer committer_;
  std::size_t outstanding_ = 0;  // attempts with the executor
  // Bodies that run on its threads; of those, who waits for runs of this engine.
  std::atomic<std::size_t> bodies_running_{0}, bodies_waiting_{0};
  std::atomic<bool> told_of_waiting_{false};
  std::int64_t starved_since_ = -1;  // ms, steady; -1: they aren't
  std::chrono::steady_clock::time_point sealed_at_{}, grow_until_{};
  std::chrono::steady_clock::duration last_commit_{};
  std::int64_t retry_commit_at_ = 0;
  errc refused_as_ = errc::full;  // the store's reason for the latest refusal: full or busy

  // time, ms
  engine_clock time_;
  std::int64_t now_ = 0;        // what time_ said when it was last looked at
  std::int64_t driven_at_ = 0;  // the time of the event that drives a run
  bool clock_unsaved_ = false;  // the history of the clock rides in the next commit
  bool looks_at_all_ = false;   // some timer may be due before the index says so

  // from outside
  call* open_calls_ = nullptr;  // all that the loop has taken, and that aren't done
  std::deque<std::pair<std::uint64_t, call*>> answers_;  // (LSN, who waits for it)
  std::uint64_t answer_lsn_ = 0;  // what the answer to the call being performed depends on
  std::atomic<attempt*> returned_{nullptr};
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<call*> calls_;
  std::vector<call*> taken_;   // the loop's: of those, what it performs; null: refused meanwhile
  call* performed_ = nullptr;  // the one that is being performed
  std::map<beating, std::string> beats_;  // what each said last
  bool woken_ = false;
  std::atomic<bool> closing_{false};  // written under the lock; open_gates reads it without
  std::exception_ptr failed_;
  std::atomic<bool> asleep_{false};
  std::mutex drive_mutex_;  // manual mode: one driver at a time
  bool was_busy_ = false;   // manual mode: the last poll did something
  enum class phase { made, running, closed };
  std::atomic<phase> phase_{phase::made};
  loop_thread thread_;
  int process_ = 0;  // whose engine this is: a forked child has none
};

}  // namespace detail
}}  // namespace stet::v0
