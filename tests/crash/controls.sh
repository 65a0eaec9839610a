#!/usr/bin/env bash
# The controls of the crash suite: with a fault seeded in the engine it must go red, or it proves nothing.
# Called as: controls.sh CRASH_PROGRAM
set -u
program=$1
failed=0
for fault in $("$program" --faults); do
  said=$("$program" --seed-fault "$fault" --first --every 16 2>&1)
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
