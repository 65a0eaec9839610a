#!/bin/bash
# run.sh [BUILD PREFIX]: BUILD is a static build that installs to PREFIX; with it, this test needn't build Stet again.
# Stet as its users get it: installed static and shared; used through pkg-config, through CMake and as a meson subproject, by a program
# and by a user's own store. Also the symbols of the shared libraries, the includes of the headers, and the error under g++ below 13.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
built=${1:-} prefix=${2:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/stet-packaging.XXXXXX")
trap 'rm -rf "$work"' EXIT
export CC=${CC:-clang-19} CXX=${CXX:-clang++-19} LC_ALL=C.UTF-8
unset DESTDIR PKG_CONFIG_PATH CXXFLAGS LDFLAGS CPPFLAGS MAKEFLAGS
failures=0

# check NAME COMMAND…: runs the command and prints one line, with the output if it failed.
check() {
  local name=$1; shift
  if "$@" >"$work/log" 2>&1; then
    echo "ok      $name"
  else
    echo "FAILED  $name"; tail -n 40 "$work/log"
    failures=$((failures + 1))
    return 1
  fi
}

# ---- the headers -------------------------------------------------------------------------------------
# Includes that would make every user's build slow. (tests/compile_fail checks that each header compiles by itself.)
is_light() {
  local deps
  deps=$("$CXX" -std=c++20 -M -I"$root/include" -x c++ - <<<"#include <$1>") || return 1
  [[ $1 = stet/json.hpp ]] || ! grep -E '/(nlohmann/|rocksdb/|lmdb\.h( |$)|sqlite3\.h|zstd\.h( |$)|sodium\.h|libpq)' <<<"$deps"
}
headers() {
  local header
  for header in "$root"/include/stet/*.hpp; do
    header=stet/${header##*/}
    if [[ $header = stet/asio.hpp ]] && ! "$CXX" -E -x c++ - <<<'#include <asio/bind_cancellation_slot.hpp>' &>/dev/null; then
      echo "skipped <$header>: there is no Asio 1.22"
      continue
    fi
    check "<$header> is light" is_light "$header"
  done
}

# ---- g++ below 13 --------------------------------------------------------------------------------------
gcc_compiles() { g++ -std=c++20 -fsyntax-only -I"$root/include" ${1:+"$1"} "$here/consumer/pay.cpp"; }
gcc_is_refused() {
  local said
  if said=$(gcc_compiles '' 2>&1); then echo 'it compiled'; return 1; fi
  echo "$said"
  [[ $said =~ 'Stet needs GCC 13 or Clang 15'.*twice.*'STET_ACCEPT_GCC_BELOW_13' ]]
}
gcc() {
  local major
  major=$(g++ -dumpversion 2>/dev/null | cut -d. -f1)
  if [[ -z $major || $major -ge 13 ]]; then
    echo "skipped g++ below 13 (here: ${major:-none})"
    return
  fi
  check "g++ $major is refused, with the reason" gcc_is_refused
  check "g++ $major compiles when the risk is accepted" gcc_compiles -DSTET_ACCEPT_GCC_BELOW_13
}

# ---- the libraries ---------------------------------------------------------------------------------------
install() {
  meson setup "$work/build-$1" "$root" --buildtype=plain --prefix="$work/$1" --libdir=lib -Ddefault_library="$1" \
    -Dlmdb=enabled -Drocksdb=enabled -Dsqlite=enabled -Dzstd=enabled -Dsodium=enabled -Dconformance=enabled -Dtests=disabled -Dbench=disabled -Dexamples=disabled &&
    ninja -C "$work/build-$1" && meson install -C "$work/build-$1"
}

# Every library may have weak instantiations of the standard library; any other symbol outside stet:: is a leak.
shows_only_stet() {
  local library shown foreign
  for library in "$work"/shared/lib/libstet*.so; do
    if [[ $library = */libstet-strict.so ]]; then continue; fi  # it replaces functions of the C library
    shown=$(nm -DC --defined-only "$library" | cut -d' ' -f2-) || return 1
    foreign=$(grep -vE '^. ((typeinfo|typeinfo name|vtable|VTT|guard variable) for |(non-)?virtual thunk to )?stet::' <<<"$shown" |
      grep -vE '^[WVu] (.*\b(std|__gnu_cxx)::|_ZN?K?(St|9__gnu_cxx)|operator (new|delete)\(.*void\*\)$)|^[TDWVBRu] _Z[A-Z]*N?K?4stet')
    if [[ -n $foreign ]]; then printf '%s shows:\n%s\n' "$library" "$foreign"; return 1; fi
    grep -q '^T stet::' <<<"$shown" || { echo "$library shows nothing"; return 1; }
  done
}

runs() {
  local store
  rm -rf "$work"/store*
  for store in lmdb rocksdb sqlite; do [[ $("$1" "$store:$work/store-$store") = consumed ]] || return 1; done
}

# A user's own store: the one in the guide, and the same with a mistake in it.
own_stores() {
  "$root/tests/docs/pages.py" program "$root/docs/guide/writing-a-store.md" "$1/own_store.cpp" &&
    sed 's/keys_\.erase(keys_\.lower_bound(key), keys_\.lower_bound(value))/keys_.erase(keys_.lower_bound(key), keys_.upper_bound(value))/' \
      "$1/own_store.cpp" >"$1/wrong_store.cpp" && ! cmp "$1/own_store.cpp" "$1/wrong_store.cpp"
}

# keeps PROGRAM [CLAUSE]
keeps() { rm -rf "$work/places"; mkdir "$work/places"; "$1" "$work/places" "${2:-}" | tee "$work/said" && grep -q ' 0 broken' "$work/said"; }

# The tests of a workflow in the guide.
tests_workflows() { [[ $("$1" | tail -n 1) = 'as promised, wherever it crashes' ]]; }
tests_by_pkg_config() {
  local kind=$1 flags
  export PKG_CONFIG_PATH=$work/$kind/lib/pkgconfig
  read -ra flags < <(pkg-config --cflags --libs stet-testing stet)
  "$CXX" -std=c++20 "$work/consumer/tested.cpp" "${flags[@]}" -Wl,-rpath,"$work/$kind/lib" -o "$work/tested-$kind" &&
    tests_workflows "$work/tested-$kind"
}

own_store_by_pkg_config() {
  local kind=$1 flags name
  export PKG_CONFIG_PATH=$work/$kind/lib/pkgconfig
  read -ra flags < <(pkg-config --cflags --libs stet-conformance stet)
  for name in own_store wrong_store; do
    "$CXX" -std=c++20 "$work/consumer/$name.cpp" "${flags[@]}" -Wl,-rpath,"$work/$kind/lib" -o "$work/$name-$kind" || return 1
  done
  keeps "$work/own_store-$kind" || return 1
  if keeps "$work/wrong_store-$kind" erase_range; then echo 'the wrong store passed'; return 1; fi
  grep -qxF 'BROKEN   erase_range: removes every key k with from <= k < to' "$work/said"
}

by_pkg_config() {
  local kind=$1 flags
  export PKG_CONFIG_PATH=$work/$kind/lib/pkgconfig
  read -ra flags < <(pkg-config --cflags --libs stet-open stet-lmdb stet-rocksdb stet-sqlite stet-zstd stet-encryption stet)
  "$CXX" -std=c++20 "$here/consumer/main.cpp" "$here/consumer/pay.cpp" "${flags[@]}" \
    -Wl,-rpath,"$work/$kind/lib" -o "$work/by-pkg-config-$kind" && runs "$work/by-pkg-config-$kind"
}

by_cmake() {
  local kind=$1
  cmake -S "$work/consumer" -B "$work/cmake-$kind" -G Ninja -DCMAKE_PREFIX_PATH="$work/$kind" &&
    cmake --build "$work/cmake-$kind" && runs "$work/cmake-$kind/consumer" &&
    keeps "$work/cmake-$kind/own_store" erase_range && tests_workflows "$work/cmake-$kind/tested"
}

# The quickstart: its third command and its CMake project, as they stand in the page, over what its second command installs.
quickstart() {
  local page=$root/docs/quickstart.md place=$work/quickstart command
  rm -rf "$place" && mkdir -p "$place/home" && ln -s "$work/$1" "$place/home/.local" &&
    "$root/tests/docs/pages.py" program "$page" "$place/laps.cpp" || return 1
  command=$(grep -m1 '^clang++-19 .*laps\.cpp' "$page") || { echo 'the page has no command that compiles laps.cpp'; return 1; }
  (cd "$place" && HOME=$place/home bash -c "$command" && [[ $(./laps | tail -n 1) = '10 laps' ]]) || return 1
  command -v cmake >/dev/null || return 0
  "$root/tests/docs/pages.py" block "$page" cmake "$place/CMakeLists.txt" || return 1
  command=$(grep -m1 '^cmake -B build' "$page") || { echo 'the page has no command of CMake'; return 1; }
  (cd "$place" && rm -f laps laps.stet* && HOME=$place/home bash -c "$command" && [[ $(build/laps | tail -n 1) = '10 laps' ]])
}
# The reader of stores, without the source's folder.
reads_stores() {
  local place=$work/golden said
  rm -rf "$place" && mkdir "$place" && tar -xzf "$root/tests/golden/format-1-sqlite.tar.gz" -C "$place" || return 1
  said=$(cd / && "$work/$1/bin/stet-read-store" "sqlite:$place/store" --run trip) || { echo "$said"; return 1; }
  grep -q 'step done 1 "hotel"' <<<"$said"
}
# The options of its second command are those of this project.
quickstart_options() {
  local option
  for option in $(grep -m1 -o 'meson setup .* && meson install' "$root/docs/quickstart.md" | grep -oE -- '-D[a-z_]+' | sed 's/^-D//'); do
    [[ $option = default_library ]] || grep -q "^option('$option'," "$root/meson_options.txt" || { echo "no option $option"; return 1; }
  done
}

# A project with Stet in its folder builds Stet, and installs it together with itself.
as_subproject() {
  local project=$work/subproject option options=()
  for option in lmdb rocksdb sqlite zstd sodium conformance; do options+=("-Dstet:$option=enabled"); done
  mkdir -p "$project/subprojects" && cp "$work"/consumer/* "$project" && ln -s "$root" "$project/subprojects/stet" &&
    meson setup "$project/build" "$project" --buildtype=plain --wrap-mode=forcefallback --prefix="$work/$1" --libdir=lib \
      -Ddefault_library="$1" "${options[@]}" &&
    ninja -C "$project/build" && meson install -C "$project/build"
}
works_as_subproject() {
  local build=$work/subproject/build
  runs "$build/consumer" && keeps "$build/own_store" erase_range && tests_workflows "$build/tested"
}

installs_built() { rm -rf "$prefix" && meson install -C "$built" --no-rebuild && ln -s "$prefix" "$work/static"; }

# Building takes most of the time of this test.
builds() {
  if [[ $1 = static && -n $built ]]; then
    check 'static: installs' installs_built
  elif [[ $1 = static ]]; then
    check 'static: builds and installs' install static
  else
    check "$1: builds as a meson subproject, and installs" as_subproject "$1" &&
      check "$1: a program with Stet as a meson subproject" works_as_subproject
  fi
}

libraries() {
  local kind
  cp -r "$here/consumer" "$work/consumer"
  check "the guide's store, and one with a mistake" own_stores "$work/consumer" || return
  check "the guide's tests of a workflow" "$root/tests/docs/pages.py" program "$root/docs/guide/testing-your-workflows.md" \
    "$work/consumer/tested.cpp" || return
  for kind in static shared; do
    builds "$kind" || continue
    check "$kind: a program by pkg-config" by_pkg_config "$kind"
    check "$kind: a program's tests by pkg-config" tests_by_pkg_config "$kind"
    check "$kind: a user's own store keeps the contract, one with a mistake doesn't" own_store_by_pkg_config "$kind"
    if command -v cmake >/dev/null; then
      check "$kind: a program by CMake's find_package" by_cmake "$kind"
    else
      echo "skipped $kind: CMake's find_package (no cmake here)"
    fi
  done
  check 'static: stet-read-store' reads_stores static
  check "static: the quickstart's commands" quickstart static
  check "the quickstart's options exist" quickstart_options
  [[ -d $work/shared ]] && check 'shared: only stet:: is visible' shows_only_stet
}

headers
gcc
libraries
echo "packaging: $failures failures"
[[ $failures = 0 ]]
