#!/bin/bash
# run.sh [compiler]: every case of cases.cpp and guesses.cpp must fail with its message (or compile,
# if it has none), every public header must compile alone without a warning, and so must
# hidden_names.cpp; options of the compiler that Stet can't do without are refused. Prints one line
# per case. Exit status 1 if any case is wrong.
here=$(cd "$(dirname "$0")" && pwd) && root=$(cd "$here/../.." && pwd) || exit 2
compiler=${1:-${CXX:-clang++-19}}
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 2
flags="-std=c++20 -I$root/include -Wall -Wextra -Wpedantic -Wshadow"
$compiler --version | grep -q clang && clang=yes || flags+=" -DSTET_ACCEPT_GCC_BELOW_13"
export here root compiler work flags

# The headers are parsed once, which only clang can do in this way.
if [ -n "$clang" ]; then
  sed -n '/^#include/p' "$here/cases.cpp" "$here/guesses.cpp" > "$work/headers.hpp"
  $compiler $flags -x c++-header "$work/headers.hpp" -o "$work/headers.pch" || exit 1
  export prelude="-include-pch $work/headers.pch"
fi

# one_case FILE NUMBER
one_case() {
  local file=$1 wanted output status=1
  shift
  wanted=$(sed -n "s/^#\(el\)\?if CASE == $1 *\/\/ EXPECT: //p" "$here/$file")
  output=$($compiler $flags $prelude -Werror=unused-result -fsyntax-only "-DCASE=$1" \
    "$here/$file" 2>&1) && status=0
  if [ -z "$wanted" ]; then
    [ $status = 0 ] && echo "ok $file $1 compiles" && return
    echo "FAILED $file $1 (a control) does not compile:"
    grep -m3 -E 'error' <<<"$output"
  elif [ $status = 0 ]; then
    echo "FAILED $file $1 compiles, wanted: $wanted"
  else
    while IFS= read -r text; do
      if grep -qF -- "$text" <<<"$output"; then
        echo "ok $file $1 «$text»"
        return
      fi
    done <<<"${wanted// || /$'\n'}"
    echo "FAILED $file $1 says something else, wanted: $wanted"
    grep -m3 -E 'error' <<<"$output" | cut -c1-300
  fi
}

# one_source WHAT NAME: the source on stdin must compile without a warning.
one_source() {
  local output
  if output=$($compiler $flags -I"$here" -Werror -fsyntax-only -x c++ - 2>&1); then
    echo "ok $1 $2"
  else
    echo "FAILED $1 $2 does not compile:"
    grep -m3 -E 'error' <<<"$output" | cut -c1-300
  fi
}
one_header() { printf '#include <stet/%s>\n' "$1" "$1" | one_source header "$1"; }
one_file() { one_source file "$1" < "$here/$1"; }

# Compiler options that Stet can't do without, and what the error must say.
one_option() {
  local option=$1 wanted=${*:2} output
  if output=$($compiler $flags "$option" -fsyntax-only -x c++ - <<<'#include <stet/workflow.hpp>' 2>&1); then
    echo "FAILED option $option compiles, wanted: $wanted"
  elif grep -qF -- "$wanted" <<<"$output"; then
    echo "ok option $option «$wanted»"
  else
    echo "FAILED option $option says something else, wanted: $wanted"
    grep -m3 -E 'error' <<<"$output" | cut -c1-300
  fi
}
export -f one_case one_source one_header one_file one_option
has_asio() { $compiler -E -x c++ - <<<'#include <asio/bind_cancellation_slot.hpp>' &> /dev/null; }

{
  for file in cases.cpp guesses.cpp; do
    sed -n "s/^#.*CASE == \([0-9]\+\).*/one_case $file \1/p" "$here/$file"
  done
  (cd "$root/include/stet" && printf 'one_header %s\n' *.hpp) | if has_asio; then cat; else
    grep -v 'asio.hpp'; fi
  echo one_file hidden_names.cpp
  echo one_option -fno-exceptions Stet needs exceptions: remove -fno-exceptions
  echo one_option -fno-rtti Stet needs RTTI: remove -fno-rtti
} > "$work/jobs"
xargs -P 2 -I{} bash -c '{}' < "$work/jobs" > "$work/report"
grep -v '^ok' "$work/report"; grep '^ok' "$work/report" | sort -V
failed=$(grep -c '^FAILED' "$work/report")
ran=$(grep -cE '^(ok|FAILED)' "$work/report")
cases=$(($(cat "$here/cases.cpp" "$here/guesses.cpp" | grep -c 'CASE ==') + $(grep -cE '^one_(header|file|option)' "$work/jobs")))
for file in cases.cpp guesses.cpp; do  # of two cases with one number, the second would never be compiled
  twice=$(grep -o 'CASE == [0-9]\+' "$here/$file" | sort | uniq -d)
  [ -z "$twice" ] || { echo "FAILED $file has twice:" $twice; failed=$((failed + 1)); }
done
[ "$ran" = "$cases" ] || { echo "only $ran of $cases ran"; failed=$((failed + cases - ran)); }
echo "$cases cases, $failed failed"
[ "$failed" = 0 ]
