#!/bin/bash
# trial.sh BANK STORE: the bank's answers to a customer, and to wrong command lines. STORE: lmdb, rocksdb or sqlite.
set -uo pipefail
bank=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-bank-trial.XXXXXX")
trap 'rm -rf "$work"' EXIT
store=$2:$work/store
failures=0

# expect STATUS TEXT WORD…: checks that the bank, with these words, ends with that status and prints that text.
expect() {
  local wanted=$1 text=$2 status=0; shift 2
  "$bank" "$@" >"$work/out" 2>&1 || status=$?
  if [[ $status = "$wanted" ]] && grep -qF -- "$text" "$work/out"; then
    echo "ok      says: $text"
  else
    echo "FAILED  bank $* (status $status, wanted $wanted and: $text)"; sed 's/^/        /' "$work/out"
    failures=$((failures + 1))
  fi
}
on() { local wanted=$1 text=$2; shift 2; expect "$wanted" "$text" "$store" "$@"; }
has() { on 0 "$(printf '%-12s %12d' "$1" "$2")" balance "$1"; }

# ---- a day at the bank ------------------------------------------------------------------------------
on 0 'ann' open ann 5000
on 0 'bob' open bob 0
on 0 't-1: 25 from ann to bob: paid' transfer t-1 ann bob 25
on 0 't-1 was ordered before' transfer t-1 ann bob 25
on 1 't-1 is another transfer, from ann to bob' transfer t-1 bob ann 25
has bob 25
on 1 'refused, since bob has 25, too little for 26' transfer t-2 bob ann 26
on 0 't-3: waits for approval of 2000 from ann to bob' transfer t-3 ann bob 2000
on 0 't-3: waits for approval of 1500 from ann to bob' change t-3 1500
on 1 'an amount is above 0, not 0' change t-3 0
on 0 't-3: waits for approval of 1500' status t-3
on 0 't-3: 1500 from ann to bob: paid' approve t-3
on 1 "t-3 doesn't wait for approval" approve t-3
on 1 "the run 't-3' of workflow 'transfer' has ended" change t-3 7
on 0 't-3: 1500 from ann to bob: paid' status t-3
on 0 'waits' transfer t-4 ann bob 1001
on 1 't-4: 1001 from ann to bob: denied' deny t-4
on 0 'waits' transfer t-5 ann bob 1001
on 0 't-5: cancelled' cancel t-5
on 1 't-5: cancelled' status t-5
on 0 'frozen' freeze bob
on 1 'given back, since the account bob is frozen' transfer t-6 ann bob 10
on 1 'refused, since the account bob is frozen' transfer t-7 bob ann 10
on 0 'bob' thaw bob
on 0 'paid' transfer t-8 bob ann 1000
on 0 'paid' transfer t-8b bob ann 525
on 1 'ann still has 5000: move it away first' close ann
on 0 'closed' close bob
on 1 'the account bob is closed' thaw bob
on 1 'given back, since the account bob is closed' transfer t-9 ann bob 10
on 1 'given back, since there is no account eve' transfer t-10 ann eve 10
on 1 'refused, since there is no account eve' transfer t-11 eve ann 10
has ann 5000
on 0 'the books balance' audit

# ---- wrong command lines ---------------------------------------------------------------------------------------
on 1 'there is an account ann already' open ann 5
on 1 'opened with 0 or more, not -5' open dan -5
on 1 'is no name of an account' open '*world' 5
on 1 'is no name of an account' transfer x '*world' ann 5
on 1 'is no name of an account' open '' 5
on 1 'an amount is above 0, not -5' transfer x ann dan -5
on 1 'an amount is above 0, not 0' transfer x ann dan 0
on 1 'from ann to ann is no way to go' transfer x ann ann 5
on 1 "doesn't begin with *" transfer '*open ann' ann dan 5
on 2 'a whole number of cents, not "five"' transfer x ann dan five
on 2 'a whole number of cents, not "1.5"' transfer x ann dan 1.5
on 2 'more than any account can hold' transfer x ann dan 9223372036854775808
on 1 "can't hold so much" open dan 9223372036854775807
on 1 'there is no account dan' balance dan
on 1 'there is no transfer x' approve x
on 1 'there is no transfer x' status x
on 2 'transfer takes: ID FROM TO CENTS' transfer x ann dan
on 2 'there is no command rob' rob
on 1 'at most 200 bytes' transfer "$(printf 'x%.0s' {1..201})" ann dan 5
expect 2 'usage: bank'
expect 2 'forgets everything' memory: audit
expect 1 'this build has no store' cloud:7 audit
expect 2 'there is no such option, or its value is missing' --chaos --seconds
expect 2 '--seconds takes a number' --chaos --seconds x
expect 2 'takes halves or twice' --chaos --broken x
expect 2 '--auditor needs --store sqlite:FILE' --chaos --auditor x
on 0 'the books balance' audit

[[ $failures = 0 ]]
