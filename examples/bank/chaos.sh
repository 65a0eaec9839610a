#!/bin/bash
# chaos.sh BANK STORE [AUDIT.PY]: the bank is killed and its books balance; a bank that posts without ctx.transact is
# found out. STORE: lmdb, rocksdb or sqlite. With AUDIT.PY, that program reads the store after each kill, and is
# itself tested. STET_BANK_SECONDS is how long it is killed; 2 if not given.
set -uo pipefail
bank=$1 scheme=$2 auditor=${3:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-bank-chaos.XXXXXX")
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
seconds=${STET_BANK_SECONDS:-2}
failures=0
fail() { echo "FAILED  $1"; sed 's/^/        /' "$work/out"; failures=$((failures + 1)); }
# Without money, an audit would find no fault.
saw_money() { grep -qE "$1 .*12 accounts sum to 0, [1-9][0-9]* entries of [1-9]" "$work/out"; }

"$bank" --chaos --seconds "$seconds" --store "$scheme:$work/store" ${auditor:+--auditor "$auditor"} >"$work/out" 2>&1 \
  || fail 'the books should balance'
cat "$work/out"
grep -q '[1-9][0-9]* paid' "$work/out" || fail 'something should have been paid'
saw_money '' || fail 'the audit should have seen money'

# The controls: each runs until it has been killed at a bad moment, for 60 seconds at most.
for how in halves twice; do
  "$bank" --chaos --seconds 60 --broken $how --store "$scheme:$work/$how" ${auditor:+--auditor "$auditor"} >"$work/out" 2>&1 \
    && fail "broken into $how, it should be found out"
  grep -qE "the books don't balance|BOOKS DON'T BALANCE" "$work/out" || fail "$how: it should say that the books do not balance"
  grep -E "half a posting|its entries sum to|(debit|credit)'?, '?\\1"  "$work/out" || fail "$how: it should say what is wrong"
done

if [[ $auditor ]]; then
  "${auditor%.py}_test.py" "$work/store" || failures=$((failures + 1))

  # A worker that was just killed: no other program has opened its store since.
  "$bank" --work "$scheme:$work/killed" 1 >"$work/out" 2>&1 &
  sleep 1
  kill -KILL $! && wait $! 2>/dev/null
  "$auditor" "$work/killed" >"$work/out" 2>&1 || fail 'the books of a worker that was just killed should balance'
  saw_money 'audit.py read' && cat "$work/out" || fail 'the audit should have seen the money of a worker that was just killed'
fi
[[ $failures = 0 ]] && echo ok
