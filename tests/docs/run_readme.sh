#!/bin/bash
# run_readme.sh PROGRAM: the example of README.md, run twice in an empty folder. The second run finds the first one's result.
set -euo pipefail
program=$(realpath "$1")
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-readme.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
first=$("$program"); printf '%s\n--\n' "$first"
second=$("$program"); printf '%s\n' "$second"
result='ann paid 10, bob got 10'
[[ $first = *"$result" && $(grep -c '^withdraw' <<<"$first") = 1 ]]
[[ $second = "$result" ]]   # no step ran again
