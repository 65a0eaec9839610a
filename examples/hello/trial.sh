#!/bin/bash
# trial.sh HELLO: killed while it waits, it goes on when it is started again; a step that was done isn't done again.
set -uo pipefail
hello=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-hello.XXXXXX")
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED  $1, but it said:"; cat "$work/out"; exit 1; }
says() { grep -qF -- "$1" "$work/out"; }

stdbuf -oL "$hello" "lmdb:$work/store" >"$work/out" 2>&1 &
for _ in $(seq 300); do says 'kill me now' && break; sleep 0.1; done
kill -KILL $! && wait $! 2>/dev/null
says 'looking at the calendar' || fail 'the first start should look at the calendar'
says 'writing' && fail 'it should have been killed before it writes'

"$hello" "lmdb:$work/store" >"$work/out" 2>&1 || fail 'the second start should succeed'
says 'looking at the calendar' && fail 'the second start should not look at the calendar again'
says 'Hello world' || fail 'the second start should greet'

"$hello" "lmdb:$work/store" >"$work/out" 2>&1 || fail 'the third start should succeed'
says 'writing' && fail 'the third start should not write again'
says 'Hello world' || fail 'the third start should show the same greeting'
echo 'ok'
