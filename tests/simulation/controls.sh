#!/usr/bin/env bash
# The controls of the simulation: with a fault seeded in the engine (src/base/hooks.hpp) it must go red, or it proves nothing.
# Called as: controls.sh SIMULATE_PROGRAM [SEEDS]
set -u
program=$1 seeds=${2:-3000}
failed=0
for fault in $("$program" --faults); do
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
