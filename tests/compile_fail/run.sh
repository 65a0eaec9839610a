#!/bin/bash
# run.sh [compiler]: every case of cases.cpp must fail with its message, every public header must
# compile alone without a warning, and so must hidden_names.cpp. Prints one line per case. Exit
# status 1 if any case is wrong.
here=$(cd "$(dirname "$0")" && pwd) && root=$(cd "$here/../.." && pwd) || exit 2
compiler=${1:-${CXX:-clang++-19}}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 2
flags="-std=c++20 -I$root/include -Wall -Wextra -Wpedantic -Wshadow"
$compiler --version | grep -q clang && clang=yes || flags+=" -DSTET_ACCEPT_GCC_BELOW_13"
export here root compiler work flags

# The headers are parsed once, which only clang can do in this way.
if [ -n "$clang" ]; then
  sed -n '/^#include/p' "$here/cases.cpp" > "$work/headers.hpp"
  $compiler $flags -x c++-header "$work/headers.hpp" -o "$work/headers.pch" || exit 1
  export prelude="-include-pch $work/headers.pch"
fi

one_case() {
  local wanted output status=1
  wanted=$(sed -n "s/^#\(el\)\?if CASE == $1 *\/\/ EXPECT: //p" "$here/cases.cpp")
  output=$($compiler $flags $prelude -Werror=unused-result -fsyntax-only "-DCASE=$1" \
    "$here/cases.cpp" 2>&1) && status=0
  if [ -z "$wanted" ]; then
    [ $status = 0 ] && echo "ok case $1 compiles" && return
    echo "FAILED case $1 (a control) does not compile:"
    grep -m3 -E 'error' <<<"$output"
  elif [ $status = 0 ]; then
    echo "FAILED case $1 compiles, wanted: $wanted"
  else
    while IFS= read -r text; do
      if grep -qF -- "$text" <<<"$output"; then
        echo "ok case $1 «$text»"
        return
      fi
    done <<<"${wanted// || /$'\n'}"
    echo "FAILED case $1 says something else, wanted: $wanted"
    grep -m3 -E 'error' <<<"$output" | cut -c1-300
  fi
}

one_header() {
  local output
  if output=$(printf '#include <stet/%s>\n#include <stet/%s>\n' "$1" "$1" |
    $compiler $flags -Werror -fsyntax-only -x c++ - 2>&1); then
    echo "ok header $1"
  else
    echo "FAILED header $1 alone:"
    grep -m3 -E 'error' <<<"$output" | cut -c1-300
  fi
}

one_file() {
  local output
  if output=$($compiler $flags -Werror -fsyntax-only "$here/$1" 2>&1); then
    echo "ok file $1"
  else
    echo "FAILED file $1 does not compile:"
    grep -m3 -E 'error' <<<"$output" | cut -c1-300
  fi
}
export -f one_case one_header one_file
has_asio() { $compiler -E -x c++ - <<<'#include <asio/bind_cancellation_slot.hpp>' &> /dev/null; }

{
  sed -n 's/^#.*CASE == \([0-9]\+\).*/one_case \1/p' "$here/cases.cpp"
  (cd "$root/include/stet" && printf 'one_header %s\n' *.hpp) | if has_asio; then cat; else
    grep -v 'asio.hpp'; fi
  echo one_file hidden_names.cpp
} > "$work/jobs"
xargs -P 2 -I{} bash -c '{}' < "$work/jobs" > "$work/report"
grep -v '^ok' "$work/report"; grep '^ok' "$work/report" | sort -V
failed=$(grep -c '^FAILED' "$work/report")
ran=$(grep -cE '^(ok|FAILED)' "$work/report")
cases=$(($(grep -c 'CASE ==' "$here/cases.cpp") + $(grep -cE '^one_(header|file)' "$work/jobs")))
[ "$ran" = "$cases" ] || { echo "only $ran of $cases ran"; failed=$((failed + cases - ran)); }
echo "$cases cases, $failed failed"
[ "$failed" = 0 ]
