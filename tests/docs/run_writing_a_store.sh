#!/bin/bash
# run_writing_a_store.sh PROGRAM: the store of docs/guide/writing-a-store.md keeps the contract. The program with the name of an
# unknown clause is an error.
set -euo pipefail
program=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-own.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$program" "$work" | tee "$work/out"
grep -q '^own: [0-9]* clauses checked, 0 broken, 0 skipped' "$work/out"
if "$program" "$work" 'no such clause'; then exit 1; fi
