#!/bin/bash
# run_quickstart.sh PROGRAM: does the steps of docs/quickstart.md. Kills the program with SIGKILL in the middle, starts it again,
# and checks that every line is printed once (the one under way at the death may be printed twice), and that README.md shows these lines.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(realpath "$1")
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-quickstart.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
"$program" >first.txt & pid=$!
for _ in $(seq 400); do grep -q '^lap 3' first.txt && break; sleep 0.05; done
kill -KILL "$pid"; wait "$pid" 2>/dev/null || true
"$program" >second.txt
cat first.txt; echo '-- SIGKILL --'; cat second.txt
grep -q '^lap 3' first.txt
tail -n 1 second.txt | grep -q '^10 laps'
for lap in $(seq 10); do grep -q "^lap $lap\$" first.txt second.txt; done
! grep -qE '^lap [12]$' second.txt   # no step with a recorded result ran again
laps=$(cat first.txt second.txt | grep -c '^lap')
[[ $laps = 10 || $laps = 11 ]]
# The recording on README's first page. It may be killed at another lap.
shown=$(sed -n '/^```console$/,/^```$/p' "$root/README.md" | grep -E '^(lap [0-9]+|[0-9]+ laps)$')
diff <(cat first.txt second.txt | uniq) <(uniq <<<"$shown")
