#!/usr/bin/env bash
# The controls of the crash suite: with a fault seeded in the engine (src/base/hooks.hpp) the suite must fail,
# or it proves nothing.
# Called as: controls.sh CRASH_PROGRAM
set -u
program=$1
failed=0
# The script in which a fault shows soonest. Faults without one are looked for in all scripts.
declare -A where=(
  [calls_overlap]=entities [drop_unapplied_blocks]=bulk [forget_attempts]='chain 30' [effect_before_durable]='chain 30'
  [forget_signal_key]=listens [forget_update_id]=answers [go_on_behind_end]=terminated [keep_old_timer]=bulk
  [lose_child_answer]=waits [lose_timer]=crowd [oldest_for_latest]='second try' [read_signal_twice]=tells
  [beats_of_any_attempt]=overtaken [count_stopped]=heeds [drop_last_intents]=partings [find_chain_by_number]=briefs
  [forget_owed_cancel]=heirs [forget_riding]=waits [lose_orphans]=terminated [reuse_child_number]=children [forgive_at_once]=poison
  [repeat_at_most_once]=once [repeat_chunk]=bulk [wake_early]=sleeps [writes_before_result]=counts
)
# The crash suite can't find these, since its clock and its disk are right and its chains short. tests/simulation/controls.sh does.
elsewhere=' begin_cancelled believe_set_clock destructors_act forget_what_was_sent lose_unread '
for fault in $("$program" --faults); do
  if [[ " ${elsewhere//$'\n'/ } " == *" $fault "* ]]; then echo "left to the simulation: $fault"; continue; fi
  script=()
  if [ -n "${where[$fault]:-}" ]; then script=(--script "${where[$fault]}"); fi
  said=$("$program" --seed-fault "$fault" --first --every 8 "${script[@]}" 2>&1)
  status=$?
  found=$(grep -m1 '^violation: ' <<<"$said")
  if [ $status -eq 1 ] && [ -n "$found" ]; then
    echo "red, as it must be: $fault: $found"
  else
    echo "NOT CAUGHT: $fault (status $status)"
    tail -n 3 <<<"$said"
    failed=1
  fi
done
exit $failed
