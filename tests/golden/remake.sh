#!/bin/bash
# remake.sh MAKE [SET]: writes the golden stores of a set anew. MAKE is build/tests/golden-make, SET is "chains" or left out. Use it
# only before the set is committed: afterwards the stores stay as that Stet wrote them, and new features get a new set.
set -euo pipefail
make=$(realpath "$1") set=${2:-}
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-golden.XXXXXX")
trap 'rm -rf "$work"' EXIT
for scheme in lmdb rocksdb sqlite; do
  archive=$here/format-1${set:+-$set}-$scheme.tar.gz
  mkdir "$work/$scheme"
  "$make" "$scheme:$work/$scheme/store" ${set:+"$set"}
  rm -f "$work/$scheme/store-lock" "$work/$scheme/store-shm"
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work/$scheme" -cf - . | gzip -9n >"$archive"
  ls -l "$archive"
done
