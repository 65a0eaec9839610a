#!/usr/bin/env bash
# The controls of the simulation: with a fault seeded in the engine (src/base/hooks.hpp) the simulation must
# find it, or it proves nothing.
# Called as: controls.sh SIMULATE_PROGRAM [SEEDS]. STET_CONTROLS_PART=1/2 tries the first half of the faults.
set -u
program=$1 seeds=${2:-3000}
failed=0
part=${STET_CONTROLS_PART:-1/1} number=0
# The simulation can't find these, since its bodies run on one thread and its code doesn't kill. tests/crash/controls.sh does.
elsewhere=' beats_of_any_attempt count_stopped forget_riding forgive_at_once reuse_child_number '
for fault in $("$program" --faults); do
  if [ $((number++ % ${part#*/})) -ne $((${part%/*} - 1)) ]; then continue; fi
  if [[ $elsewhere == *" $fault "* ]]; then echo "left to the crash suite: $fault"; continue; fi
  said=$("$program" --seed-fault "$fault" --once --seeds "$seeds" 2>&1)
  status=$?
  found=$(grep -m1 '^violation: ' <<<"$said")
  if [ $status -eq 1 ] && [ -n "$found" ]; then
    echo "red, as it must be: $fault: $(tail -n 1 <<<"$said"): $found"
  else
    echo "NOT CAUGHT: $fault (status $status)"
    tail -n 3 <<<"$said" | cut -c1-200
    failed=1
  fi
done
exit $failed
