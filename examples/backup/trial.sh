#!/bin/bash
# trial.sh DEMO BACKUP: the demo over a small tree that has all kinds of names, and the backup's answers to wrong command lines.
set -uo pipefail
demo=$1 backup=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-trial.XXXXXX")
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
failures=0

# expect STATUS TEXT COMMAND…: checks that the command ends with that status and prints that text.
expect() {
  local wanted=$1 text=$2 status=0; shift 2
  "$@" >"$work/out" 2>&1 || status=$?
  if [[ $status = "$wanted" ]] && grep -qF -- "$text" "$work/out"; then
    echo "ok      says: $text"
  else
    echo "FAILED  $* (status $status, wanted $wanted and: $text)"; sed 's/^/        /' "$work/out"
    failures=$((failures + 1))
  fi
}

# ---- a small tree ---------------------------------------------------------------------------------
tree=$work/tree
for i in $(seq 300); do
  mkdir -p "$tree/f$((i % 12))/g$((i % 5))"
  head -c $((i * i)) "$backup" >"$tree/f$((i % 12))/g$((i % 5))/file $i"
done
mkdir -p "$tree/empty/deep"
: >"$tree/no bytes"
echo odd >"$tree/"$'tab\tline\nbyte\xff'
echo long >"$tree/$(printf 'l%.0s' {1..250})"
ln -s ../f1 "$tree/f2/link to a folder"
ln -s nowhere "$tree/link to nothing"
chmod 4711 "$tree/no bytes"
chmod 555 "$tree/f3/g0"

export TMPDIR=$work
"$demo" "$tree" || failures=$((failures + 1))
if compgen -G "$work/stet-demo.*" >/dev/null; then echo 'FAILED  the demo left its folder behind'; failures=$((failures + 1)); fi

expect 2 'usage: demo' "$demo" --seed x
expect 1 'is no folder' "$demo" "$work/nothing"
expect 1 'the demo needs 100' "$demo" "$tree/f1"

# ---- wrong command lines ---------------------------------------------------------------------------------------
to=$work/copy store=lmdb:$work/store
expect 2 'usage: backup' "$backup"
expect 2 '--store is missing' "$backup" --from "$tree" --to "$to"
expect 2 'no option --form' "$backup" --form "$tree"
expect 2 'value is missing' "$backup" --from
expect 2 'given twice' "$backup" --from "$tree" --from "$tree"
expect 2 'from 0 to 100, not "101"' "$backup" --from "$tree" --to "$to" --store "$store" --flaky 101
expect 2 'from 1 to 256, not "two"' "$backup" --from "$tree" --to "$to" --store "$store" --threads two
expect 1 "can't find the source" "$backup" --from "$work/nothing" --to "$to" --store "$store"
expect 1 'is no folder' "$backup" --from "$tree/no bytes" --to "$to" --store "$store"
expect 1 'is inside the source' "$backup" --from "$tree" --to "$tree/f1/copy" --store "$store"
expect 1 'is inside the source' "$backup" --from "$tree" --to "$to" --store "lmdb:$tree/store"
expect 1 'is inside the target' "$backup" --from "$tree" --to "$work" --store "$store"
expect 1 'this build has no store' "$backup" --from "$tree" --to "$to" --store cloud:7

# ---- files that can't be copied are named at the end, and the others are copied ------------------------------------
mkdir "$work/some" "$to"
echo good >"$work/some/good"
echo bad >"$work/some/bad"
mkdir "$to/bad"
mkfifo "$work/some/pipe"
expect 1 'failed: bad: copy: ' "$backup" --from "$work/some" --to "$to" --store "$store"
expect 1 'left out, it is no file: pipe' "$backup" --from "$work/some" --to "$to" --store "$store"
expect 1 'is done already' "$backup" --from "$work/some" --to "$to" --store "$store"
cmp "$work/some/good" "$to/good" || failures=$((failures + 1))
expect 1 'attempt 10' "$backup" --from "$tree/f3/g0" --to "$work/never" --store "lmdb:$work/flaky" --flaky 100

[[ $failures = 0 ]]
