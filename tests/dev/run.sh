#!/bin/bash
# Tests ./dev itself: in an empty environment, with missing packages, twice in a row; and the last line, which programs read.
# It runs a copy of it on a tiny project, with stand-ins for dpkg-query, apt-get, sudo and id.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-dev.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0

# expect NAME CONDITION…
expect() {
  local name=$1; shift
  if "$@"; then
    echo "ok      $name"
  else
    echo "FAILED  $name"; sed 's/^/        /' "$work/out" "$work/err"
    failures=$((failures + 1))
  fi
}
# dev ARGUMENT…: runs ./dev with the stand-ins first in the path and nothing else in the environment
dev() { env -i PATH="$work/bin:$PATH" WORK="$work" USER_ID="${USER_ID:-0}" "$work/project/dev" "$@" >"$work/out" 2>"$work/err"; status=$?; }
says() { grep -qF -- "$1" "$work/out"; }
calls() { [[ $(cat "$work/calls" 2>/dev/null) = "$1" ]]; }

mkdir -p "$work/bin" "$work/project"/{include,src,backends,tests,bench,examples,cli}
cp "$root/dev" "$work/project/"
stand_in() { { echo '#!/bin/bash'; cat; } >"$work/bin/$1"; chmod +x "$work/bin/$1"; }
stand_in dpkg-query <<'SH'
for package in "${@:3}"; do grep -qx "$package" "$WORK/installed" 2>/dev/null && echo "installed $package"; done
exit 0
SH
stand_in apt-get <<'SH'
echo "apt-get $*" >>"$WORK/calls"
[[ ! -f $WORK/apt-fails ]] || { echo 'E: no such mirror' >&2; exit 100; }
[[ $1 != install ]] || printf '%s\n' "${@:4}" >>"$WORK/installed"
SH
stand_in id <<'SH'
echo "$USER_ID"
SH
stand_in sudo <<'SH'
echo 'sudo: a password is required' >&2; exit 1
SH
stand_in clang-format-19 <<'SH'
echo "format" >>"$WORK/calls"
SH
echo 'int x;' >"$work/project/src/x.cpp"

# ---- help -------------------------------------------------------------------------------------------------
env -i "$root/dev" help >"$work/out" 2>"$work/err"; status=$?
expect 'help works in an empty environment' test "$status" = 0
for command in demo test simulate bench lint fmt sanitize cross build; do
  expect "help names $command" grep -qE "^\./dev $command\b" "$work/out"
done
dev frobnicate
expect 'an unknown command is an error' test "$status" = 1

# ---- packages -----------------------------------------------------------------------------------------------
USER_ID=1000 dev fmt
expect 'without root: fails' test "$status" = 1
expect 'without root: says what to type' says 'sudo apt-get update && sudo apt-get install -y --no-install-recommends clang-format-19'
expect 'without root: touches nothing' test ! -e "$work/calls"

touch "$work/apt-fails"
dev fmt
expect 'apt-get fails: so does ./dev' test "$status" = 1
expect 'apt-get fails: its words are shown' grep -q 'no such mirror' "$work/err"
rm -f "$work/apt-fails" "$work/calls"

dev fmt
expect 'with root: says what it installs, and why' grep -qE '^  clang-format-19 +the format' "$work/out"
expect 'with root: installs once' calls $'apt-get update\napt-get install -y --no-install-recommends clang-format-19\nformat'
rm -f "$work/calls"
dev fmt
expect 'twice: installs nothing' calls format
expect 'twice: says nothing' test ! -s "$work/out"

# ---- the last line -----------------------------------------------------------------------------------------
printf '%s\n' clang-19 meson ninja-build pkg-config liblmdb-dev librocksdb-dev libsqlite3-dev nlohmann-json3-dev doctest-dev cmake g++ >"$work/installed"
cat >"$work/project/meson.build" <<'MESON'
project('tiny', 'cpp', default_options: ['cpp_std=c++20'])
sh = find_program('sh')
test('good', sh, args: ['-c', 'exit 0'])
test('bad', sh, args: ['-c', 'exit 3'])
test('lacking', sh, args: ['-c', 'exit 77'])
test('dead', sh, args: ['-c', 'kill -9 $$'])
MESON
for time in first second; do
  dev test
  expect "$time: a failed test fails the run" test "$status" = 1
  expect "$time: the closing line counts" test "$(tail -n 1 "$work/out")" = '1 passed, 2 failed, 1 skipped'
done
dev test good
expect 'one test by name' test "$status:$(tail -n 1 "$work/out")" = '0:1 passed, 0 failed'
dev test nonsense
expect 'a name that is none' test "$status:$(tail -n 1 "$work/out")" = '1:0 passed, 1 failed'
if [[ $(stat -f -c %T /dev/shm 2>/dev/null) = tmpfs ]]; then
  left=/dev/shm/stet-test.left-$$ held=/dev/shm/stet-test.held-$$
  mkdir "$left" "$held"
  exec 7<"$held"
  flock 7
  dev test
  expect 'what a killed run left in memory is removed' test ! -e "$left"
  expect 'what another run has in memory stays' test -d "$held"
  rm -r "$held"
fi
cat >>"$work/project/meson.build" <<'MESON'
executable('broken', 'broken.cpp')
MESON
echo 'int main() { return }' >"$work/project/broken.cpp"
dev test
expect 'what does not compile counts as failed' test "$status:$(tail -n 1 "$work/out")" = '1:0 passed, 1 failed'


# ---- the demo ----------------------------------------------------------------------------------------------------
mkdir -p "$work/project/examples/backup"
cat >"$work/project/meson.build" <<'MESON'
project('tiny', 'cpp', default_options: ['cpp_std=c++20'])
subdir('examples/backup')
MESON
cat >"$work/project/examples/backup/meson.build" <<'MESON'
executable('backup', 'demo.cpp')
executable('demo', 'demo.cpp')
MESON
echo '#include <cstdio>' >"$work/project/examples/backup/demo.cpp"
echo 'int main() { std::puts("the demo runs"); }' >>"$work/project/examples/backup/demo.cpp"
dev demo
expect 'demo: runs' test "$status:$(tail -n 1 "$work/out")" = '0:the demo runs'
expect 'demo: says how much is to be built, and how long that takes' grep -qE 'Building the demo: 4 steps, .*minute' "$work/err"
expect 'demo: says how far it is' grep -qE 'built 4 of 4' "$work/err"
expect 'demo: no lines of ninja' test -z "$(grep -E '^(\[|@|ninja:)' "$work/out" "$work/err")"
dev demo
expect 'demo, again: builds nothing, and says nothing of it' test "$status:$(cat "$work/out" "$work/err")" = '0:the demo runs'
echo 'int main() { return }' >"$work/project/examples/backup/demo.cpp"
dev demo
expect 'demo that does not compile: fails' test "$status" = 1
expect 'demo that does not compile: shows the error' grep -q 'error: expected expression' "$work/err"

# ---- other platforms, and what the CI runs ---------------------------------------------------------------------
dev cross nonsense
expect 'a platform that is none' test "$status" = 1
expect 'a platform that is none: says which there are' grep -qE '^  libc\+\+ ' "$work/err"
dev cross
expect 'the platforms' test "$status" = 0
expect 'the platforms: says which there are' says '  libc++ '

if ! clang++-19 -stdlib=libc++ -x c++ - -o "$work/program" <<<'int main() {}' 2>/dev/null; then
  echo "skipped the rest: no libc++ for clang++-19"
  echo "dev: $failures failures"
  exit $((failures != 0))
fi
for option in rocksdb sqlite zstd sodium examples bench; do echo "option('$option', type: 'feature')"; done >"$work/project/meson_options.txt"
cat >"$work/project/meson.build" <<'MESON'
project('tiny', 'cpp', default_options: ['cpp_std=c++20'])
is_libcxx = get_option('rocksdb').disabled()
test('unit', executable('program', 'program.cpp', cpp_args: is_libcxx ? '-DWANT_LIBCXX' : []), suite: 'unit')
test('crash', find_program('true'), suite: 'crash')
test('style', find_program('grep'), args: ['-q', 'int main', files('program.cpp')], suite: 'style')
if get_option('bench').disabled()
  executable('broken', 'broken.cpp')  # no test of the short form needs it
endif
MESON
cat >"$work/project/program.cpp" <<'CPP'
#include <string>
#if defined(WANT_LIBCXX) != defined(_LIBCPP_VERSION)
#error the other C++ library was wanted
#endif
auto main() -> int { return std::string("a").empty(); }
CPP
dev cross libc++
expect 'cross: the other library, and no style' test "$status:$(tail -n 1 "$work/out")" = '0:libc++: 2 passed, 0 failed'
dev cross libc++ --short
expect 'cross --short: what units need, and no more' test "$status:$(tail -n 1 "$work/out")" = '0:libc++: 1 passed, 0 failed'
dev cross libc++ --short nonsense
expect 'cross --short: no test of that name' test "$status:$(tail -n 1 "$work/out")" = '1:libc++: 0 passed, 1 failed'

mkdir -p "$work/project/.ci"
cp "$root/.ci/run" "$work/project/.ci/"
ci() { env -i PATH="$work/bin:$PATH" WORK="$work" USER_ID=0 "$work/project/.ci/run" "$@" >"$work/out" 2>"$work/err"; status=$?; }
ci
expect 'CI: stops where a test fails' test "$status:$(tail -n 1 "$work/out")" = '1:2 passed, 1 failed'
sed -i 's/auto main() -> int/int main()/' "$work/project/program.cpp"
ci
expect 'CI: the sum of both' test "$status:$(tail -n 1 "$work/out")" = '0:4 passed, 0 failed'
sed -i "s/test('unit', \(.*\), suite: 'unit')/test('unit', \1, suite: 'unit', should_fail: is_libcxx)/" "$work/project/meson.build"
ci
expect 'CI: fails where the other library does' test "$status:$(tail -n 1 "$work/out")" = '1:3 passed, 1 failed'
ci nonsense
expect 'CI: no test ran' test "$status:$(tail -n 1 "$work/out")" = '1:0 passed, 1 failed'

echo "dev: $failures failures"
[[ $failures = 0 ]]
