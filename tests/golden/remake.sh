#!/bin/bash
# remake.sh MAKE: writes the golden stores of this format anew (MAKE is build/tests/golden-make). Only while the format isn't
# released: afterwards a new format gets new archives, and the old ones stay.
set -euo pipefail
make=$(realpath "$1")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-golden.XXXXXX")
trap 'rm -rf "$work"' EXIT
for scheme in lmdb rocksdb sqlite; do
  mkdir "$work/$scheme"
  "$make" "$scheme:$work/$scheme/store"
  rm -f "$work/$scheme/store-lock" "$work/$scheme/store-shm"
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work/$scheme" -cf - . | gzip -9n >"$here/format-1-$scheme.tar.gz"
  ls -l "$here/format-1-$scheme.tar.gz"
done
